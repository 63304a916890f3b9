import type { ShardStats, Store, Stream } from '../../src/index.ts'
import { holds, same } from './expectation.ts'
import type { ModelShard, ModelStore, ModelStream } from './model-store.ts'

/** Holds the streams that a store lists, and their shards, against the model's. */
export function checkState(store: Store, model: ModelStore): void {
  const listed = store.listStreams()
  same('streams', listed.map(({ name }) => name).join(), [...model.streams.keys()].toSorted().join())
  for (const description of listed) {
    const stream = model.streams.get(description.name) as ModelStream
    const expected = {
      name: stream.name,
      arn: `arn:aws:kinesis:us-east-1:000000000000:stream/${stream.name}`,
      createdAtMs: stream.createdAtMs,
      retentionHours: stream.retentionHours,
      maxRecordBytes: stream.maxRecordBytes,
      shardCount: stream.shards.length,
    }
    same('a description', JSON.stringify(description), JSON.stringify(expected))
    const shards = stream.shards.map(({ id, start, end }) => ({
      shardId: id,
      startingHashKey: String(start),
      endingHashKey: String(end),
      createdAtMs: Math.floor(stream.createdAtMs / 1000) * 1000,
    }))
    same('shards', JSON.stringify(store.stream(stream.name).shards()), JSON.stringify(shards))
  }
}

/** Holds the figures of a stream against the model; what is reported as durable is a promise from then on. */
export async function checkStats(stream: Stream, model: ModelStream, nowMs: number): Promise<void> {
  const stats = await stream.stats()
  same('shards', stats.shards.length, model.shards.length)
  for (const shard of model.shards) checkShard(stats.shards[shard.index] as ShardStats, shard, model, nowMs)
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
  same('sealed', stats.sealed, false)
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
