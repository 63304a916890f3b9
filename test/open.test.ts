import { describe, expect, it } from 'vitest'
import { open } from '../src/open.ts'

const invalid = 'ERR_MILLRACE_INVALID_ARGUMENT'

describe('open refuses', () => {
  it.each([
    ['nothing', undefined, invalid],
    ['an empty path', '', invalid],
    ['a number', 7, invalid],
    ['a path with a zero byte', 'a\0b', invalid],
    ['a named memory store', 'memory:orders', invalid],
    ['a file: URL of another machine', 'file://elsewhere/data', invalid],
    ['a protocol that is not built', 'kafka://broker:9092/', 'ERR_MILLRACE_UNSUPPORTED'],
    ['a URL object of such a protocol', new URL('https://example.org/'), 'ERR_MILLRACE_UNSUPPORTED'],
  ])('%s as a location', async (_what, location, code) => {
    await expect(open(location as string)).rejects.toMatchObject({ code })
  })

  it.each([
    ['an unknown option', { durabilty: 'process' }, 'ERR_MILLRACE_UNKNOWN_OPTION', 'durabilty'],
    ['limits, which are not built', { limits: true }, 'ERR_MILLRACE_UNSUPPORTED', 'limits'],
    ['durability commit, which is not built', { durability: 'commit' }, 'ERR_MILLRACE_UNSUPPORTED', 'commit'],
    ['durability interval', { durability: 'interval' }, 'ERR_MILLRACE_UNSUPPORTED', 'interval'],
    ['an unknown durability', { durability: 'safe' }, invalid, 'durability'],
    ['a durability that is no word', { durability: true }, invalid, 'durability'],
    ['a clock without timers', { clock: { nowMs: Date.now } }, invalid, 'clock'],
    ['an account that is a number', { account: 123456789012 }, invalid, 'account'],
    ['a region in capitals', { region: 'US-EAST-1' }, invalid, 'region'],
    ['a listener that is none', { onWarning: [] }, invalid, 'onWarning'],
    ['no options object', null, invalid, 'open options'],
    ['a string for options', 'process', invalid, 'open options'],
  ])('%s', async (_what, options, code, named) => {
    const opening = open('memory:', options as never)
    await expect(opening).rejects.toMatchObject({ code, message: expect.stringContaining(named) })
  })
})
