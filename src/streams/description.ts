import type { StreamKey } from '../meta/commands.ts'
import type { StreamState } from '../meta/state.ts'
import type { Shard } from './shard.ts'

/** What a stream is, from the metadata alone. */
export interface StreamDescription {
  readonly name: string
  /** `arn:aws:kinesis:<region>:<account>:stream/<name>` */
  readonly arn: string
  /** Milliseconds since 1970. */
  readonly createdAtMs: number
  readonly retentionHours: number
  /** Partition key and data of one record together, at most; bytes. */
  readonly maxRecordBytes: number
  readonly shardCount: number
}

/** What a shard is. */
export interface ShardDescription {
  /** Such as `shardId-000000000002`. */
  readonly shardId: string
  /** First hash key of its range, decimal. */
  readonly startingHashKey: string
  /** Last hash key of its range, decimal. */
  readonly endingHashKey: string
  /** Milliseconds since 1970, whole seconds. */
  readonly createdAtMs: number
}

/** The stream's name as AWS writes it everywhere. */
export function streamArn(key: StreamKey): string {
  return `arn:aws:kinesis:${key.region}:${key.account}:stream/${key.name}`
}

/** Picks what callers may see of a stream's state. */
export function describeStream(state: StreamState): StreamDescription {
  const { key, createdAtMs, retentionHours, maxRecordBytes, shards } = state
  const arn = streamArn(key)
  return { name: key.name, arn, createdAtMs, retentionHours, maxRecordBytes, shardCount: shards.length }
}

/** Picks what callers may see of a shard. */
export function describeShard(shard: Shard): ShardDescription {
  const { startingHashKey, endingHashKey, createdAtSeconds } = shard.spec
  return { shardId: shard.id, startingHashKey, endingHashKey, createdAtMs: createdAtSeconds * 1000 }
}
