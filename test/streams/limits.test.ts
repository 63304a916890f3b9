import { describe, expect, it } from 'vitest'
import { open } from '../../src/open.ts'
import type { LimitEvent, LimitsMode } from '../../src/streams/limits.ts'
import { polledIterator, polledPage } from '../../src/streams/polling.ts'
import type { PutResult } from '../../src/streams/put.ts'
import type { Shard } from '../../src/streams/shard.ts'
import { iteratorOf } from '../../src/streams/shard-iterator.ts'
import type { ShardPage } from '../../src/streams/shard-page.ts'
import { insideOf } from '../../src/streams/store.ts'
import { coreOf, type Stream } from '../../src/streams/stream.ts'
import type { StreamCore } from '../../src/streams/stream-core.ts'
import { type Answers, bothAnswers, bytesOf, collect, openSubject, type Subject } from './subject.ts'

const MiB = 1024 * 1024
const dayMs = 86_400_000
const shardId = 'shardId-000000000000'

interface Case extends Subject {
  readonly stream: Stream
  readonly core: StreamCore
  readonly shard: Shard
  readonly events: LimitEvent[]
}

async function limited(limits: LimitsMode, answers: Answers = 'direct', shards = 1): Promise<Case> {
  const events: LimitEvent[] = []
  const onLimit = (event: LimitEvent): number => events.push(event)
  const subject = await openSubject({ answers, limits, ...(limits === 'off' ? {} : { onLimit }) })
  const stream = await subject.store.createStream('s', { shards })
  const core = coreOf(stream)
  return { ...subject, stream, core, shard: core.shards[0] as Shard, events }
}

interface Entry {
  readonly partitionKey: string
  readonly data: Uint8Array
}

const entries = (count: number, bytes: number, key: (n: number) => string = () => 'k'): Entry[] =>
  Array.from({ length: count }, (_, n) => ({ partitionKey: key(n), data: new Uint8Array(bytes) }))

/** Which entries were refused. */
const refusedOf = (results: readonly PutResult[]): number[] =>
  results.flatMap((result, entry) => (result.ok ? [] : [entry]))

async function records(stream: Stream): Promise<number> {
  return (await collect(stream.read({ from: 'oldest', until: 'tail' }))).length
}

describe.each(bothAnswers)('limits that are enforced, engine answers %s', (answers) => {
  it('refuse the entries of a batch that are too many, in the order of the entries, and store the others', async () => {
    const { stream, clock } = await limited('enforce', answers)
    const results = await stream.putBatch(entries(1003, 1))
    expect(refusedOf(results)).toEqual([1000, 1001, 1002])
    expect(results[1000]).toMatchObject({
      ok: false,
      error: {
        code: 'ERR_MILLRACE_THROTTLED',
        details: { limit: 'write-records', perSecond: 1000, stream: 's', shardId, operation: 'put' },
      },
    })
    expect(await records(stream)).toBe(1000)
    await clock.advance(1)
    expect(refusedOf(await stream.putBatch(entries(2, 1)))).toEqual([1])
    await clock.advance(1000)
    expect(refusedOf(await stream.putBatch(entries(1000, 1)))).toEqual([])
  })

  it('let smaller entries through behind one that is too large for the moment', async () => {
    const { stream } = await limited('enforce', answers)
    const sizes = [0.6, 0.6, 0.3, 0.2, 0.05].map((part) => Math.floor(part * MiB))
    const batch = sizes.map((bytes) => ({ partitionKey: 'k', data: new Uint8Array(bytes) }))
    const results = await stream.putBatch(batch)
    expect(refusedOf(results)).toEqual([1, 3])
    expect(results[1]).toMatchObject({ error: { details: { limit: 'write-bytes', perSecond: MiB } } })
    const stored = await collect(stream.read({ from: 'oldest', until: 'tail' }))
    expect(stored.map(({ data }) => data.length)).toEqual([sizes[0], sizes[2], sizes[4]])
    expect(results.flatMap((result) => (result.ok ? [result.sequenceNumber] : []))).toEqual(
      stored.map(({ sequenceNumber }) => sequenceNumber),
    )
  })

  it('judge each shard for itself', async () => {
    const { stream, core } = await limited('enforce', answers, 2)
    const results = await stream.putBatch(entries(2200, 1, (n) => `key ${n}`))
    const refused = refusedOf(results)
    const stats = await stream.stats()
    expect(stats.shards.map(({ recordsMax }) => recordsMax)).toEqual([1000, 1000])
    expect(refused.length).toBe(200)
    const shards = refused.map((entry) => (results[entry] as { error: { details: object } }).error.details)
    expect(new Set(shards.map((details) => (details as { shardId: string }).shardId)).size).toBe(2)
    expect(core.shards.length).toBe(2)
  })

  it('refuse puts one by one, and writable streams', async () => {
    const { stream, clock } = await limited('enforce', answers)
    const puts = await Promise.allSettled(Array.from({ length: 1001 }, () => stream.put('k', bytesOf('x'))))
    expect(puts.filter(({ status }) => status === 'rejected')).toMatchObject([
      { reason: { code: 'ERR_MILLRACE_THROTTLED', details: { limit: 'write-records' } } },
    ])
    if (answers === 'direct') {
      expect(() => stream.append('k', bytesOf('x'))).toThrow(
        expect.objectContaining({ code: 'ERR_MILLRACE_THROTTLED' }),
      )
      await clock.advance(1)
      expect(stream.append('k', bytesOf('x')).ok).toBe(true)
    }
    await clock.advance(1000)
    const writer = stream.writableStream().getWriter()
    writer.closed.catch(() => {})
    for (const entry of entries(1000, 1)) await writer.write(entry)
    await writer.write({ partitionKey: 'k', data: bytesOf('x') }).catch(() => {})
    await expect(writer.close()).rejects.toMatchObject({
      code: 'ERR_MILLRACE_THROTTLED',
      details: { entry: 1000 },
    })
  })

  it('refuse the sixth GetShardIterator and GetRecords of a second', async () => {
    const { stream, core, shard, clock } = await limited('enforce', answers)
    await stream.put('k', bytesOf('x'))
    for (let n = 0; n < 5; n++) {
      const iterator = await polledIterator(core, shard, { from: 'oldest' })
      expect((await polledPage(core, iterator)).records).toBe(1)
    }
    for (const [attempt, limit] of [
      [() => polledIterator(core, shard, { from: 'oldest' }), 'iterator-calls'],
      [() => polledPage(core, iteratorOf(shard, 1)), 'read-calls'],
    ] as const) {
      expect(attempt).toThrow(
        expect.objectContaining({
          code: 'ERR_MILLRACE_THROTTLED',
          details: expect.objectContaining({ limit, perSecond: 5, shardId }),
        }),
      )
    }
    await clock.advance(200)
    expect((await polledPage(core, iteratorOf(shard, 1))).records).toBe(1)
    expect(await records(stream)).toBe(1) // read() is not limited
  })

  it('end reading for five seconds after 10 MiB', async () => {
    const { stream, core, shard, clock } = await limited('enforce', answers)
    for (let n = 0; n < 11; n++) {
      expect((await stream.putBatch(entries(1, MiB - 1)))[0]?.ok).toBe(true)
      await clock.advance(1000)
    }
    const page = await polledPage(core, iteratorOf(shard, 1))
    expect(page.bytes).toBe(10 * MiB)
    const next = async (): Promise<ShardPage> => polledPage(core, page.next ?? iteratorOf(shard, 1))
    await clock.advance(4999)
    await expect(next()).rejects.toMatchObject({ details: { limit: 'read-bytes', perSecond: 2 * MiB } })
    await clock.advance(1)
    expect((await next()).records).toBe(1)
  })

  it('refuse a consumer that subscribes to a shard twice in a second', async () => {
    const { core, shard, clock } = await limited('enforce', answers)
    const subscribe = (consumer: string): Promise<unknown> =>
      core.subscriptions.open(shard, { consumer, start: { from: 'latest' } })
    await subscribe('a')
    await subscribe('b')
    await expect(subscribe('a')).rejects.toMatchObject({ details: { limit: 'subscribe-calls' } })
    await clock.advance(1000)
    await expect(subscribe('a')).rejects.toMatchObject({ code: 'ERR_MILLRACE_SUBSCRIBED' })
  })

  it('come back after a day as after a second', async () => {
    const { stream, clock } = await limited('enforce', answers)
    expect(refusedOf(await stream.putBatch(entries(1001, 1)))).toEqual([1000])
    await clock.advance(dayMs)
    expect(refusedOf(await stream.putBatch(entries(1001, 1)))).toEqual([1000])
  })
})

describe('calls of the control plane', () => {
  const call = {
    operation: 'DescribeLimits',
    account: '000000000000',
    region: 'us-east-1',
    streamName: undefined,
  }

  it('are refused by name where limits are enforced', async () => {
    const { store, events, clock } = await limited('enforce')
    const { limits } = insideOf(store)
    limits?.call(call)
    expect(() => limits?.call(call)).toThrow(
      expect.objectContaining({
        code: 'ERR_MILLRACE_THROTTLED',
        details: expect.objectContaining({ limit: 'api-calls', operation: 'DescribeLimits', perSecond: 1 }),
      }),
    )
    expect(events).toMatchObject([{ refused: true, limit: 'api-calls', records: 0, atMs: clock.nowMs() }])
    await clock.advance(1000)
    limits?.call(call)
  })

  it('are told of where they are reported', async () => {
    const { store, events } = await limited('report')
    insideOf(store).limits?.call(call)
    insideOf(store).limits?.call(call)
    expect(events).toMatchObject([{ refused: false, limit: 'api-calls', operation: 'DescribeLimits' }])
  })
})

function failOn({ limit }: LimitEvent): never {
  throw new Error(limit)
}

describe('limits that are reported', () => {
  it('refuse nothing, and tell what AWS would have refused', async () => {
    const { stream, events, clock } = await limited('report')
    const results = await stream.putBatch([
      ...entries(999, 1),
      ...entries(3, 9, (n) => (n === 1 ? 'hot' : 'k')),
    ])
    expect(refusedOf(results)).toEqual([])
    expect(await records(stream)).toBe(1002)
    const facts = {
      refused: false,
      limit: 'write-records',
      perSecond: 1000,
      operation: 'put',
      account: '000000000000',
      region: 'us-east-1',
      streamName: 's',
      shardId,
      atMs: clock.nowMs(),
    }
    expect(events).toEqual([
      { ...facts, partitionKey: 'hot', records: 1, bytes: 12 },
      { ...facts, partitionKey: 'k', records: 1, bytes: 10 },
    ])
    await clock.advance(1)
    await stream.put('k', new Uint8Array(0))
    expect(events.length).toBe(2) // what would have been refused has used up nothing
    await stream.putBatch(entries(3, 1, () => 'hot'))
    expect(stream.limitReport()).toEqual({
      mode: 'report',
      shards: [
        {
          shardId,
          limits: { 'write-records': { times: 5, bytes: 12 + 10 + 12 } },
          partitionKeys: [
            { partitionKey: 'hot', records: 4, recordsMin: 4, bytes: 24 },
            { partitionKey: 'k', records: 1, recordsMin: 1, bytes: 10 },
          ],
        },
      ],
    })
  })

  it('count calls, and let them through', async () => {
    const { stream, core, shard, events } = await limited('report')
    for (let n = 0; n < 7; n++) await polledPage(core, await polledIterator(core, shard, { from: 'oldest' }))
    expect(stream.limitReport().shards).toEqual([
      {
        shardId,
        limits: { 'iterator-calls': { times: 2, bytes: 0 }, 'read-calls': { times: 2, bytes: 0 } },
        partitionKeys: [],
      },
    ])
    expect(events.map(({ operation, refused }) => [operation, refused])).toEqual([
      ['GetShardIterator', false],
      ['GetRecords', false],
      ['GetShardIterator', false],
      ['GetRecords', false],
    ])
  })

  it('keep 32 partition keys of a shard, the worst', async () => {
    const { stream } = await limited('report')
    await stream.putBatch(entries(1000, 1))
    await stream.putBatch(entries(500, 1, (n) => (n % 5 === 0 ? 'hot' : `cold ${n}`)))
    const [shard] = stream.limitReport().shards
    expect(shard?.partitionKeys.length).toBe(32)
    expect(shard?.partitionKeys[0]?.partitionKey).toBe('hot')
    expect(shard?.limits['write-records']?.times).toBe(500)
  })

  it('survive a listener that throws', async () => {
    const thrown: unknown[] = []
    const catchIt = (error: unknown): number => thrown.push(error)
    const handlers = process.listeners('uncaughtException')
    process.removeAllListeners('uncaughtException')
    process.once('uncaughtException', catchIt)
    const { store } = await openSubject({ limits: 'report', onLimit: failOn })
    const stream = await store.createStream('s')
    expect(refusedOf(await stream.putBatch(entries(1001, 1)))).toEqual([])
    await new Promise((resolve) => setImmediate(resolve))
    for (const handler of handlers) process.on('uncaughtException', handler)
    expect(thrown).toEqual([new Error('write-records')])
  })
})

describe('limits that are off', () => {
  it('are not there', async () => {
    const { stream, core, shard } = await limited('off')
    expect(refusedOf(await stream.putBatch(entries(3000, 1000)))).toEqual([])
    for (let n = 0; n < 9; n++) await polledPage(core, await polledIterator(core, shard, { from: 'oldest' }))
    expect(core.limits).toBeUndefined()
    expect(stream.limitReport()).toEqual({ mode: 'off', shards: [] })
  })

  it('are the default', async () => {
    await using store = await open('memory:')
    expect((await store.createStream('s')).limitReport().mode).toBe('off')
  })
})

it('hold on the embedded engine, whose records may go a shorter way', async () => {
  await using store = await open('memory:', { limits: 'enforce' })
  const stream = await store.createStream('s')
  let stored = 0
  const attempt = (): void => {
    for (let n = 0; n < 5000; n++) {
      stream.append('k', new Uint8Array(1))
      stored += 1
    }
  }
  expect(attempt).toThrow(expect.objectContaining({ code: 'ERR_MILLRACE_THROTTLED' }))
  expect(stored).toBeGreaterThanOrEqual(1000)
  expect(await records(stream)).toBe(stored)
})
