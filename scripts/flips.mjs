// Damages a small store all over (native/test/cut_and_flip_test.cc says at which bits and bytes), each way of its writer to end in
// a process of its own: `npm run test:flips`.
import { trialOptions } from '../test/trials/trial-options.mjs'
import { passes } from './core-tests.mjs'

trialOptions({})

const ends = ['logs were closed', 'process died', 'system died']

const passed = await Promise.all(ends.map((end) => passes(`whose ${end}`, { MILLRACE_FLIPS: 'all' })))
process.exitCode = passed.every(Boolean) ? 0 : 1
