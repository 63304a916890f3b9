// Sends random requests to the handler of millrace/aws (test/aws/fuzz.test.ts, test/aws/firehose/fuzz.test.ts): nothing but
// faults of the models may come.
//   --cases 100000            how many to Kinesis
//   --firehose-cases 10000    how many to Firehose, and how many destinations made up for it: they cost ten times as much
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { trialOptions, wholeNumber } from '../test/trials/trial-options.mjs'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const { values } = trialOptions({
  cases: wholeNumber(100_000),
  'firehose-cases': wholeNumber(10_000),
})
const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs')
const tests = ['test/aws/fuzz.test.ts', 'test/aws/firehose/fuzz.test.ts']
const child = spawn(process.execPath, [vitest, 'run', ...tests, '--testTimeout=3600000'], {
  cwd: root,
  env: {
    ...process.env,
    MILLRACE_REQUESTS: String(values.cases),
    MILLRACE_FIREHOSE_REQUESTS: String(values['firehose-cases']),
  },
  stdio: 'inherit',
})
const [code] = await once(child, 'exit')
process.exitCode = code ?? 1
