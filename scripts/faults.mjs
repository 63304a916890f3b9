// Fails every system call of the engine in every way (native/test/engine_fault_test.cc), each durability mode in a
// process of its own, two at a time: `npm run test:faults`.
import { trialOptions } from '../test/trials/trial-options.mjs'
import { passes } from './core-tests.mjs'

trialOptions({})

// The longest first.
const modes = ['commit', 'process', 'interval', 'none']
const sharedTest = 'is not vacuous'

async function run(name) {
  const begin = performance.now()
  const passed = await passes(`engine_fault: ${name}`, { MILLRACE_FAULTS: 'all' })
  const seconds = ((performance.now() - begin) / 1000).toFixed(0)
  console.log(`${name}: ${passed ? 'passed' : 'failed'}, ${seconds} s`)
  if (!passed) process.exitCode = 1
}

const names = [
  ...modes.map((mode) => `loses nothing and hides nothing, whichever call fails: ${mode}`),
  sharedTest,
]
const worker = async () => {
  for (let name = names.shift(); name !== undefined; name = names.shift()) await run(name)
}
await Promise.all([worker(), worker()])
