import { describe, expect, it } from 'vitest'
import { awsRequestHandler } from '../../../src/aws/index.ts'
import type { SourcePosition } from '../../../src/firehose/delivery-source.ts'
import { EndpointSource } from '../../../src/firehose/sources/endpoint-source.ts'
import type { Stream } from '../../../src/streams/stream.ts'
import { type TestStore, testStore } from '../../../src/testing/test-store.ts'

const endpoint = {
  region: 'us-east-1',
  credentials: { accessKeyId: '000000000000', secretAccessKey: 'none' },
}

function sourceOf(store: TestStore, stream: Stream, fromMs = 0): EndpointSource {
  return new EndpointSource({
    streamArn: stream.arn,
    fromMs,
    endpoint,
    clock: store.clock,
    random: () => 0,
    requestHandler: awsRequestHandler(store),
  })
}

/** Reads so many records. */
async function taken(
  source: EndpointSource,
  from: SourcePosition | undefined,
  count: number,
): Promise<{ texts: string[]; position: SourcePosition | undefined }> {
  const stop = new AbortController()
  const texts: string[] = []
  let position = from
  for await (const batch of source.batches(from, stop.signal)) {
    texts.push(...batch.records.map(({ data }) => Buffer.from(data).toString()))
    position = batch.position
    if (texts.length >= count) break
  }
  stop.abort()
  await source.close()
  return { texts, position }
}

describe('a source over a Kinesis elsewhere', () => {
  it('goes on behind a position, across a split, parents first', async () => {
    await using store = await testStore()
    const stream = await store.createStream('clicks')
    const keys = Array.from({ length: 8 }, (_, index) => `key-${index}`)
    const put = (text: string): Promise<unknown> =>
      stream.putBatch(keys.map((partitionKey) => ({ partitionKey, data: Buffer.from(text) })))
    await put('one')
    const first = await taken(sourceOf(store, stream), undefined, 8)
    expect(first.texts).toEqual(keys.map(() => 'one'))
    await put('two')
    await stream.splitShard('shardId-000000000000', (2n ** 127n).toString())
    await put('three')
    const second = await taken(sourceOf(store, stream), first.position, 16)
    expect(second.texts).toEqual([...keys.map(() => 'two'), ...keys.map(() => 'three')])
    expect(Object.keys(second.position ?? {})).toEqual(['shardId-000000000001', 'shardId-000000000002'])
  })

  it('asks a shard that has nothing once a second, however much another one has', async () => {
    await using store = await testStore()
    const stream = await store.createStream('clicks', { shards: 2 })
    const handler = awsRequestHandler(store)
    let calls = 0
    const requestHandler = {
      handle: (...parameters: Parameters<typeof handler.handle>) => {
        if (parameters[0].headers['x-amz-target']?.endsWith('.GetRecords') === true) calls += 1
        return handler.handle(...parameters)
      },
    }
    const clock = store.clock
    const host = { streamArn: stream.arn, fromMs: 0, endpoint, clock, random: () => 0, requestHandler }
    const source = new EndpointSource(host)
    const stop = new AbortController()
    const put = (): Promise<unknown> => stream.put('key', Buffer.from('a'))
    await put()
    let batches = 0
    for await (const batch of source.batches(undefined, stop.signal)) {
      batches += batch.records.length
      if (batches === 20) break
      await put()
    }
    await source.close()
    expect(calls).toBeLessThanOrEqual(21)
  })

  it('leaves out what arrived before its beginning', async () => {
    await using store = await testStore()
    const stream = await store.createStream('clicks')
    await stream.put('key', Buffer.from('old'))
    await store.advance(2000)
    await stream.put('key', Buffer.from('new'))
    const { texts } = await taken(sourceOf(store, stream, store.clock.nowMs()), undefined, 1)
    expect(texts).toEqual(['new'])
  })

  it('asks again after a second where there is nothing, and waits for throttles', async () => {
    await using store = await testStore({ limits: 'enforce' })
    const stream = await store.createStream('clicks')
    await store.advance(10_000)
    const reading = taken(sourceOf(store, stream), undefined, 1)
    for (let turn = 0; turn < 5; turn++) await store.advance(400)
    await stream.put('key', Buffer.from('a'))
    let over = false
    void reading.finally(() => {
      over = true
    })
    for (let turn = 0; turn < 100 && !over; turn++) await store.advance(500)
    expect((await reading).texts).toEqual(['a'])
  })
})
