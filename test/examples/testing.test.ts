import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { root } from '../docs/pages.ts'

const built = join(root, 'build', 'examples', 'testing')
const bin = (name: string, file: string): string => join(root, 'node_modules', name, file)

/** How each framework runs its example, and what it says when both tests have passed. */
const frameworks = [
  {
    name: 'vitest',
    args: [bin('vitest', 'vitest.mjs'), 'run', '--root', join(built, 'vitest')],
    passed: /2 passed/,
  },
  {
    name: 'jest',
    args: [
      '--experimental-vm-modules',
      bin('jest', 'bin/jest.js'),
      '--rootDir',
      join(built, 'jest'),
      '--transform',
      '{}',
    ],
    passed: /Tests: +2 passed, 2 total/,
  },
  { name: 'node:test', args: ['--test', join(built, 'node-test', 'visits.test.js')], passed: /^# pass 2$/m },
]

/** The environment without what this run of Vitest put into it. */
function ownEnvironment(): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(VITEST|NODE_OPTIONS|NODE_TEST|TEST$|JEST)/.test(name),
  )
  return { ...Object.fromEntries(inherited), NO_COLOR: '1', NODE_ENV: 'test' }
}

describe('the example of tests', () => {
  it.each(frameworks)(
    'passes in $name',
    ({ args, passed }) => {
      const { status, stdout, stderr } = spawnSync(process.execPath, args, {
        cwd: root,
        env: ownEnvironment(),
        encoding: 'utf8',
      })
      const said = stdout + stderr
      expect(said).toMatch(passed)
      expect(status).toBe(0)
    },
    120_000,
  )
})
