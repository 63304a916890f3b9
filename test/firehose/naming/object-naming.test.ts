import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { PartitionKeys } from '../../../src/firehose/delivery-record.ts'
import { UnnamableRecord } from '../../../src/firehose/naming/unnamable-record.ts'
import { naming, uuid } from './target.ts'

const ms = Date.parse('2026-11-28T23:04:05.678Z')
const file = `departures-3-2026-11-28-23-04-05-${uuid}`

const byAirport = {
  prefix: 'a/!{partitionKeyFromQuery:airport}/!{partitionKeyFromLambda:day}/',
  errorPrefix: 'e/!{firehose:error-output-type}/',
}

function keysOf(query: Record<string, string>, lambda: Record<string, string> = {}): PartitionKeys {
  return { query, lambda }
}

function long(characters: number): PartitionKeys {
  return keysOf({ airport: 'v'.repeat(characters) }, { day: 'x' })
}

function reasonOf(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    if (error instanceof UnnamableRecord) return error.code
    throw error
  }
  return 'none'
}

describe('the key of an object', () => {
  it.each([
    ['', `2026/11/28/23/${file}`],
    ['logs/', `logs/2026/11/28/23/${file}`],
    ['logs', `logs2026/11/28/23/${file}`],
    ['!{timestamp:yyyy}', `2026${file}`],
    ['d=!{timestamp:yyyy-MM-dd}/h=!{timestamp:HH}/', `d=2026-11-28/h=23/${file}`],
    [`!{timestamp:'year='yyyy'/it''s='MM}/`, `year=2026/it's=11/${file}`],
    ['!{firehose:random-string}/!{firehose:random-string}/', `aaaaaaaaaaa/bbbbbbbbbbb/${file}`],
    ['!{firehose:random-string}', `aaaaaaaaaaa${file}`],
    ['a}b{c!d$/', `a}b{c!d$/2026/11/28/23/${file}`],
    ['ü/', `ü/2026/11/28/23/${file}`],
  ])('has the prefix %j evaluated before the name of the file', (prefix, expected) => {
    expect(naming({ prefix }).key(undefined, ms, '')).toBe(expected)
  })

  it('is in the time of the zone, path and file alike', () => {
    const key = naming({ prefix: 'x/!{timestamp:dd-HH VV xxx}/', timeZone: 'Asia/Kolkata' }).key(
      undefined,
      ms,
      '',
    )
    expect(key).toBe(`x/29-04 Asia/Kolkata +05:30/departures-3-2026-11-29-04-34-05-${uuid}`)
    expect(naming({ timeZone: 'Asia/Kolkata' }).key(undefined, ms, '')).toContain('2026/11/29/04/')
  })

  it('ends with the extension of the format, or with the one that replaces it', () => {
    expect(naming().key(undefined, ms, '.gz')).toBe(`2026/11/28/23/${file}.gz`)
    expect(naming({ fileExtension: '.json.gz' }).key(undefined, ms, '.gz')).toBe(
      `2026/11/28/23/${file}.json.gz`,
    )
  })

  it('has the values of its partition as they are', () => {
    const key = naming(byAirport).key(keysOf({ airport: '../V\u0001IE/' }, { day: 'mon' }), ms, '')
    expect(key).toBe(`a/../V\u0001IE//mon/${file}`)
  })

  it('has what stands for the unknown in place of half a pair of surrogates', () => {
    expect(naming(byAirport).key(keysOf({ airport: 'a\ud800' }, { day: 'b' }), ms, '')).toBe(
      `a/a\ufffd/b/${file}`,
    )
  })
})

describe('the key of failed records', () => {
  it.each([
    ['', '', `processing-failed/2026/11/28/23/${file}`],
    ['logs/', '', `logs/processing-failed/2026/11/28/23/${file}`],
    ['logs/', 'errors/', `errors/processing-failed/2026/11/28/23/${file}`],
    ['', 'e/!{firehose:error-output-type}/', `e/processing-failed/${file}`],
    [
      '',
      '!{timestamp:yyyy}/!{firehose:error-output-type}!{firehose:random-string}',
      `2026/processing-failedaaaaaaaaaaa${file}`,
    ],
  ])('of prefix %j and error prefix %j', (prefix, errorPrefix, expected) => {
    expect(naming({ prefix, errorPrefix, fileExtension: '.x' }).errorKey('processing-failed', ms)).toBe(
      expected,
    )
  })
})

describe('a partition', () => {
  it('is the same for all records where the prefix names none', () => {
    const all = naming({ prefix: 'x/!{timestamp:HH}/' })
    expect(all.partitionOf(undefined)).toBe('')
    expect(all.partitionOf(keysOf({ airport: 'VIE' }))).toBe('')
  })

  it('is the same for the same values only', () => {
    const value = fc.string({
      minLength: 1,
      maxLength: 8,
      unit: fc.constantFrom('a', '\0', ':', '1', '2', 'ü'),
    })
    const both = naming(byAirport)
    fc.assert(
      fc.property(value, value, value, value, (airport, day, airport2, day2) => {
        const one = both.partitionOf(keysOf({ airport }, { day }))
        const two = both.partitionOf(keysOf({ airport: airport2 }, { day: day2 }))
        expect(one === two).toBe(airport === airport2 && day === day2)
      }),
      { numRuns: 300 },
    )
  })

  it('is not the same for values that only join to the same text', () => {
    const both = naming(byAirport)
    const one = both.partitionOf(keysOf({ airport: 'a:b' }, { day: 'c' }))
    expect(one).not.toBe(both.partitionOf(keysOf({ airport: 'a' }, { day: 'b:c' })))
  })

  it('looks at the keys that the prefix names, and at no others', () => {
    const both = naming(byAirport)
    const plain = both.partitionOf(keysOf({ airport: 'VIE' }, { day: '1' }))
    expect(both.partitionOf(keysOf({ airport: 'VIE', day: '2' }, { day: '1', airport: 'X' }))).toBe(plain)
  })

  it.each([
    ['no keys at all', undefined],
    ['one missing', keysOf({ airport: 'VIE' })],
    ['one in the wrong place', keysOf({ airport: 'VIE', day: '1' })],
    ['one empty', keysOf({ airport: '' }, { day: '1' })],
    ['one that is no text', keysOf({ airport: null as unknown as string }, { day: '1' })],
  ])('refuses a record with %s', (_, keys) => {
    expect(reasonOf(() => naming(byAirport).partitionOf(keys))).toBe(
      'DynamicPartitioning.MetadataExtractionFailed',
    )
  })

  it('does not take what every object inherits for a key', () => {
    const odd = naming({ ...byAirport, prefix: '!{partitionKeyFromQuery:constructor}' })
    expect(reasonOf(() => odd.partitionOf(keysOf({})))).toBe('DynamicPartitioning.MetadataExtractionFailed')
  })

  it('has 512 characters of prefix and no more', () => {
    const used = 'a//x/'.length
    const both = naming(byAirport)
    expect(reasonOf(() => both.partitionOf(long(512 - used)))).toBe('none')
    expect(both.key(long(512 - used), ms, '').indexOf('departures')).toBe(512)
    expect(reasonOf(() => both.partitionOf(long(513 - used)))).toBe('S3.KeyTooLongError')
  })

  it('counts a value as often as the prefix uses it', () => {
    const twice = naming({ ...byAirport, prefix: '!{partitionKeyFromQuery:a}!{partitionKeyFromQuery:a}' })
    expect(reasonOf(() => twice.partitionOf(keysOf({ a: 'v'.repeat(256) })))).toBe('none')
    expect(reasonOf(() => twice.partitionOf(keysOf({ a: 'v'.repeat(257) })))).toBe('S3.KeyTooLongError')
  })

  it.each([
    ['.xxx', 317, '.gz', 1024],
    ['', 310, '.snappy.parquet.longest..', 1023],
  ])(
    'has 1,024 bytes of key and no more, with the extension %j of its own',
    (fileExtension, fits, extension, bytes) => {
      const names = naming({ ...byAirport, prefix: '!{partitionKeyFromQuery:a}', fileExtension })
      const longest = keysOf({ a: '€'.repeat(fits) })
      expect(reasonOf(() => names.partitionOf(longest))).toBe('none')
      expect(Buffer.byteLength(names.key(longest, ms, extension.slice(0, 24)))).toBe(bytes)
      expect(reasonOf(() => names.partitionOf(keysOf({ a: '€'.repeat(fits + 1) })))).toBe(
        'S3.KeyTooLongError',
      )
    },
  )

  it('never has keys of more than 1,024 bytes or prefixes of more than 512 characters', () => {
    const character = fc.integer({ min: 0, max: 0x10ffff }).map((code) => String.fromCodePoint(code))
    const value = fc.string({ minLength: 1, maxLength: 600, unit: character })
    const prefix = fc.constantFrom(
      byAirport.prefix,
      '!{timestamp:EEEE d MMMM yyyy VV zzzz}/!{partitionKeyFromQuery:airport}/!{firehose:random-string}',
      'ü€/!{partitionKeyFromQuery:airport}!{partitionKeyFromLambda:day}!{partitionKeyFromQuery:airport}',
    )
    fc.assert(
      fc.property(prefix, value, value, fc.integer({ min: 0, max: 4e12 }), (text, airport, day, atMs) => {
        const names = naming({ ...byAirport, prefix: text })
        const keys = keysOf({ airport }, { day })
        const fits = reasonOf(() => names.partitionOf(keys)) === 'none'
        const key = names.key(keys, atMs, '.snappy.parquet')
        if (fits) {
          expect(Buffer.byteLength(key)).toBeLessThanOrEqual(1024)
          expect(key.lastIndexOf('departures')).toBeLessThanOrEqual(512)
        } else {
          expect(key.length > 480 || Buffer.byteLength(key) > 960).toBe(true) // It is refused for a reason.
        }
      }),
      { numRuns: 100 },
    )
  })
})
