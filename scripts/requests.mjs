// Sends random requests to the handler of millrace/aws (test/aws/fuzz.test.ts): nothing but faults of the model may come.
//   --cases 100000      how many
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { trialOptions, wholeNumber } from '../test/trials/trial-options.mjs'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const { values } = trialOptions({ cases: wholeNumber(100_000) })
const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs')
const child = spawn(process.execPath, [vitest, 'run', 'test/aws/fuzz.test.ts', '--testTimeout=3600000'], {
  cwd: root,
  env: { ...process.env, MILLRACE_REQUESTS: String(values.cases) },
  stdio: 'inherit',
})
const [code] = await once(child, 'exit')
process.exitCode = code ?? 1
