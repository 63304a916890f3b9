import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { aggregate, deaggregate, type AggregatedEntry } from '../src/aggregation.ts'

/** Of the format's document: "a" has "one", "b" has "two". */
const vector = Buffer.from(
  'f3899ac20a01610a01621a0708001a036f6e651a0708011a0374776f7896626e4b54750e07fcfeb458e8a37e',
  'hex',
)
const all = { start: 0n, end: 2n ** 128n - 1n }

/** The message in an envelope that is right. */
function enveloped(...message: readonly (number | string)[]): Uint8Array {
  const bytes = Buffer.concat(
    message.map((part) => (typeof part === 'string' ? Buffer.from(part) : Uint8Array.of(part))),
  )
  return Buffer.concat([vector.subarray(0, 4), bytes, createHash('md5').update(bytes).digest()])
}

/** A message that is right: "a" has "x". */
const sound = [0x0a, 1, 'a', 0x1a, 5, 0x08, 0, 0x1a, 1, 'x']

/** Keys and data as texts. */
function texts(data: Uint8Array, own = all): readonly (readonly unknown[])[] | undefined {
  return deaggregate(data, own)?.map((each) => [
    each.partitionKey,
    Buffer.from(each.data).toString(),
    each.subsequenceNumber,
    ...(each.explicitHashKey === undefined ? [] : [each.explicitHashKey]),
  ])
}

describe('aggregated records', () => {
  it('are taken apart in their order', () => {
    expect(texts(vector)).toEqual([
      ['a', 'one', 0],
      ['b', 'two', 1],
    ])
  })

  it('are made to the byte as the format has them', () => {
    const entries = [
      { partitionKey: 'a', data: Buffer.from('one') },
      { partitionKey: 'b', data: Buffer.from('two') },
    ]
    expect(Buffer.from(aggregate(entries)).toString('hex')).toBe(vector.toString('hex'))
  })

  it('lend bytes rather than copy them', () => {
    expect(deaggregate(vector)?.[0]?.data.buffer).toBe(vector.buffer)
  })

  it('lose nothing from being made to being taken apart', () => {
    const entry = fc.record(
      {
        partitionKey: fc.string({ minLength: 1, unit: 'binary' }),
        explicitHashKey: fc.bigInt(0n, all.end).map(String),
        data: fc.uint8Array({ maxLength: 300 }),
      },
      { requiredKeys: ['partitionKey', 'data'] },
    )
    fc.assert(
      fc.property(fc.array(entry, { minLength: 1, maxLength: 200 }), (entries) => {
        const expected = entries.map((each, subsequenceNumber) => ({ ...each, subsequenceNumber }))
        const found = deaggregate(aggregate(entries))
        expect(found?.map((each) => ({ ...each, data: Uint8Array.from(each.data) }))).toEqual(expected)
      }),
    )
  })

  it('leave out what belongs to other shards, by the hash of its own key', () => {
    const ofA = BigInt(`0x${createHash('md5').update('a').digest('hex')}`)
    expect(texts(vector, { start: ofA, end: ofA })).toEqual([['a', 'one', 0]])
    expect(texts(vector, { start: ofA + 1n, end: all.end })).toEqual([['b', 'two', 1]])
    expect(texts(vector, { start: 0n, end: 0n })).toEqual([])
  })

  it('leave out what belongs to other shards by its explicit hash key', () => {
    const entries: readonly AggregatedEntry[] = ['7', '8', '9'].map((explicitHashKey) => ({
      partitionKey: 'a',
      explicitHashKey,
      data: Buffer.from(explicitHashKey),
    }))
    expect(texts(aggregate(entries), { start: 8n, end: 8n })).toEqual([['a', '8', 1, '8']])
  })

  it('pass over tags and fields that nobody knows', () => {
    const record = [0x08, 0, 0x22, 3, 0x0a, 1, 'k', 0x48, 0x80, 1, 0x1a, 1, 'x']
    const message = [0x0a, 1, 'a', 0x51, '12345678', 0x55, '1234', 0x1a, 13, ...record]
    expect(texts(enveloped(...message))).toEqual([['a', 'x', 0]])
  })
})

describe('a plain record', () => {
  it('is not what has all that is needed', () => {
    expect(texts(enveloped(...sound))).toEqual([['a', 'x', 0]])
  })

  it.each([
    ['is empty', new Uint8Array()],
    ['has the first bytes only', vector.subarray(0, 4)],
    ['has no records in it', enveloped()],
    ['has a key table only', enveloped(0x0a, 1, 'a')],
    ['has a key that is missing', enveloped(0x0a, 1, 'a', 0x1a, 5, 0x08, 1, 0x1a, 1, 'x')],
    ['has no key', enveloped(0x0a, 1, 'a', 0x1a, 3, 0x1a, 1, 'x')],
    ['has no data', enveloped(0x0a, 1, 'a', 0x1a, 2, 0x08, 0)],
    ['has a hash key that is missing', enveloped(0x0a, 1, 'a', 0x1a, 7, 0x08, 0, 0x10, 0, 0x1a, 1, 'x')],
    [
      'has a hash key that is none',
      enveloped(0x0a, 1, 'a', 0x12, 2, '-1', 0x1a, 7, 0x08, 0, 0x10, 0, 0x1a, 1, 'x'),
    ],
    [
      'has a partition key that no stream takes',
      aggregate([{ partitionKey: 'k'.repeat(1025), data: Buffer.from('x') }]),
    ],
    ['ends within a length', enveloped(0x0a)],
    ['ends within a field', enveloped(0x0a, 5, 'a')],
    ['has a number without end', enveloped(0x08, ...Array.from({ length: 12 }, () => 0xff))],
    ['has a length beyond every memory', enveloped(0x0a, ...Array.from({ length: 9 }, () => 0xff), 1)],
    ['has a group', enveloped(...sound, 0x0b, 0x0c)],
    ['has a field 0', enveloped(...sound, 0x02, 0)],
  ])('is what %s', (_what, data) => {
    expect(deaggregate(data)).toBeUndefined()
  })

  it('is one of which any bit is wrong', () => {
    for (let bit = 0; bit < vector.length * 8; bit++) {
      const flipped = Buffer.from(vector)
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      expect(deaggregate(flipped)).toBeUndefined()
    }
  })

  it('is whatever somebody writes into an envelope that is right', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        const found = deaggregate(enveloped(...bytes), all)
        for (const { partitionKey, data } of found ?? []) {
          expect(typeof partitionKey).toBe('string')
          expect(data.length).toBeLessThan(60)
        }
      }),
      { numRuns: 2000 },
    )
  })
})
