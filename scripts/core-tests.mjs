// The built C++ tests as a process of its own, for scripts that run some of them in a longer form.
import { spawn } from 'node:child_process'
import { once } from 'node:events'

/**
 * Runs those whose names contain `part`, and shows what they say.
 *
 * @param {string} part
 * @param {Record<string, string>} environment beside that of this process
 * @returns whether all passed that were run, and any was
 */
export async function passes(part, environment) {
  const child = spawn('build/millrace_core_tests', [part], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...environment },
  })
  const said = []
  child.stdout.on('data', (chunk) => {
    said.push(chunk)
    process.stdout.write(chunk)
  })
  const [code, signal] = await once(child, 'close')
  if (signal !== null) process.stderr.write(`${part}: ended by ${signal}\n`)
  const passed = /^(\d+) passed, /m.exec(Buffer.concat(said).toString())?.[1]
  return code === 0 && Number(passed) > 0
}
