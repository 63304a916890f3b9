import { describe, expect, it } from 'vitest'
import { aggregate } from '../../../src/aggregation.ts'
import type { SourceBatch, SourcePosition } from '../../../src/firehose/delivery-source.ts'
import { StreamSource } from '../../../src/firehose/sources/stream-source.ts'
import type { Stream } from '../../../src/streams/stream.ts'
import { testStore } from '../../../src/testing/test-store.ts'

/** Reads until nothing more comes; answers what was read, and the position behind it. */
async function drained(
  source: StreamSource,
  from: SourcePosition | undefined,
): Promise<{ texts: string[]; position: SourcePosition | undefined; batches: SourceBatch[] }> {
  const stop = new AbortController()
  const texts: string[] = []
  const batches: SourceBatch[] = []
  let position = from
  const reading = (async () => {
    for await (const batch of source.batches(from, stop.signal)) {
      texts.push(...batch.records.map(({ data }) => Buffer.from(data).toString()))
      batches.push({ ...batch, records: batch.records.map((record) => ({ ...record })) })
      position = batch.position
    }
  })().catch((error: unknown) => {
    if (!stop.signal.aborted) throw error
  })
  await Promise.race([source.caughtUp(stop.signal), reading])
  stop.abort()
  await reading
  return { texts, position, batches }
}

function sourceOf(stream: Stream, options: { fromMs?: number; direct?: boolean } = {}): StreamSource {
  return new StreamSource({ open: () => stream, fromMs: 0, direct: true, ...options })
}

describe('a source over a stream of the store', () => {
  it('hands out every record once, with a position behind each batch', async () => {
    await using store = await testStore()
    const stream = await store.createStream('clicks')
    for (const text of ['a', 'b', 'c']) await stream.put('key', Buffer.from(text))
    const { texts, position, batches } = await drained(sourceOf(stream), undefined)
    expect(texts).toEqual(['a', 'b', 'c'])
    expect(batches.at(-1)?.behindMs).toBe(0)
    await stream.put('key', Buffer.from('d'))
    expect((await drained(sourceOf(stream), position)).texts).toEqual(['d'])
  })

  it('leaves out what arrived before its beginning, also in shards that the position does not know', async () => {
    await using store = await testStore()
    const stream = await store.createStream('clicks', { shards: 4 })
    const keys = Array.from({ length: 32 }, (_, index) => `key-${index}`)
    await stream.putBatch(keys.map((partitionKey) => ({ partitionKey, data: Buffer.from('old') })))
    await store.advance(1000)
    const fromMs = store.clock.nowMs()
    await stream.put('key-0', Buffer.from('new'))
    const first = await drained(sourceOf(stream, { fromMs }), undefined)
    expect(first.texts).toEqual(['new'])
    expect(Object.keys(first.position ?? {})).toHaveLength(1)
    await stream.putBatch(keys.map((partitionKey) => ({ partitionKey, data: Buffer.from('newer') })))
    const second = await drained(sourceOf(stream, { fromMs }), first.position)
    expect(second.texts).toEqual(keys.map(() => 'newer'))
  })

  it('goes on from a position across splits and merges, parents first', async () => {
    await using store = await testStore()
    const stream = await store.createStream('clicks', { shards: 1 })
    const keys = Array.from({ length: 16 }, (_, index) => `key-${index}`)
    let position: SourcePosition | undefined
    const seen: string[] = []
    const round = async (text: string): Promise<void> => {
      await stream.putBatch(keys.map((partitionKey) => ({ partitionKey, data: Buffer.from(text) })))
      const read = await drained(sourceOf(stream), position)
      seen.push(...read.texts)
      position = read.position
    }
    await round('one')
    await stream.splitShard('shardId-000000000000', (2n ** 127n).toString())
    await round('two')
    expect(Object.keys(position ?? {})).toEqual(['shardId-000000000001', 'shardId-000000000002'])
    await stream.mergeShards('shardId-000000000001', 'shardId-000000000002')
    await round('three')
    expect(Object.keys(position ?? {})).toEqual(['shardId-000000000003'])
    expect(seen).toEqual(['one', 'two', 'three'].flatMap((text) => keys.map(() => text)))
  })

  it('tells what expired before it was read', async () => {
    await using store = await testStore()
    const stream = await store.createStream('clicks')
    await stream.put('key', Buffer.from('a'))
    const { position } = await drained(sourceOf(stream), undefined)
    await stream.put('key', Buffer.from('lost'))
    await store.advance({ hours: 25 })
    await stream.put('key', Buffer.from('b'))
    const { texts, batches } = await drained(sourceOf(stream), position)
    expect(texts).toEqual(['b'])
    expect(batches[0]?.gaps).toEqual([{ shardId: 'shardId-000000000000', recordsMax: 1 }])
  })

  it('tells that another stream has taken the place of its own, and reads that from its oldest record', async () => {
    await using store = await testStore()
    const first = await store.createStream('clicks')
    await first.put('key', Buffer.from('a'))
    const { position } = await drained(sourceOf(first), undefined)
    await store.deleteStream('clicks')
    await store.advance(5000)
    const second = await store.createStream('clicks')
    await second.put('key', Buffer.from('b'))
    const { texts, batches } = await drained(sourceOf(second), position)
    expect(texts).toEqual(['b'])
    expect(batches[0]?.gaps).toHaveLength(1)
  })

  it('opens records of the producer library, and says where each came from', async () => {
    await using store = await testStore()
    const stream = await store.createStream('clicks')
    const inner = ['one', 'two'].map((text) => ({ partitionKey: `key-${text}`, data: Buffer.from(text) }))
    await stream.put('outer', Buffer.from(aggregate(inner)))
    await stream.put('plain', Buffer.from('three'))
    const { texts, batches } = await drained(sourceOf(stream, { direct: false }), undefined)
    expect(texts).toEqual(['one', 'two', 'three'])
    const records = batches.flatMap((batch) => batch.records)
    expect(records.map(({ origin }) => origin)).toMatchObject([
      { partitionKey: 'key-one', subsequenceNumber: 0, shardId: 'shardId-000000000000' },
      { partitionKey: 'key-two', subsequenceNumber: 1 },
      { partitionKey: 'plain', subsequenceNumber: 0 },
    ])
    expect(records[0]?.origin?.sequenceNumber).toBe(records[1]?.origin?.sequenceNumber)
  })

  it('leaves records of direct puts as they are', async () => {
    await using store = await testStore()
    const stream = await store.createStream('clicks')
    const data = aggregate([{ partitionKey: 'key', data: Buffer.from('one') }])
    await stream.put('outer', data)
    const { batches } = await drained(sourceOf(stream, { direct: true }), undefined)
    expect(batches[0]?.records).toHaveLength(1)
    expect(batches[0]?.records[0]?.origin).toBeUndefined()
  })

  it('has caught up once the batch behind is asked for, and not while it is being handled', async () => {
    await using store = await testStore()
    const stream = await store.createStream('clicks')
    await stream.put('key', Buffer.from('a'))
    const stop = new AbortController()
    const source = sourceOf(stream)
    const batches = source.batches(undefined, stop.signal)
    await batches.next()
    const events: string[] = []
    const waiting = (async () => {
      await source.caughtUp(stop.signal)
      events.push('caught up')
    })()
    await new Promise((resolve) => setImmediate(resolve))
    events.push('asked')
    const next = batches.next()
    await waiting
    expect(events).toEqual(['asked', 'caught up'])
    stop.abort()
    await expect(next).rejects.toMatchObject({ name: 'AbortError' })
  })
})
