import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { DatePattern, PatternFault } from '../../../src/firehose/naming/date-pattern.ts'
import { TimeZone } from '../../../src/firehose/naming/zoned-time.ts'

/** What JavaDates.java wrote. */
interface JavaDates {
  readonly moments: readonly (readonly [instant: string, zone: string])[]
  readonly printed: Readonly<Record<string, readonly string[]>>
  readonly refused: readonly string[]
}

const java = JSON.parse(readFileSync(new URL('java-dates.json', import.meta.url), 'utf8')) as JavaDates

const moments = java.moments.map(([instant, name]) => ({
  ms: Date.parse(instant),
  zone: new TimeZone('timeZone', name),
}))
const utc = new TimeZone('timeZone', 'UTC')

describe('a pattern of dates', () => {
  it.each(Object.entries(java.printed))(
    'prints %j as Java does, and knows how long it gets',
    (pattern, expected) => {
      const printers = moments.map(({ ms, zone }) => ({ ms, zone, date: new DatePattern(pattern, zone) }))
      expect(printers.map(({ ms, zone, date }) => date.print(zone.at(ms)))).toEqual(expected)
      printers.forEach(({ date }, index) =>
        expect(date.longest).toBeGreaterThanOrEqual(expected[index]?.length ?? 0),
      )
    },
  )

  it.each(java.refused)('refuses %j as Java does', (pattern) => {
    expect(() => new DatePattern(pattern, utc)).toThrow(PatternFault)
  })
})
