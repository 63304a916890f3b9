import { consumerStatus, streamStatus } from '../streams/status.ts'
import { describeShard, describeStream } from '../streams/description.ts'
import { describeConsumers, presentConsumers } from '../streams/consumers.ts'
import type { ConsoleTarget, ConsoleVisitor } from './console-access.ts'
import { type DeliveryRow, maySee } from './console-deliveries.ts'
import type { ConsoleFeed, ShardSample, StoreSample, StreamSample } from './console-feed.ts'
import { serverSentEvent } from './server-sent-events.ts'

/** Streams of one event, at most; what is beyond comes with the next one. */
const streamsOfEvent = 2_000

/**
 * All streams that a visitor may see, as events `sample`: the time, what changed since the last event, and what is gone; and
 * all delivery streams, the same way, as events `deliveries`.
 */
export async function* storeEvents(
  feed: ConsoleFeed,
  visitor: ConsoleVisitor,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  const watch = feed.watch(signal)
  const sent = new Map<string, string>()
  const told = new Map<string, string>()
  try {
    for (let sample = await watch.next(); sample !== undefined; sample = await watch.next()) {
      const changed: StreamRow[] = []
      for (const stream of sample.streams.values()) {
        if (changed.length >= streamsOfEvent) break
        if (!visitor.may('any', stream.state.key)) continue
        const row = streamRow(stream, sample.atMs)
        const text = JSON.stringify(row)
        if (sent.get(stream.id) === text) continue
        sent.set(stream.id, text)
        changed.push(row)
      }
      const gone = [...sent.keys()].filter((id) => !(sample as StoreSample).streams.has(id))
      for (const id of gone) sent.delete(id)
      yield serverSentEvent('sample', { atMs: sample.atMs, changed, gone })
      const deliveries = deliveryChanges(sample, visitor, told)
      if (deliveries !== undefined) yield serverSentEvent('deliveries', deliveries)
    }
  } finally {
    watch.end()
  }
}

/** What changed of delivery streams since this was told; `undefined` while there is none, and none has gone. */
function deliveryChanges(
  { atMs, deliveries }: StoreSample,
  visitor: ConsoleVisitor,
  told: Map<string, string>,
): Record<string, unknown> | undefined {
  const present = new Set<string>()
  const changed: DeliveryRow[] = []
  const before = told.size
  for (const row of deliveries) {
    if (!maySee(visitor, row)) continue
    present.add(row.id)
    const text = JSON.stringify(row)
    if (told.get(row.id) === text || changed.length >= streamsOfEvent) continue
    told.set(row.id, text)
    changed.push(row)
  }
  const gone = [...told.keys()].filter((id) => !present.has(id))
  for (const id of gone) told.delete(id)
  return before === 0 && changed.length === 0 ? undefined : { atMs, changed, gone }
}

/**
 * One stream as events: `stream`, what it is, whenever that has changed; `sample` each second, the shards whose numbers have
 * changed and who is subscribed; `end` once it is gone.
 */
export async function* streamEvents(
  feed: ConsoleFeed,
  id: string,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  const watch = feed.watch(signal)
  let told = ''
  const sent = new Map<number, string>()
  try {
    for (let sample = await watch.next(); sample !== undefined; sample = await watch.next()) {
      const stream = sample.streams.get(id)
      if (stream === undefined) {
        yield serverSentEvent('end', { code: 'ERR_MILLRACE_STREAM_NOT_FOUND', message: 'the stream is gone' })
        return
      }
      const state = signatureOf(stream, sample.atMs)
      if (state !== told) yield serverSentEvent('stream', streamView(stream, sample.atMs))
      told = state
      const shards = stream.shards.flatMap((shard) => {
        const row = shardRow(shard, stream.iteratorAges.get(shard.index))
        const line = JSON.stringify(row)
        if (sent.get(shard.index) === line) return []
        sent.set(shard.index, line)
        return [row]
      })
      yield serverSentEvent('sample', { atMs: sample.atMs, shards, subscriptions: subscriptionRows(stream) })
    }
  } finally {
    watch.end()
  }
}

/** A line of the list of streams. */
interface StreamRow extends ConsoleTarget {
  readonly id: string
  readonly status: string
  readonly mode: string
  readonly openShards: number
  readonly closedShards: number
  readonly retentionHours: number
  readonly consumers: number
  readonly records: number
  readonly bytes: number
  readonly recordsPerSecond: number
  readonly bytesPerSecond: number
  readonly oldestMs: number | null
  readonly newestMs: number | null
  /** Greatest of the last two minutes, milliseconds; `null` where enhanced monitoring does not keep it. */
  readonly iteratorAgeMs: number | null
}

function streamRow(stream: StreamSample, nowMs: number): StreamRow {
  const { id, state, shards, iteratorAges } = stream
  const { shardCount, status, mode, retentionHours, consumerCount } = describeStream(state, nowMs)
  const { account, region, name } = state.key
  const ages = [...iteratorAges.values()]
  return {
    id,
    account,
    region,
    name,
    status,
    mode,
    openShards: shardCount,
    closedShards: Math.max(0, stream.core.readableShards.length - shardCount),
    retentionHours,
    consumers: consumerCount,
    records: sum(shards, ({ records }) => records),
    bytes: sum(shards, ({ bytes }) => bytes),
    recordsPerSecond: sum(shards, (shard) => shard.recordsPerSecond),
    bytesPerSecond: sum(shards, (shard) => shard.bytesPerSecond),
    oldestMs: extreme(shards, ({ oldestMs }) => oldestMs, Math.min),
    newestMs: extreme(shards, ({ newestMs }) => newestMs, Math.max),
    iteratorAgeMs: ages.length === 0 ? null : Math.max(...ages),
  }
}

/** Changes with what `streamView` says, and costs little. */
function signatureOf({ core, state }: StreamSample, nowMs: number): string {
  const consumers = presentConsumers(state, nowMs).map((consumer) => consumerStatus(consumer, nowMs))
  return [state.revision, streamStatus(state, nowMs), core.readableShards.length, ...consumers].join()
}

/** What a stream is: what changes when somebody changes it, and not with every record. */
function streamView(stream: StreamSample, nowMs: number): Record<string, unknown> {
  const { core, state } = stream
  const { key } = state
  return {
    ...describeStream(state, nowMs),
    id: stream.id,
    account: key.account,
    region: key.region,
    resharding: streamStatus(state, nowMs) === 'UPDATING',
    shards: core.readableShards.map((shard) => Object.assign({ index: shard.index }, describeShard(shard))),
    consumers: describeConsumers(state, nowMs).map(({ name, arn, status, createdAtMs }) => ({
      name,
      arn,
      status,
      createdAtMs,
    })),
  }
}

/** Who is pushed records now, and how many are still to come. */
function subscriptionRows({ core, shards }: StreamSample): readonly Record<string, unknown>[] {
  const next = new Map(shards.map((shard) => [shard.index, shard.next]))
  return core.subscriptions.live().map(({ consumer, shard, nextOffset }) => ({
    consumer,
    shardId: shard.id,
    recordsBehind: Math.max(0, (next.get(shard.index) ?? nextOffset) - nextOffset),
  }))
}

/** As an array, because there may be ten thousand. */
function shardRow(shard: ShardSample, iteratorAge: number | undefined): readonly (number | null)[] {
  const { index, records, bytes, recordsPerSecond, bytesPerSecond, oldestMs, newestMs } = shard
  return [
    index,
    records,
    bytes,
    recordsPerSecond,
    bytesPerSecond,
    oldestMs ?? null,
    newestMs ?? null,
    iteratorAge ?? null,
  ]
}

function sum(shards: readonly ShardSample[], of: (shard: ShardSample) => number): number {
  let total = 0
  for (const shard of shards) total += of(shard)
  return total
}

function extreme(
  shards: readonly ShardSample[],
  of: (shard: ShardSample) => number | undefined,
  pick: (a: number, b: number) => number,
): number | null {
  let found: number | undefined
  for (const shard of shards) {
    const value = of(shard)
    if (value !== undefined) found = found === undefined ? value : pick(found, value)
  }
  return found ?? null
}
