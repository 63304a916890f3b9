import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

const program = fileURLToPath(new URL('main.mjs', import.meta.url))

it('loses nothing that was acknowledged when its writers are killed', { timeout: 120_000 }, async () => {
  // It fails, with its seed, at the first thing that is wrong.
  const { stdout } = await promisify(execFile)(process.execPath, [program, '--kills', '12'])
  expect(stdout).toMatch(
    /12 kills .* [1-9]\d* records acknowledged, .* [1-9]\d* records checked, .* 0 lost, 0 torn, 0 out of order/,
  )
})
