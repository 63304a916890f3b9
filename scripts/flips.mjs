// Damages a small store all over (native/test/cut_and_flip_test.cc says at which bits and bytes), each way of its writer to end in
// a process of its own: `npm run test:flips`.
import { spawn } from 'node:child_process'
import { once } from 'node:events'

const ends = ['logs were closed', 'process died', 'system died']

const codes = await Promise.all(
  ends.map(async (end) => {
    const child = spawn('build/millrace_core_tests', [`whose ${end}`], {
      stdio: 'inherit',
      env: { ...process.env, MILLRACE_FLIPS: 'all' },
    })
    const [code] = await once(child, 'close')
    return code
  }),
)
process.exitCode = codes.every((code) => code === 0) ? 0 : 1
