import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RecordFormatStep } from '../../../src/firehose/processing/record-format.ts'
import { record } from './delivery-records.ts'

/** Any but half a pair of surrogates. */
const character = fc
  .oneof(fc.integer({ min: 0, max: 0xd7ff }), fc.integer({ min: 0xe000, max: 0x10ffff }))
  .map((code) => String.fromCodePoint(code))

const bytes = (...values: readonly number[]): Uint8Array => Uint8Array.from(values)

function judged(format: 'json' | 'text', data: Uint8Array | string): string {
  const { records, failed, dropped } = new RecordFormatStep(format).apply([
    record(Buffer.from(data as string)),
  ])
  expect(dropped).toBe(0)
  expect(records.length + failed.length).toBe(1)
  return failed[0]?.code ?? 'passed'
}

describe('records that must be JSON', () => {
  it.each([
    '{"a":1}',
    '[]',
    'null',
    '0',
    '"ü"',
    ' {"a":\n1} ',
    `${'['.repeat(100_000)}${']'.repeat(100_000)}`,
  ])('pass if they are one value: %j', (text) => {
    expect(judged('json', text)).toBe('passed')
  })

  it.each([
    '',
    '{',
    '{"a":1}{"a":2}',
    '{"a":1}\n{"a":2}',
    "{'a':1}",
    'NaN',
    '\ufeff{}',
    'text',
    '['.repeat(100_000),
  ])('fail if they are not: %j', (text) => {
    expect(judged('json', text)).toBe('RecordFormat.InvalidJson')
  })

  it('pass or fail however deep they are', () => {
    const deep = '['.repeat(100_000)
    expect(judged('json', deep + ']'.repeat(100_000))).toBe('passed')
    expect(judged('json', deep)).toBe('RecordFormat.InvalidJson')
  })

  it('fail if their text is not in UTF-8', () => {
    expect(judged('json', bytes(0x22, 0xff, 0x22))).toBe('RecordFormat.InvalidJson')
    expect(judged('json', bytes(0x22, 0xed, 0xa0, 0x80, 0x22))).toBe('RecordFormat.InvalidJson')
  })
})

describe('records that must be text', () => {
  it('pass if they are in UTF-8, whatever it says', () => {
    fc.assert(
      fc.property(fc.string({ unit: character }), (text) => {
        expect(judged('text', text)).toBe('passed')
      }),
    )
  })

  it.each([bytes(0xff), bytes(0xc3), bytes(0xc0, 0x80), bytes(0xed, 0xa0, 0x80), bytes(0x61, 0x80)])(
    'fail if they are not: %j',
    (data) => {
      expect(judged('text', data)).toBe('RecordFormat.InvalidString')
    },
  )

  it('that pass and fail keep their order', () => {
    const all = [bytes(0x61), bytes(0xff), bytes(0x62), bytes(0xfe)].map((data) => record(data))
    const { records, failed } = new RecordFormatStep('text').apply(all)
    expect(records).toEqual([all[0], all[2]])
    expect(failed.map((each) => each.record)).toEqual([all[1], all[3]])
    expect(failed[0]).toMatchObject({ type: 'processing-failed', attempts: 1 })
  })
})
