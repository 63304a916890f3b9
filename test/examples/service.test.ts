import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { root } from '../docs/pages.ts'

function run(...args: readonly string[]): {
  readonly status: number | null
  readonly lines: readonly string[]
} {
  const program = join(root, 'build', 'examples', 'service', 'main.js')
  const { status, stdout } = spawnSync(process.execPath, [program, ...args], { encoding: 'utf8' })
  return { status, lines: stdout.trimEnd().split('\n') }
}

describe('the example of a service', () => {
  it('passes two days, and everything that it claims holds', () => {
    const { status, lines } = run('10000')
    const claims = lines.filter((line) => /^(holds|DOES NOT HOLD): /.test(line))
    expect(claims).toHaveLength(9)
    expect(claims.filter((claim) => !claim.startsWith('holds'))).toEqual([])
    expect(status).toBe(0)
  }, 120_000)

  it('refuses a number of flights that is none', () => {
    expect(run('many').status).toBe(2)
  })
})
