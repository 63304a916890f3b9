import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ApiRates, apiRates } from '../../src/streams/api-rates.ts'
import { HeavyKeys } from '../../src/streams/heavy-keys.ts'
import { JudgedWrites } from '../../src/streams/judged-writes.ts'
import { ownBuckets } from '../../src/streams/own-buckets.ts'
import { type ShardLimit, ShardLimits } from '../../src/streams/shard-limits.ts'

const MiB = 1024 * 1024

/** The limits of a shard that is put to record by record. */
class OneShard extends ShardLimits {
  constructor() {
    super(ownBuckets, 'shard')
  }

  one(bytes: number, recordBytesMax: number, nowMs: number): ShardLimit | undefined {
    const writes = new JudgedWrites()
    writes.clear(1)
    writes.add(bytes)
    this.write(writes, recordBytesMax, nowMs)
    return writes.refusal(0)
  }
}

describe('what a shard takes', () => {
  // 1,000 records/s: AWS API model, PutRecords
  it('is 1,000 records in a second', () => {
    const limits = new OneShard()
    const write = (nowMs: number): string | undefined => limits.one(10, MiB, nowMs)
    for (let n = 0; n < 1000; n++) expect(write(0)).toBeUndefined()
    expect(write(0)).toBe('write-records')
    expect(write(1)).toBeUndefined()
    expect(write(1)).toBe('write-records')
    expect(write(3)).toBeUndefined()
  })

  // 1 MiB/s: AWS API model, PutRecords
  it('is 1 MiB in a second', () => {
    const limits = new OneShard()
    const half = MiB / 2
    expect(limits.one(half, MiB, 0)).toBeUndefined()
    expect(limits.one(half, MiB, 0)).toBeUndefined()
    expect(limits.one(1, MiB, 0)).toBe('write-bytes')
    expect(limits.one(half, MiB, 499)).toBe('write-bytes')
    expect(limits.one(half, MiB, 500)).toBeUndefined()
  })

  // AWS documents bursts of large records, not their shape
  it('is one record of the largest size after a quiet time, paid for at 1 MiB in a second', () => {
    const limits = new OneShard()
    const largest = 10 * MiB
    expect(limits.one(largest, largest, 0)).toBeUndefined()
    expect(limits.one(largest, largest, 9999)).toBe('write-bytes')
    expect(limits.one(largest, largest, 10_000)).toBeUndefined()
    expect(limits.one(MiB, largest, 10_999)).toBe('write-bytes')
    expect(limits.one(MiB, largest, 11_000)).toBeUndefined()
    expect(limits.one(largest, largest, 1_000_000)).toBeUndefined()
  })

  it('never exceeds either limit over any stretch of time, and refuses nothing that fits both', () => {
    const steps = fc.array(
      fc.record({ elapsedMs: fc.integer({ min: 0, max: 400 }), bytes: fc.integer({ min: 1, max: MiB }) }),
      { maxLength: 80, size: 'max' },
    )
    fc.assert(
      fc.property(steps, (puts) => {
        const limits = new OneShard()
        const taken: { readonly atMs: number; readonly bytes: number }[] = []
        let nowMs = 0
        let there = MiB
        for (const { elapsedMs, bytes } of puts) {
          nowMs += elapsedMs
          there = Math.min(MiB, there + (elapsedMs * MiB) / 1000)
          const refusal = limits.one(bytes, MiB, nowMs)
          expect(refusal === undefined).toBe(bytes <= there)
          if (refusal !== undefined) continue
          there -= bytes
          taken.push({ atMs: nowMs, bytes })
        }
        for (const [from, first] of taken.entries()) {
          let sum = 0
          for (const { atMs, bytes } of taken.slice(from)) {
            sum += bytes
            expect(sum).toBeLessThanOrEqual(MiB + ((atMs - first.atMs) * MiB) / 1000)
          }
        }
      }),
    )
  })
})

describe('what a shard gives', () => {
  // 5 calls/s: AWS API model, GetRecords and GetShardIterator
  it('is five calls of each kind in a second', () => {
    const limits = new OneShard()
    for (let n = 0; n < 5; n++) {
      expect(limits.read(0)).toBeUndefined()
      expect(limits.iterator(0)).toBeUndefined()
    }
    expect([limits.read(199), limits.iterator(199)]).toEqual(['read-calls', 'iterator-calls'])
    expect([limits.read(200), limits.iterator(200)]).toEqual([undefined, undefined])
  })

  // "within the next five seconds": AWS API model, GetRecords
  it('is nothing for five seconds after 10 MiB', () => {
    const limits = new OneShard()
    expect(limits.read(0)).toBeUndefined()
    limits.returned(10 * MiB, 0)
    expect(limits.read(4999)).toBe('read-bytes')
    expect(limits.read(5000)).toBeUndefined()
    limits.returned(2 * MiB, 5000)
    expect(limits.read(5000)).toBeUndefined()
  })

  // "within the next one second": AWS API model, GetRecords
  it('is nothing for a second after 4 MiB in one call', () => {
    const limits = new OneShard()
    limits.returned(4 * MiB, 0)
    expect(limits.read(999)).toBe('read-bytes')
    expect(limits.read(1000)).toBeUndefined()
  })

  // "within the next one second": AWS API model, GetRecords
  it('is nothing for a second after more than 2 MiB in several calls', () => {
    const limits = new OneShard()
    limits.returned(1.5 * MiB, 0)
    expect(limits.read(0)).toBeUndefined()
    limits.returned(1.5 * MiB, 0)
    expect(limits.read(999)).toBe('read-bytes')
    expect(limits.read(1000)).toBeUndefined()
  })

  it('does not stay blocked when the clock is set back', () => {
    const limits = new OneShard()
    limits.returned(10 * MiB, 10_000_000)
    expect(limits.read(1000)).toBe('read-bytes')
    expect(limits.read(6000)).toBeUndefined()
  })
})

describe('how often an operation may be called', () => {
  const call = { account: '000000000000', region: 'us-east-1', streamName: 's' }

  // AWS API model, each operation
  it.each([
    ['DescribeLimits', 1],
    ['CreateStream', 5],
    ['SplitShard', 5],
    ['DescribeStream', 10],
    ['UpdateShardCount', 10],
    ['DescribeStreamSummary', 20],
    ['DescribeStreamConsumer', 20],
    ['ListShards', 1000],
  ])('%s: %d in a second', (operation, rate) => {
    const rates = new ApiRates(ownBuckets)
    for (let n = 0; n < rate; n++) expect(rates.call({ ...call, operation }, 0)).toBeUndefined()
    expect(rates.call({ ...call, operation }, 0)).toMatchObject({ perSecond: rate })
    expect(rates.call({ ...call, operation }, 1000 / rate)).toBeUndefined()
  })

  it('is counted for each account and region, and for each stream where AWS says so', () => {
    const rates = new ApiRates(ownBuckets)
    const limits = { ...call, operation: 'DescribeLimits' }
    expect(rates.call(limits, 0)).toBeUndefined()
    expect(rates.call({ ...limits, streamName: 'other' }, 0)).toBeDefined()
    expect(rates.call({ ...limits, region: 'eu-west-1' }, 0)).toBeUndefined()
    expect(rates.call({ ...limits, account: '111111111111' }, 0)).toBeUndefined()
    const list = { ...call, operation: 'ListShards' }
    for (let n = 0; n < 1000; n++) rates.call(list, 0)
    expect(rates.call(list, 0)).toBeDefined()
    expect(rates.call({ ...list, streamName: 'other' }, 0)).toBeUndefined()
  })

  it('is not limited for what the shards limit, and names that objects have anyway', () => {
    const rates = new ApiRates(ownBuckets)
    for (const operation of ['PutRecords', 'GetRecords', 'constructor', '__proto__']) {
      for (let n = 0; n < 2000; n++) expect(rates.call({ ...call, operation }, 0)).toBeUndefined()
    }
  })

  it('is remembered for thousands of streams, and no longer than it matters', () => {
    const rates = new ApiRates(ownBuckets)
    for (let n = 0; n < 5000; n++) {
      rates.call({ ...call, operation: 'ListShards', streamName: `s${n}` }, 10 * n)
    }
    expect(rates.remembered).toBeLessThan(1000)
  })

  it('has a rate for 40 operations: the other five are limited by the shard', () => {
    expect(Object.keys(apiRates).length).toBe(40)
  })
})

describe('the keys that are refused most', () => {
  it('are counted exactly while they are few', () => {
    const keys = new HeavyKeys(3)
    for (const [key, records] of [
      ['a', 1],
      ['b', 5],
      ['a', 2],
      ['c', 4],
    ] as const)
      keys.add(key, records, 10)
    expect(keys.list()).toEqual([
      { partitionKey: 'b', records: 5, recordsMin: 5, bytes: 10 },
      { partitionKey: 'c', records: 4, recordsMin: 4, bytes: 10 },
      { partitionKey: 'a', records: 3, recordsMin: 3, bytes: 20 },
    ])
  })

  it('are among those that are listed, with bounds that hold, however many there are', () => {
    const skewed = fc.array(fc.oneof(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 500 })), {
      maxLength: 2000,
      size: 'max',
    })
    fc.assert(
      fc.property(skewed, (refused) => {
        const keys = new HeavyKeys(8)
        const exact = new Map<string, number>()
        for (const key of refused.map(String)) {
          keys.add(key, 1, 1)
          exact.set(key, (exact.get(key) ?? 0) + 1)
        }
        const listed = keys.list()
        expect(listed.length).toBeLessThanOrEqual(8)
        for (const { partitionKey, records, recordsMin } of listed) {
          const count = exact.get(partitionKey) ?? 0
          expect(recordsMin).toBeLessThanOrEqual(count)
          expect(records).toBeGreaterThanOrEqual(count)
        }
        for (const [key, count] of exact) {
          if (count <= refused.length / 8) continue
          expect(listed.map(({ partitionKey }) => partitionKey)).toContain(key)
        }
      }),
    )
  })
})

describe('records that are larger than what a second brings', () => {
  const large = 10 * 1024 * 1024

  it('takes one of the largest at once, from a shard that nobody has put to', () => {
    expect(new OneShard().one(large, large, 0)).toBeUndefined()
  })

  it('counts quiet time towards a larger limit of a record', () => {
    const limits = new OneShard()
    expect(limits.one(1024, 1024 * 1024, 0)).toBeUndefined()
    expect(limits.one(large, large, 5_000)).toBe('write-bytes')
    expect(limits.one(large, large, 10_000)).toBeUndefined()
  })
})
