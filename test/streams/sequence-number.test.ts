import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  formatSequenceNumber,
  parseSequenceNumber,
  SequenceNumbers,
} from '../../src/streams/sequence-number.ts'

/** Sequence numbers as AWS printed them in the documentation of Kinesis and Lambda. */
const published = [
  {
    text: '49590338271490256608559692538361571095921575989136588898',
    created: '2018-11-21T04:57:38Z',
    index: 6,
    counter: 1_734_642_199n,
    arrived: '2018-12-17T22:10:50Z',
  },
  {
    text: '49590338271490256608559692540925702759324208523137515618',
    created: '2018-11-21T04:57:38Z',
    index: 6,
    counter: 1_734_644_320n,
    arrived: '2018-12-17T22:11:49Z',
  },
  {
    text: '49543463076570308322303623326179887152428262250726293522',
    created: '2014-09-22T16:39:41Z',
    index: 1,
    counter: 5500n,
    arrived: '2014-09-23T00:13:40Z',
  },
  {
    text: '49546986683135544286507457936321625675700192471156785154',
    created: '2015-01-14T23:47:10Z',
    index: 0,
    counter: 469n,
    arrived: '2015-01-14T23:49:46Z',
  },
]

const fields = fc.record({
  shardCreatedAtSeconds: fc.integer({ min: 0, max: 2 ** 36 - 1 }),
  shardIndex: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  counter: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  arrivedAtSeconds: fc.integer({ min: 0, max: 2 ** 36 - 1 }),
})

describe('sequence numbers', () => {
  it.each(published)('reads and writes $text as AWS does', ({ text, created, index, counter, arrived }) => {
    const parsed = parseSequenceNumber(text)
    expect(parsed).toEqual({
      shardCreatedAtSeconds: Date.parse(created) / 1000,
      shardIndex: index,
      counter,
      arrivedAtSeconds: Date.parse(arrived) / 1000,
    })
    if (parsed !== undefined) expect(formatSequenceNumber(parsed)).toBe(text)
  })

  it('come back as they were written, whatever their fields', () => {
    fc.assert(
      fc.property(fields, (written) => {
        const text = formatSequenceNumber(written)
        expect(text).toMatch(/^\d{56}$/)
        expect(parseSequenceNumber(text)).toEqual(written)
      }),
    )
  })

  it('are the same from the writer of one shard', () => {
    const offset = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER })
    fc.assert(
      fc.property(fields, offset, fc.nat(999), (written, counter, ms) => {
        const numbers = new SequenceNumbers(written.shardCreatedAtSeconds, written.shardIndex)
        const expected = formatSequenceNumber({ ...written, counter: BigInt(counter) })
        expect(numbers.at(counter, written.arrivedAtSeconds * 1000 + ms)).toBe(expected)
      }),
    )
  })

  it('are the same from a writer that has written others', () => {
    const offset = fc.oneof(
      fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
      fc.constantFrom(0, 2 ** 26 - 1, 2 ** 26, 2 ** 52),
    )
    const seconds = fc.oneof(fc.integer({ min: 0, max: 2 ** 36 - 1 }), fc.constantFrom(0, 1, 2 ** 36 - 1))
    const records = fc.array(fc.tuple(offset, seconds), { minLength: 1, maxLength: 20 })
    fc.assert(
      fc.property(fields, records, (written, places) => {
        const numbers = new SequenceNumbers(written.shardCreatedAtSeconds, written.shardIndex)
        for (const [counter, arrivedAtSeconds] of places) {
          const expected = formatSequenceNumber({ ...written, counter: BigInt(counter), arrivedAtSeconds })
          expect(numbers.at(counter, arrivedAtSeconds * 1000)).toBe(expected)
        }
      }),
    )
  })

  it('of one shard sort as text in the order of their offsets, whenever the records arrived', () => {
    const numbers = new SequenceNumbers(1_700_000_000, 3)
    expect(numbers.at(9, 1_800_000_000_000) < numbers.at(10, 1_700_000_000_000)).toBe(true)
  })

  it.each([
    ['nothing', ''],
    ['a word', 'latest'],
    ['55 digits', published[0]?.text.slice(1)],
    ['57 digits', `${published[0]?.text}0`],
    ['a leading zero', `0${published[0]?.text.slice(1)}`],
    ['hexadecimal', `0x${published[0]?.text.slice(2)}`],
    ['another version in the last digit', String(BigInt(published[0]?.text ?? 0) + 1n)],
    ['another leading digit', String(BigInt(published[0]?.text ?? 0) + (1n << 184n))],
    ['something where zeros belong', String(BigInt(published[0]?.text ?? 0) + (1n << 72n))],
    ['two shards at once', String(BigInt(published[0]?.text ?? 0) + (1n << 4n))],
  ])('are not read from %s', (_what, text) => {
    expect(parseSequenceNumber(text ?? '')).toBeUndefined()
  })
})
