import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { evenSplit, hashKeyMax, readHashKey, writeHashKey } from '../../src/streams/hash-key.ts'

const hashKey = fc.bigInt({ min: 0n, max: hashKeyMax })

describe('hash keys', () => {
  it.each([
    [2, [0n, 170141183460469231731687303715884105728n]],
    [3, [0n, 113427455640312821154458202477256070485n, 226854911280625642308916404954512140970n]],
    [
      4,
      [
        0n,
        85070591730234615865843651857942052864n,
        170141183460469231731687303715884105728n,
        255211775190703847597530955573826158592n,
      ],
    ],
  ])('split into %i as AWS splits them', (count, starts) => {
    expect(evenSplit(count).map(({ start }) => start)).toEqual(starts)
  })

  it('are covered by every split without gap or overlap', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10_000 }), (count) => {
        const ranges = evenSplit(count)
        expect(ranges.length).toBe(count)
        expect(ranges[0]?.start).toBe(0n)
        expect(ranges.at(-1)?.end).toBe(hashKeyMax)
        for (let index = 1; index < count; index++) {
          if (ranges[index]?.start !== (ranges[index - 1]?.end ?? 0n) + 1n) expect.fail(`gap before ${index}`)
        }
      }),
      { numRuns: 20 },
    )
  })

  it('are packed as 16 big-endian bytes and come back as they were', () => {
    fc.assert(
      fc.property(hashKey, fc.nat(8), (key, at) => {
        const bytes = new Uint8Array(at + 16)
        writeHashKey(key.toString(), bytes, at)
        expect(Buffer.from(bytes.subarray(at)).toString('hex')).toBe(key.toString(16).padStart(32, '0'))
        expect(readHashKey(bytes, at)).toBe(key.toString())
      }),
      {
        examples: [
          [0n, 0],
          [hashKeyMax, 3],
          [2n ** 26n, 0],
          [2n ** 104n - 1n, 0],
          [2n ** 127n, 1],
        ],
      },
    )
  })

  it.each([
    ['one too many', (hashKeyMax + 1n).toString()],
    ['39 nines', '9'.repeat(39)],
    ['40 digits', `1${'0'.repeat(39)}`],
    ['a sign', '-1'],
    ['a leading zero', '01'],
    ['nothing', ''],
    ['hexadecimal', '0xff'],
    ['a fraction', '1.5'],
    ['a number', 7],
    ['a BigInt', 7n],
    ['null', null],
  ])('are refused for %s', (_what, key) => {
    const bytes = new Uint8Array(16)
    expect(() => writeHashKey(key, bytes, 0)).toThrow(
      expect.objectContaining({
        code: 'ERR_MILLRACE_INVALID_ARGUMENT',
        details: expect.objectContaining({ field: 'explicitHashKey', value: key }),
      }),
    )
  })
})
