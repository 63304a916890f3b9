import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { epochDay } from '../../../../src/firehose/format/parquet/civil.ts'
import { jodaFormat } from '../../../../src/firehose/format/parquet/joda-pattern.ts'
import {
  epochMillis,
  epochTimestamp,
  isoTimestamp,
  sqlDay,
  sqlTimestamp,
  type TimestampFormat,
} from '../../../../src/firehose/format/parquet/timestamp-text.ts'

/** The moment in ISO's words, with microseconds, or `undefined`. */
function moment(format: TimestampFormat, text: string): string | undefined {
  const micros = format(text)
  if (micros === undefined) return undefined
  const fine = ((micros % 1000n) + 1000n) % 1000n
  return new Date(Number((micros - fine) / 1000n)).toISOString().replace('Z', String(fine).padStart(3, '0'))
}

describe('formats of timestamps', () => {
  it.each<[string, TimestampFormat, string, string | undefined]>([
    ['ISO', isoTimestamp, '2017-02-07T15:13:01.39256Z', '2017-02-07T15:13:01.392560'],
    ['ISO', isoTimestamp, '2017-02-07T15:13:01Z', '2017-02-07T15:13:01.000000'],
    ['ISO', isoTimestamp, '2017-02-07T15:13:01.123456789Z', '2017-02-07T15:13:01.123456'],
    ['ISO', isoTimestamp, '2017-02-07T15:13:01.1234567890Z', undefined],
    ['ISO', isoTimestamp, '2017-02-07T15:13:01', undefined],
    ['ISO', isoTimestamp, '2017-02-07T24:00:00Z', undefined],
    ['SQL', sqlTimestamp, '2017-02-07 15:13:01.14', '2017-02-07T15:13:01.140000'],
    ['SQL', sqlTimestamp, '2017-2-7 5:3:1', '2017-02-07T05:03:01.000000'],
    ['SQL', sqlTimestamp, '1969-12-31 23:59:59.999999', '1969-12-31T23:59:59.999999'],
    ['SQL', sqlTimestamp, '2017-02-30 00:00:00', undefined],
    ['SQL', sqlTimestamp, '2017-13-01 00:00:00', undefined],
    ['SQL', sqlTimestamp, '2017-02-07', undefined],
    ['epoch', epochTimestamp, '1518033528', '2018-02-07T19:58:48.000000'],
    ['epoch', epochTimestamp, '1518033528123', '2018-02-07T19:58:48.123000'],
    ['epoch', epochTimestamp, '1518033528.123456', '2018-02-07T19:58:48.123456'],
    ['epoch', epochTimestamp, '-1.5', '1969-12-31T23:59:58.500000'],
    ['epoch', epochTimestamp, '1e9', '2001-09-09T01:46:40.000000'],
    ['epoch', epochTimestamp, '99999999999999999999', undefined],
    ['epoch', epochTimestamp, 'yesterday', undefined],
    ['epoch', epochTimestamp, '', undefined],
    ['millis', epochMillis, '1518033528123', '2018-02-07T19:58:48.123000'],
    ['millis', epochMillis, '1518033528', '1970-01-18T13:40:33.528000'],
    ['millis', epochMillis, 'x', undefined],
  ])('%s reads %3$s', (_, format, text, expected) => {
    expect(moment(format, text)).toBe(expected)
  })

  it('find the same in texts of the length that most have as in longer ones', () => {
    const two = fc.nat(70).map((number) => String(number).padStart(2, '0'))
    const parts = fc.tuple(
      fc.stringMatching(/^[0-9]{4}$/),
      two,
      two,
      two,
      two,
      two,
      fc.stringMatching(/^[0-9]{3}$/),
    )
    const symbol = fc.option(fc.tuple(fc.nat(22), fc.constantFrom(...'0-T:.Z /_\u0661')), { freq: 2 })
    fc.assert(
      fc.property(parts, symbol, ([year, month, day, hour, minute, second, fraction], changed) => {
        const right = `${year}-${month}-${day}T${hour}:${minute}:${second}.${fraction}Z`
        const text =
          changed === null ? right : right.slice(0, changed[0]) + changed[1] + right.slice(changed[0] + 1)
        expect(isoTimestamp(text)).toBe(isoTimestamp(text.replace('Z', '0Z')))
      }),
      { numRuns: 2000 },
    )
  })

  it('agree with the calendar of JavaScript on every day of five centuries', () => {
    for (let day = -135_140; day < 50_000; day += 1) {
      const date = new Date(day * 86_400_000)
      if (epochDay(date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate()) !== day)
        expect(day).toBe('wrong')
    }
    expect([sqlDay('1970-1-1'), sqlDay('1900-02-29'), sqlDay('2000-02-29')]).toEqual([0, undefined, 11_016])
  })
})

describe('patterns of Joda time', () => {
  it.each([
    ["yyyy-MM-dd'T'HH:mm:ss.SSSZ", '2026-11-28T23:05:01.250+0130', '2026-11-28T21:35:01.250000'],
    ['yyyy-MM-dd HH:mm:ssZZ', '2026-11-28 23:05:01-01:00', '2026-11-29T00:05:01.000000'],
    ['yyyy-MM-dd HH:mm:ssZ', '2026-11-28 23:05:01Z', '2026-11-28T23:05:01.000000'],
    ['yyyyMMddHHmmss', '20261128230501', '2026-11-28T23:05:01.000000'],
    ['d/M/yy h:m a', '8/2/26 12:05 am', '2026-02-08T00:05:00.000000'],
    ['d/M/yy h:m a', '8/2/71 12:05 PM', '1971-02-08T12:05:00.000000'],
    ['EEE, dd MMM yyyy kk:mm', 'Sat, 28 Nov 2026 24:05', '2026-11-28T00:05:00.000000'],
    ['EEEE d MMMM yyyy, K a', 'saturday 28 november 2026, 11 PM', '2026-11-28T23:00:00.000000'],
    ['yyyy D', '2024 366', '2024-12-31T00:00:00.000000'],
    ["yyyy 'o''clock' '' H", "2026 o'clock ' 7", '2026-01-01T07:00:00.000000'],
    ['[yyyy].(MM)+', '[2026].(03)+', '2026-03-01T00:00:00.000000'],
    ['yyyy-MM-dd', '2026-11-28 23:05', undefined],
    ['yyyy-MM-dd', '2026-02-29', undefined],
    ['yyyy D', '2023 366', undefined],
    ['yyyy H', '2026 24', undefined],
    ['yyyy k', '2026 0', undefined],
    ['yyyy h a', '2026 13 AM', undefined],
    ['yyyy.MM', '2026x03', undefined],
  ])('%s reads %s', (pattern, text, expected) => {
    expect(moment(jodaFormat(pattern), text)).toBe(expected)
  })

  it.each([
    ['yyyy-MM-dd z', 'ERR_MILLRACE_UNSUPPORTED'],
    ['yyyy ZZZ', 'ERR_MILLRACE_UNSUPPORTED'],
    ['xxxx ww', 'ERR_MILLRACE_UNSUPPORTED'],
    ['G yyyy', 'ERR_MILLRACE_UNSUPPORTED'],
    ['yyyy-JJ', 'ERR_MILLRACE_INVALID_ARGUMENT'],
    ["yyyy 'T", 'ERR_MILLRACE_INVALID_ARGUMENT'],
    ['yyyy yyyy', 'ERR_MILLRACE_INVALID_ARGUMENT'],
    ['', 'ERR_MILLRACE_INVALID_ARGUMENT'],
  ])('%s is refused', (pattern, code) => {
    expect(() => jodaFormat(pattern)).toThrow(expect.objectContaining({ code }))
  })
})
