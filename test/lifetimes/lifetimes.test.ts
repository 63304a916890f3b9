import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

const program = fileURLToPath(new URL('main.mjs', import.meta.url))
const linux = process.platform === 'linux'

// Mappings and descriptors are counted where /proc lists them.
it.runIf(linux)(
  'holds nothing of a store after all leases and the store are gone',
  { timeout: 120_000 },
  async () => {
    const argv = ['--expose-gc', program, '--cycles', '600']
    const { stdout } = await promisify(execFile)(process.execPath, argv)
    expect(stdout).toMatch(/600 cycles, .* at the end 0 bytes mapped and 0 descriptors/)
  },
)
