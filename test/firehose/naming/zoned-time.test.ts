import { afterEach, describe, expect, it, vi } from 'vitest'
import { DatePattern } from '../../../src/firehose/naming/date-pattern.ts'
import { TimeZone } from '../../../src/firehose/naming/zoned-time.ts'

afterEach(() => vi.restoreAllMocks())

const ofUtc = ['UTC', 'Etc/UTC', 'UCT', 'Etc/UCT', 'Zulu', 'Etc/Zulu', 'Universal', 'Etc/Universal']
const ofGreenwich = [
  'GMT',
  'Etc/GMT',
  'GMT0',
  'Etc/GMT0',
  'Etc/GMT+0',
  'Etc/GMT-0',
  'Greenwich',
  'Etc/Greenwich',
]

describe('a zone', () => {
  it('asks nothing of the runtime where it is UTC, nor does what is imported with it', async () => {
    vi.resetModules()
    const formats = vi.spyOn(Intl, 'DateTimeFormat')
    const { TimeZone: Zone } = await import('../../../src/firehose/naming/zoned-time.ts')
    await import('../../../src/firehose/naming/naming-of.ts')
    for (const name of [...ofUtc, ...ofGreenwich]) expect(new Zone('timeZone', name).isUtc).toBe(true)
    expect(formats).not.toHaveBeenCalled()
    expect(new Zone('timeZone', 'Europe/Vienna').isUtc).toBe(false)
    expect(formats).toHaveBeenCalledOnce()
  })

  /** As Java 17 prints them. */
  it.each([
    ...ofUtc.map((name) => [name, 'UTC', 'Coordinated Universal Time'] as const),
    ...ofGreenwich.map((name) => [name, 'GMT', 'Greenwich Mean Time'] as const),
  ])('%s is called %s, or %s', (name, short, long) => {
    const zone = new TimeZone('timeZone', name)
    const printed = new DatePattern('VV|z|zzz|zzzz|X', zone).print(zone.at(0))
    expect(printed).toBe(`${name}|${short}|${short}|${long}|Z`)
  })

  it.each([
    undefined,
    null,
    7,
    '',
    'utc ',
    'UTC\0',
    'Europe/Wien',
    '+00:00',
    'Z',
    ['UTC'],
    { toString: () => 'UTC' },
  ])('is not %j', (name) => {
    expect(() => new TimeZone('timeZone', name as string)).toThrow(/timeZone/)
  })
})
