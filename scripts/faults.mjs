// Fails every system call of the engine in every way (native/test/engine_fault_test.cc), each durability mode in a
// process of its own, two at a time: `npm run test:faults`.
import { spawn } from 'node:child_process'
import { once } from 'node:events'

// The longest first.
const modes = ['commit', 'process', 'interval', 'none']
const sharedTest = 'is not vacuous'

async function run(name) {
  const begin = performance.now()
  const child = spawn('build/millrace_core_tests', [`engine_fault: ${name}`], {
    stdio: 'inherit',
    env: { ...process.env, MILLRACE_FAULTS: 'all' },
  })
  const [code] = await once(child, 'close')
  const seconds = ((performance.now() - begin) / 1000).toFixed(0)
  console.log(`${name}: ${code === 0 ? 'passed' : 'failed'}, ${seconds} s`)
  if (code !== 0) process.exitCode = 1
}

const names = [
  ...modes.map((mode) => `loses nothing and hides nothing, whichever call fails: ${mode}`),
  sharedTest,
]
const worker = async () => {
  for (let name = names.shift(); name !== undefined; name = names.shift()) await run(name)
}
await Promise.all([worker(), worker()])
