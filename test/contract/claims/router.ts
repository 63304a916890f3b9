import { createHash } from 'node:crypto'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { batchOf, type Entry } from '../../model/batch.ts'
import type { Subject } from '../subject.ts'

const hashKeyEnd = 2n ** 128n

/** MD5 of partition keys as decimal numbers, and the shard of four that holds them. */
const vectors = [
  { key: 'a', hash: 16955237001963240173058271559858726497n, shardOfFour: 0 },
  { key: 'partitionKey1', hash: 259883753084267508317526128829441085549n, shardOfFour: 3 },
  { key: 'user-123', hash: 250018372642977770877286195909578633128n, shardOfFour: 2 },
  { key: 'héllo', hash: 252973414135665226741597071662034525008n, shardOfFour: 2 },
]

/** Where the ranges of an even split begin. */
const boundaries: Readonly<Record<number, readonly bigint[]>> = {
  2: [0n, 170141183460469231731687303715884105728n],
  3: [0n, 113427455640312821154458202477256070485n, 226854911280625642308916404954512140970n],
  4: [
    0n,
    85070591730234615865843651857942052864n,
    170141183460469231731687303715884105728n,
    255211775190703847597530955573826158592n,
  ],
}

const untouched = 0xdead_beef

export function routerClaims(subject: Subject): void {
  function route(starts: readonly bigint[], entries: readonly Entry[], count = entries.length): number[] {
    const shardOf = new Uint32Array(entries.length).fill(untouched)
    subject.engine.router(starts).route(batchOf(entries, 1_000), count, shardOf)
    return [...shardOf]
  }

  describe('a router', () => {
    it('routes by the MD5 of the UTF-8 partition key', () => {
      const expected = vectors.map((vector) => vector.shardOfFour)
      expect(route(boundaries[4] ?? [], vectors)).toEqual(expected)
      for (const { key, hash } of vectors) {
        expect(route([0n, hash], [{ key }])).toEqual([1])
        expect(route([0n, hash + 1n], [{ key }])).toEqual([0])
      }
    })

    it('finds both ends of every range by explicit hash key', () => {
      for (const starts of Object.values(boundaries)) {
        const ends = [...starts.slice(1), hashKeyEnd].map((next) => next - 1n)
        const indices = starts.map((_, index) => index)
        expect(
          route(
            starts,
            starts.map((hashKey) => ({ hashKey })),
          ),
        ).toEqual(indices)
        expect(
          route(
            starts,
            ends.map((hashKey) => ({ hashKey })),
          ),
        ).toEqual(indices)
      }
    })

    it('lets the explicit hash key win over the partition key', () => {
      expect(route(boundaries[4] ?? [], [{ key: 'partitionKey1', hashKey: 0n }])).toEqual([0])
    })

    it('puts everything into a single range', () => {
      expect(route([0n], [{ key: 'a' }, { hashKey: hashKeyEnd - 1n }, { key: '' }])).toEqual([0, 0, 0])
    })

    it('leaves slots beyond the count alone', () => {
      expect(route([0n], [{ key: 'a' }, { key: 'b' }, { key: 'c' }], 2)).toEqual([0, 0, untouched])
      expect(route([0n], [{ key: 'a' }], 0)).toEqual([untouched])
    })

    it('hashes keys of every length around the block size of MD5', () => {
      for (let length = 0; length <= 200; length++) {
        const key = 'k'.repeat(length)
        const hash = BigInt(`0x${createHash('md5').update(key).digest('hex')}`)
        expect([length, ...route([0n, hash, hash + 1n], [{ key }])]).toEqual([length, 1])
      }
    })

    it('agrees with arithmetic on big integers for any ranges and keys', () => {
      const hashKey = fc.bigInt({ min: 0n, max: hashKeyEnd - 1n })
      const ranges = fc
        .uniqueArray(fc.bigInt({ min: 1n, max: hashKeyEnd - 1n }), { maxLength: 40 })
        .map((starts) => [0n, ...starts].toSorted((a, b) => (a < b ? -1 : 1)))
      const keyed = fc.record({ key: fc.string({ maxLength: 256, unit: 'grapheme' }) })
      const entries = fc.array(fc.oneof(keyed, fc.record({ key: fc.string(), hashKey })), { maxLength: 60 })
      fc.assert(
        fc.property(ranges, entries, (starts, batch: readonly Entry[]) => {
          const expected = batch.map((entry) => {
            const digest = createHash('md5')
              .update(entry.key ?? '')
              .digest('hex')
            const place = entry.hashKey ?? BigInt(`0x${digest}`)
            return starts.filter((start) => start <= place).length - 1
          })
          expect(route(starts, batch)).toEqual(expected)
        }),
        { numRuns: subject.options.runs ?? 100 },
      )
    })
  })
}
