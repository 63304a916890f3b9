import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

const program = fileURLToPath(new URL('terminations.mjs', import.meta.url))

it('keeps what was acknowledged to workers that are terminated', { timeout: 120_000 }, async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [program, '--cycles', '24'])
  expect(stdout).toMatch(
    /24 workers ended, [1-9]\d* records acknowledged, .* 0 lost, 0 doubled, 0 out of order/,
  )
})
