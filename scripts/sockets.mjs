// Sends random bytes and requests to a server over sockets (test/server/fuzz): it answers or closes, and is none the worse.
//   --cases 100000      how many
//   --seed N            where they begin; each thousand has the next one
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { trialOptions, wholeNumber } from '../test/trials/trial-options.mjs'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const { values } = trialOptions({ cases: wholeNumber(100_000), seed: wholeNumber(20_131_202) })
const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs')
const child = spawn(process.execPath, [vitest, 'run', 'test/server/fuzz', '--testTimeout=3600000'], {
  cwd: root,
  env: {
    ...process.env,
    MILLRACE_SOCKETS: String(values.cases),
    MILLRACE_SOCKETS_SEED: String(values.seed),
  },
  stdio: 'inherit',
})
const [code] = await once(child, 'exit')
process.exitCode = code ?? 1
