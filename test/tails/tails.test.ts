import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

const program = fileURLToPath(new URL('main.mjs', import.meta.url))

it('shows every byte of every record to four processes that tail it', { timeout: 120_000 }, async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [program, '--records', '100000'])
  expect(stdout).toMatch(/100000 records .* 0 torn, 0 lost, 0 reordered/)
})
