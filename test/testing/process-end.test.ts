import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const program = fileURLToPath(new URL('programs/leave.mjs', import.meta.url))

describe('a process that leaves test stores open', () => {
  it('ends by itself, and nothing global was added to it', () => {
    const { status, signal, stdout } = spawnSync(process.execPath, [program], {
      encoding: 'utf8',
      timeout: 60_000,
    })
    expect({ status, signal }).toEqual({ status: 0, signal: null })
    expect(JSON.parse(stdout)).toEqual({ globals: [], listeners: [0, 0, 0, 0, 0, 0] })
  }, 90_000)
})
