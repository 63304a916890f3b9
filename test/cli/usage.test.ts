import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { millrace } from './millrace.ts'

const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  readonly version: string
}

const commands = ['streams', 'put', 'tail', 'inspect', 'verify', 'repair']

describe('millrace', () => {
  it('alone lists its commands', async () => {
    const { code, stdout, stderr } = await millrace()
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    for (const command of commands) expect(stdout).toMatch(new RegExp(`^ {2}${command}\\b`, 'm'))
  })

  it.each(['help', 'help put', 'help streams'])('%s shows help and is content', async (command) => {
    const { code, stdout, stderr } = await millrace(...command.split(' '))
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(/^Usage: millrace/)
  })

  it('says its version', async () => {
    expect(await millrace('--version')).toEqual({ code: 0, stdout: `${manifest.version}\n`, stderr: '' })
  })

  it.each([...commands, 'streams create', 'streams describe', 'streams delete'])(
    '%s has help with an example, --dir and --json',
    async (command) => {
      const { code, stdout, stderr } = await millrace(...command.split(' '), '--help')
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      expect(stdout).toMatch(/Examples?:\n {2}\$ /)
      expect(stdout).toContain(`  $ `)
      expect(stdout).toContain(`millrace ${command}`)
      expect(stdout).toContain('--dir <folder>')
      expect(stdout).toContain('--json')
    },
  )
})

describe('a wrong command line ends with 2 and says what is wrong:', () => {
  it.each([
    { args: ['nope'], says: "unknown command 'nope'" },
    { args: ['help', 'nope'], says: 'unknown command' },
    { args: ['streams', 'nope'], says: "unknown command 'streams nope'" },
    { args: ['--nope'], says: "unknown option '--nope'" },
    { args: ['tail', 'clicks', '--folow'], says: "unknown option '--folow'" },
    { args: ['tail'], says: "missing required argument 'stream'" },
    { args: ['tail', 'clicks', 'surplus'], says: 'too many arguments' },
    { args: ['tail', 'clicks', '--limit', '0'], says: 'a whole number from 1' },
    { args: ['tail', 'clicks', '--limit'], says: 'argument missing' },
    { args: ['tail', 'clicks', '--format', 'xml'], says: 'text, data, ndjson' },
    { args: ['tail', 'clicks', '--from-time', 'soon'], says: 'an age like 15m' },
    { args: ['tail', 'clicks', '--from-time', '2999-01-01'], says: '--from-time must not be in the future' },
    { args: ['tail', 'clicks', '--from', 'latest'], says: 'add --follow' },
    { args: ['tail', 'clicks', '--from', 'oldest', '--from-time', '1h'], says: 'exclude each other' },
    { args: ['tail', 'clicks', '--from-sequence', '7'], says: 'add --shard' },
    { args: ['put', 'clicks', '--key', 'a', '--key-field', 'b'], says: 'exclude each other' },
    { args: ['put', 'clicks', '--key-field', 'b'], says: 'needs --format ndjson' },
    { args: ['streams', 'create', 'clicks', '--shards', '10001'], says: 'a whole number from 1 to 10000' },
    { args: ['streams', 'create', 'clicks', '--retention-hours', '1.5'], says: 'a whole number from 24' },
  ])('$args', async ({ args, says }) => {
    const { code, stdout, stderr } = await millrace(...args)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toMatch(/^millrace: ERR_MILLRACE_(INVALID_ARGUMENT|UNKNOWN_OPTION): [^\n]*\n$/)
    expect(stderr).toContain(says)
  })

  it('as JSON with --json', async () => {
    const { code, stderr } = await millrace('tail', 'clicks', '--limit', 'x', '--json')
    expect(code).toBe(2)
    expect(JSON.parse(stderr)).toEqual({
      error: {
        code: 'ERR_MILLRACE_INVALID_ARGUMENT',
        message: expect.stringContaining('--limit'),
        details: {},
      },
    })
  })
})
