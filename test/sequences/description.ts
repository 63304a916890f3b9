import {
  parseSequenceNumber,
  type ShardDescription,
  type ShardStats,
  type Store,
  type Stream,
} from '../../src/index.ts'
import { holds, same } from './expectation.ts'
import type { ModelShard, ModelStore, ModelStream } from './model-store.ts'

/** Holds the streams that a store lists, and their shards, against the model's. */
export function checkState(store: Store, model: ModelStore, nowMs: number): void {
  const streams = store.listStreams()
  same('streams', streams.map(({ name }) => name).join(), [...model.streams.keys()].toSorted().join())
  for (const description of streams) {
    const stream = model.streams.get(description.name) as ModelStream
    const expected = {
      name: stream.name,
      arn: `arn:aws:kinesis:us-east-1:000000000000:stream/${stream.name}`,
      createdAtMs: stream.createdAtMs,
      retentionHours: stream.retentionHours,
      maxRecordBytes: stream.maxRecordBytes,
      shardCount: stream.open.length,
    }
    const { name, arn, createdAtMs, retentionHours, maxRecordBytes, shardCount } = description
    const shown = { name, arn, createdAtMs, retentionHours, maxRecordBytes, shardCount }
    same('a description', JSON.stringify(shown), JSON.stringify(expected))
    const settings = settingsShown(store.stream(stream.name))
    same('settings', JSON.stringify(settings), JSON.stringify(stream.settings.shown(nowMs)))
    const listed = stream.listed(nowMs).map(shardAsListed)
    const shards = store.stream(stream.name).shards()
    same('shards', JSON.stringify(shards.map(asListed)), JSON.stringify(listed))
    for (const shard of shards) checkNumbers(shard)
  }
}

/** As a model shows them. */
function settingsShown(stream: Stream): readonly unknown[] {
  const { status, mode, kmsKeyId, monitoring, tagCount, consumerCount } = stream.describe()
  const { tags, policy } = stream.settings
  const consumers = stream.consumers.list()
  same('tags', tagCount, tags.length)
  same('consumers', consumerCount, consumers.length)
  return [
    status,
    mode,
    kmsKeyId ?? '',
    policy ?? '',
    monitoring.join(),
    tags.map(({ key, value }) => [key, value]).join(),
    ...consumers.map((consumer) => {
      const createdAtSeconds = Number(consumer.arn.split(':').at(-1))
      return [consumer.name, createdAtSeconds, consumer.status, consumer.tags[0]?.value].join()
    }),
  ]
}

/** What a model's shard is listed as. */
function shardAsListed({ id, start, end, openedAtMs, closedAtMs, parents }: ModelShard): readonly unknown[] {
  return [id, String(start), String(end), openedAtMs, closedAtMs, ...parents.map((parent) => parent.id)]
}

function asListed(shard: ShardDescription): readonly unknown[] {
  const { shardId, startingHashKey, endingHashKey, createdAtMs, closedAtMs } = shard
  const parents = [shard.parentShardId, shard.adjacentParentShardId].filter((parent) => parent !== undefined)
  return [shardId, startingHashKey, endingHashKey, createdAtMs, closedAtMs, ...parents]
}

function checkNumbers({
  shardId,
  startingSequenceNumber,
  endingSequenceNumber,
  closedAtMs,
}: ShardDescription): void {
  const start = parseSequenceNumber(startingSequenceNumber)
  same(`${shardId}: the counter it begins at`, start?.counter, 0n)
  if (endingSequenceNumber === undefined) return same(`${shardId} has an end`, closedAtMs, undefined)
  holds(`${shardId} ends before it begins`, endingSequenceNumber > startingSequenceNumber)
}

/** Holds the figures of a stream against the model; what is reported as durable is a promise from then on. */
export async function checkStats(stream: Stream, model: ModelStream, nowMs: number): Promise<void> {
  const stats = await stream.stats()
  const listed = model.listed(nowMs)
  same('shards', stats.shards.length, listed.length)
  for (const [at, shard] of listed.entries()) checkShard(stats.shards[at] as ShardStats, shard, model, nowMs)
  for (const figure of ['recordsMax', 'bytes', 'fileBytes'] as const) {
    same(
      figure,
      stats[figure],
      stats.shards.reduce((sum, shard) => sum + shard[figure], 0),
    )
  }
}

function checkShard(stats: ShardStats, shard: ModelShard, model: ModelStream, nowMs: number): void {
  const visible = model.visible(shard, nowMs)
  const bytes = visible.reduce((sum, { key, payload }) => sum + Buffer.byteLength(key) + payload.bytes, 0)
  same('shardId', stats.shardId, shard.id)
  // The loss of power may take the end of a log, and the metadata still say that it has ended.
  if (shard.closedAtMs === undefined || !shard.leapt)
    same('sealed', stats.sealed, shard.closedAtMs !== undefined)
  holds(`recordsMax is ${stats.recordsMax} of ${visible.length}`, stats.recordsMax >= visible.length)
  if (!shard.leapt) same('recordsMax', stats.recordsMax, visible.length)
  holds(`bytes are ${stats.bytes} of ${bytes}`, stats.bytes >= bytes)
  holds('files are smaller than what they hold', stats.fileBytes >= bytes)
  if (visible.length > 0) {
    same('the newest', stats.newestArrivedAtMs, visible.at(-1)?.arrivedAtMs)
    const oldestMs = stats.oldestArrivedAtMs ?? Number.POSITIVE_INFINITY
    holds('the oldest', oldestMs <= (visible[0]?.arrivedAtMs ?? 0))
    holds(
      'the oldest is a record',
      shard.leapt || shard.records.some(({ arrivedAtMs }) => arrivedAtMs === oldestMs),
    )
  }
  if (stats.durable) for (const record of shard.records) record.durable = true
}
