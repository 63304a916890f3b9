import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const program = fileURLToPath(new URL('programs/leave.mjs', import.meta.url))

describe('a process that leaves test stores open', () => {
  it('ends by itself', () => {
    const { status, signal, stdout } = spawnSync(process.execPath, [program], {
      encoding: 'utf8',
      timeout: 15_000,
    })
    expect({ status, signal, stdout }).toEqual({ status: 0, signal: null, stdout: 'left\n' })
  })
})
