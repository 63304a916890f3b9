import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { scratchFolder } from './millrace.ts'

const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))

/** The status that a server answers for its console's page. */
async function statusWith(args: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<number> {
  const child = spawn(process.execPath, [main, 'serve', '--memory', '--port', '0', '--json', ...args], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  const { endpoint } = JSON.parse(line.toString()) as { readonly endpoint: string }
  const { status } = await fetch(`${endpoint}/console/`)
  child.kill('SIGTERM')
  await once(child, 'exit')
  return status
}

describe('millrace serve', () => {
  it('has a console, unless it is told otherwise in any of three ways', async () => {
    const config = join(await scratchFolder(), 'config.json')
    await writeFile(config, '{"console": false}')
    const shown = [statusWith([]), statusWith([], { MILLRACE_NO_CONSOLE: '0' })]
    expect(await Promise.all(shown)).toEqual([200, 200])
    const hidden = await Promise.all([
      statusWith(['--no-console']),
      statusWith([], { MILLRACE_NO_CONSOLE: 'true' }),
      statusWith(['--config', config]),
    ])
    expect(hidden).not.toContain(200)
  })
})
