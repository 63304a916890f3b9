import { AssertionError } from 'node:assert'
import { describe, expect, it } from 'vitest'
import { formatSequenceNumber } from '../../src/streams/sequence-number.ts'
import { drain } from '../../src/testing/drain.ts'
import { type DeliveredRecord, expectOrderPerKey } from '../../src/testing/key-order.ts'
import { testStore } from '../../src/testing/test-store.ts'
import { bytesOf } from '../streams/subject.ts'

interface Delivered {
  readonly partitionKey: string
  readonly sequenceNumber: string
}

/** A record of a key, at a place. */
function record(
  partitionKey: string,
  shardIndex: number,
  offset: number,
  shardCreatedAtSeconds = 0,
): Delivered {
  const counter = BigInt(offset)
  return {
    partitionKey,
    sequenceNumber: formatSequenceNumber({ shardCreatedAtSeconds, shardIndex, counter, arrivedAtSeconds: 0 }),
  }
}

/** The same as the clients of AWS spell it. */
function spelt(offset: number): DeliveredRecord {
  const { partitionKey: PartitionKey, sequenceNumber: SequenceNumber } = record('a', 0, offset)
  return { PartitionKey, SequenceNumber, Data: new Uint8Array(0) } as DeliveredRecord
}

function messageOf(check: () => void): string {
  try {
    check()
  } catch (error) {
    expect(error).toBeInstanceOf(AssertionError)
    return (error as Error).message
  }
  throw new Error('nothing was thrown')
}

describe('expectOrderPerKey', () => {
  it('is content with what a stream holds, however its shards are mixed', async () => {
    await using store = await testStore()
    const stream = await store.createStream('clicks', { shards: 5 })
    for (let n = 0; n < 200; n++) await stream.put(`key-${n % 11}`, bytesOf(`${n}`))
    for (const explicitHashKey of ['0', String(2n ** 128n - 1n), '0'])
      await stream.put('a', bytesOf(''), { explicitHashKey })
    const records = await drain(stream)
    expectOrderPerKey(records)
    expect(() => expectOrderPerKey(records.toReversed())).toThrow(AssertionError)
  })

  it('is content with nothing', () => {
    expect(() => expectOrderPerKey([])).not.toThrow()
  })

  it('compares the records of one key only', () => {
    const mixed = [record('a', 0, 5), record('b', 0, 2), record('a', 0, 6), record('b', 0, 3)]
    expect(() => expectOrderPerKey(mixed)).not.toThrow()
  })

  it('names the key and both records', () => {
    const [first, second] = [record('a', 0, 5), record('a', 0, 4)] as const
    const message = messageOf(() => expectOrderPerKey([first, record('b', 0, 9), second]))
    expect(message).toBe(
      `the records of "a" are out of order: records[2] (${second.sequenceNumber}) follows records[0] ` +
        `(${first.sequenceNumber}), but it was stored earlier`,
    )
  })

  it('finds a record that comes twice, unless that may be', () => {
    const records = [record('a', 0, 1), record('a', 0, 2), record('a', 0, 1), record('a', 0, 3)]
    expect(messageOf(() => expectOrderPerKey(records))).toMatch(/but it had been delivered before$/)
    expectOrderPerKey(records, { duplicates: 'allow' })
    const late = [...records, record('a', 0, 5), record('a', 0, 4)]
    expect(messageOf(() => expectOrderPerKey(late, { duplicates: 'allow' }))).toMatch(/stored earlier$/)
  })

  it('follows a key from a shard to its children, and not back', () => {
    const moved = [record('a', 0, 7), record('a', 2, 1, 9), record('a', 2, 2, 9), record('a', 1, 1, 10)]
    expect(() => expectOrderPerKey(moved)).not.toThrow()
    expect(messageOf(() => expectOrderPerKey([...moved, record('a', 0, 8)]))).toMatch(/was stored earlier$/)
  })

  it('is content with what a reader follows through reshards', async () => {
    await using store = await testStore()
    const stream = await store.createStream('clicks', { shards: 2 })
    for (const count of [4, 2, 3, 2]) {
      for (let n = 0; n < 50; n++) await stream.put(`key-${n % 7}`, bytesOf(`${n}`))
      await stream.updateShardCount(count)
    }
    const records = await drain(stream)
    expect(records).toHaveLength(200)
    expect(() => expectOrderPerKey(records)).not.toThrow()
    const [first, ...rest] = records as [(typeof records)[0], ...typeof records]
    expect(() => expectOrderPerKey([...rest, first])).toThrow(AssertionError)
  })

  it('expects no order between records of one key that hash keys sent different ways', () => {
    const [low, high] = ['0', '9'].map((explicitHashKey) => ({ explicitHashKey }))
    const sent = [1, 2, 3].flatMap((offset) => [
      { ...record('a', 0, offset), ...low },
      { ...record('a', 1, offset), ...high },
    ])
    expectOrderPerKey(sent)
    expect(messageOf(() => expectOrderPerKey(sent.toReversed()))).toMatch(/stored earlier$/)
  })

  it('expects no order of records without a partition key, but each of them once', () => {
    const keyless = [2, 1, 3].map((offset) => record('', 0, offset))
    expect(() => expectOrderPerKey(keyless)).not.toThrow()
    expect(messageOf(() => expectOrderPerKey([...keyless, record('', 0, 2)]))).toMatch(/delivered before$/)
  })

  it('compares by what the producer counted, if asked', () => {
    const counted = [3, 1].map((n, index) => ({ ...record('a', 0, index + 1), n }))
    expectOrderPerKey(counted)
    expect(messageOf(() => expectOrderPerKey(counted, { by: ({ n }) => n }))).toMatch(
      /1 does not come after 3$/,
    )
  })

  it('takes records as the clients of AWS spell them', () => {
    const [one, two] = [spelt(1), spelt(2)]
    expectOrderPerKey([one, two])
    expect(() => expectOrderPerKey([two, one])).toThrow(AssertionError)
  })

  it.each([
    [[{}], /records\[0\].sequenceNumber must be a sequence number/],
    [[null], /records\[0\] must be a record/],
    [[{ partitionKey: 7 }], /records\[0\].partitionKey must be a string/],
    [[{ partitionKey: 'a', sequenceNumber: '7x' }], /records\[0\].sequenceNumber must be a sequence number/],
    [[{ PartitionKey: 'a' }], /records\[0\].sequenceNumber must be a sequence number/],
  ])('refuses %o', (records, message) => {
    expect(() => expectOrderPerKey(records as DeliveredRecord[])).toThrow(message)
  })
})
