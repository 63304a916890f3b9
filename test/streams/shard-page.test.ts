import { describe, expect, it } from 'vitest'
import { open } from '../../src/open.ts'
import type { Shard } from '../../src/streams/shard.ts'
import { iteratorOf, type ShardIterator } from '../../src/streams/shard-iterator.ts'
import { type PageSize, type ShardPage, shardPage } from '../../src/streams/shard-page.ts'
import { coreOf, type Stream } from '../../src/streams/stream.ts'
import type { StreamCore } from '../../src/streams/stream-core.ts'
import { type Answers, bothAnswers, openSubject, type Subject } from './subject.ts'

const MiB = 1024 * 1024
const dayMs = 86_400_000

interface Case extends Subject {
  readonly stream: Stream
  readonly core: StreamCore
  readonly shard: Shard
}

async function oneShard(answers: Answers, maxRecordBytes: number = MiB): Promise<Case> {
  const subject = await openSubject({ answers })
  const stream = await subject.store.createStream('s', { maxRecordBytes })
  const core = coreOf(stream)
  return { ...subject, stream, core, shard: core.shards[0] as Shard }
}

const batch = (count: number, bytes: number): { partitionKey: string; data: Uint8Array }[] =>
  Array.from({ length: count }, () => ({ partitionKey: 'key', data: new Uint8Array(bytes) }))

/** All pages from the oldest record on, up to the one that is empty or the last. */
async function pages(core: StreamCore, shard: Shard, size: PageSize = {}): Promise<ShardPage[]> {
  const found: ShardPage[] = []
  let next: ShardIterator | undefined = iteratorOf(shard, 1)
  while (next !== undefined) {
    const page: ShardPage = await shardPage(core, next, size)
    found.push(page)
    if (page.records === 0) break
    next = page.next
  }
  return found
}

describe.each(bothAnswers)('a page, engine answers %s', (answers) => {
  it('is empty where nothing is, and begins there again', async () => {
    const { core, shard } = await oneShard(answers)
    const at = iteratorOf(shard, 1)
    const page = await shardPage(core, at)
    expect(page).toMatchObject({ batches: [], records: 0, bytes: 0, millisBehindLatest: 0, next: at })
  })

  it('never waits: an engine that answers within the call gives it within the call', async () => {
    const { core, shard, stream } = await oneShard('direct')
    await stream.putBatch(batch(3, 10))
    expect(shardPage(core, iteratorOf(shard, 1))).not.toBeInstanceOf(Promise)
  })

  // 10,000 records: AWS API model, GetRecords
  it('holds 10,000 records at most, all of them if they are there', async () => {
    const { core, shard, stream } = await oneShard(answers)
    await stream.putBatch(batch(10_001, 3))
    const [first, second, third] = await pages(core, shard)
    expect([first?.records, second?.records, third?.records]).toEqual([10_000, 1, 0])
    expect(first?.bytes).toBe(60_000)
    expect(first?.batches.reduce((sum, { length }) => sum + length, 0)).toBe(10_000)
    expect((await pages(core, shard, { records: 1 })).length).toBe(10_002)
  })

  // 10 MiB: AWS API model, GetRecords; keys count, as in every limit
  it('holds 10 MiB of data and keys at most', async () => {
    const { core, shard, stream } = await oneShard(answers)
    for (let n = 0; n < 11; n++) await stream.putBatch(batch(16, MiB / 16 - 3))
    const found = await pages(core, shard)
    expect(found.map(({ bytes }) => bytes)).toEqual([10 * MiB, MiB, 0])
    await stream.put('key', new Uint8Array(1))
    const shifted = await shardPage(core, iteratorOf(shard, 17))
    expect(shifted.bytes).toBe(10 * MiB)
    expect(shifted.next?.offset).toBe(177)
  })

  it('does not hold a record that would make it too large, but always one', async () => {
    const { core, shard, stream } = await oneShard(answers, 10 * MiB)
    for (const bytes of [6 * MiB, 5 * MiB, 10 * MiB - 3]) await stream.put('key', new Uint8Array(bytes))
    const found = await pages(core, shard)
    expect(found.map(({ bytes }) => bytes)).toEqual([6 * MiB + 3, 5 * MiB + 3, 10 * MiB, 0])
    const small = await pages(core, shard, { bytes: 100 })
    expect(small.map(({ records }) => records)).toEqual([1, 1, 1, 0])
  })

  it('says how far the newest record is ahead, and 0 once none is unread', async () => {
    const { core, shard, stream, clock } = await oneShard(answers)
    for (let n = 0; n < 4; n++) {
      await stream.put('key', new Uint8Array(n))
      await clock.advance(1000)
    }
    await clock.advance(100_000)
    const found = await pages(core, shard, { records: 1 })
    expect(found.map(({ millisBehindLatest }) => millisBehindLatest)).toEqual([3000, 2000, 1000, 0, 0])
  })

  it('hides what expired to the millisecond', async () => {
    const { core, shard, stream, clock } = await oneShard(answers)
    for (let n = 0; n < 4; n++) {
      await stream.putBatch(batch(100, 20))
      await clock.advance(1000)
    }
    await clock.advance(dayMs - 4000)
    expect((await shardPage(core, iteratorOf(shard, 1))).records).toBe(400)
    await clock.advance(1)
    const page = await shardPage(core, iteratorOf(shard, 1), { records: 10 })
    expect(page.records).toBe(10)
    expect(page.batches[0]?.arrivedAtMs(0)).toBe(Date.UTC(2026, 0, 1) + 1000)
    await clock.advance(dayMs)
    expect(await shardPage(core, iteratorOf(shard, 1))).toMatchObject({ records: 0, millisBehindLatest: 0 })
  })

  it('ends when the shard is closed and all was read, and not before', async () => {
    const { core, shard, stream } = await oneShard(answers)
    await stream.putBatch(batch(3, 1))
    const before = await shardPage(core, iteratorOf(shard, 1))
    expect(before).toMatchObject({ records: 3, childShards: [] })
    await stream.splitShard(shard.id, '1000')
    const last = await shardPage(core, before.next as ShardIterator)
    expect([last.records, last.next]).toEqual([0, undefined])
    const found = await pages(core, shard, { records: 2 })
    expect(found.map(({ records, next }) => [records, next === undefined])).toEqual([
      [2, false],
      [1, true],
    ])
    const children = found.map(({ childShards }) => childShards.map(({ index }) => index))
    expect(children).toEqual([[], [1, 2]])
    await stream.mergeShards('shardId-000000000001', 'shardId-000000000002')
    for (const index of [1, 2]) {
      const child = core.table.at(index) as Shard
      const ids = (await shardPage(core, iteratorOf(child, 1))).childShards.map(({ id }) => id)
      expect(ids).toEqual(['shardId-000000000003'])
    }
  })

  it('does not end while nobody knows who takes over', async () => {
    const { core, shard, stream } = await oneShard(answers)
    await stream.putBatch(batch(3, 1))
    await (await shard.log()).seal()
    const page = await shardPage(core, iteratorOf(shard, 1))
    expect(page).toMatchObject({ records: 3, childShards: [], beingClosed: true })
    expect(page.next).toBeDefined()
    await stream.splitShard(shard.id, '1000')
    const last = await shardPage(core, page.next as ShardIterator)
    expect(last).toMatchObject({ records: 0, next: undefined, beingClosed: false })
    expect(last.childShards.length).toBe(2)
  })

  it('gives its memory back when it is released, and not before', async () => {
    const { core, shard, stream } = await oneShard(answers)
    await stream.put('key', new Uint8Array([1, 2, 3]))
    const page = await shardPage(core, iteratorOf(shard, 1))
    const other = await shardPage(core, iteratorOf(shard, 1))
    expect(page.batches[0]?.bytes(0)).toEqual(new Uint8Array([1, 2, 3]))
    other.release()
    other.release()
    expect(() => other.batches[0]?.bytes(0)).toThrow(
      expect.objectContaining({ code: 'ERR_MILLRACE_RELEASED' }),
    )
    const third = await shardPage(core, iteratorOf(shard, 1))
    expect(page.batches[0]?.bytes(0)).toEqual(new Uint8Array([1, 2, 3]))
    expect(third.batches[0]?.bytes(0)).toEqual(new Uint8Array([1, 2, 3]))
  })

  it('fails once the stream is gone', async () => {
    const { core, shard, store } = await oneShard(answers)
    await store.close()
    expect(() => shardPage(core, iteratorOf(shard, 1))).toThrow(
      expect.objectContaining({ code: 'ERR_MILLRACE_CLOSED' }),
    )
  })
})

it('reads on across the segments of the embedded engine', async () => {
  await using store = await open('memory:')
  const stream = await store.createStream('s')
  for (let n = 0; n < 20; n++) await stream.putBatch(batch(500, 997))
  const core = coreOf(stream)
  const page = await shardPage(core, iteratorOf(core.shards[0] as Shard, 1))
  expect([page.records, page.bytes]).toEqual([10_000, 10_000_000])
  const numbers = page.batches.flatMap((part) => [...part].map(({ sequenceNumber }) => sequenceNumber))
  expect(numbers).toEqual(numbers.toSorted())
  expect(new Set(numbers).size).toBe(10_000)
})
