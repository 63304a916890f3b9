import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { jodaFormat } from '../../../../src/firehose/format/parquet/joda-pattern.ts'

/** What JodaTimes.java wrote: pattern, text, and milliseconds since 1970 if Joda time reads the text. */
const joda = JSON.parse(readFileSync(new URL('joda-times.json', import.meta.url), 'utf8')) as readonly [
  pattern: string,
  text: string,
  ms: number | null,
][]

describe('a pattern of Joda time', () => {
  it.each(joda)('%j reads %j as Joda time does', (pattern, text, ms) => {
    expect(jodaFormat(pattern)(text)).toBe(ms === null ? undefined : BigInt(ms) * 1000n)
  })

  it('has two digits of a year be 1970 to 2069, at all times', () => {
    const years = ['70', '99', '00', '69'].map((text) => jodaFormat('yy')(text))
    expect(years).toEqual([1970, 1999, 2000, 2069].map((year) => BigInt(Date.UTC(year, 0)) * 1000n))
  })

  it('keeps digits of a second up to the sixth', () => {
    expect(jodaFormat('SSSSSSSSS')('123456789')).toBe(123_456n)
  })

  it.each([
    ['y'.repeat(1025)],
    [`'${'x'.repeat(100_000)}'`],
    ["yyyy 'open"],
    ["'"],
    [''],
    ['yyyy YYYY'],
    ['TT'],
  ])('is not %j', (pattern) => {
    expect(() => jodaFormat(pattern)).toThrow(
      expect.objectContaining({ code: 'ERR_MILLRACE_INVALID_ARGUMENT' }),
    )
  })

  it('is done with a long text at once', () => {
    const digits = '1'.repeat(1_000_000)
    for (const pattern of ['yyyyMMddHHmmssSSS', 'yy', 'yyyyyyyyy', "'1111'yyyy MM", 'ZZ', 'MMM EEE a'])
      expect(jodaFormat(pattern)(digits)).toBeUndefined()
  })
})
