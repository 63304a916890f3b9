import type { StreamKey } from '../meta/commands.ts'
import type { StreamState } from '../meta/state.ts'
import { isOpen } from './reshard-plan.ts'
import type { SequenceNumber } from './sequence-number.ts'
import type { Shard } from './shard.ts'
import { formatShardId } from './shard-id.ts'

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
  /** Open shards. */
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
  /**
   * When it began to take records, milliseconds since 1970. The second that its sequence numbers begin with may be
   * later: they exceed those of its parents.
   */
  readonly createdAtMs: number
  /** The shard that it was split from, or the lower one of those that it was merged from. */
  readonly parentShardId?: string
  /** The upper one of the shards that it was merged from. */
  readonly adjacentParentShardId?: string
  /** When it was split or merged: it takes records no longer. Milliseconds since 1970. */
  readonly closedAtMs?: number
  /** Below the sequence numbers of all its records. */
  readonly startingSequenceNumber: SequenceNumber
  /** Above the sequence numbers of all its records. An open shard has none. */
  readonly endingSequenceNumber?: SequenceNumber
}

/** The stream's name as AWS writes it everywhere. */
export function streamArn(key: StreamKey): string {
  return `arn:aws:kinesis:${key.region}:${key.account}:stream/${key.name}`
}

/** Picks what callers may see of a stream's state. */
export function describeStream(state: StreamState): StreamDescription {
  const { key, createdAtMs, retentionHours, maxRecordBytes, shards } = state
  const arn = streamArn(key)
  const shardCount = shards.filter(isOpen).length
  return { name: key.name, arn, createdAtMs, retentionHours, maxRecordBytes, shardCount }
}

/** Picks what callers may see of a shard. */
export function describeShard({ id, spec, sequence }: Shard): ShardDescription {
  const { startingHashKey, endingHashKey, createdAtSeconds, openedAtMs, parents = [], closedAtMs } = spec
  const [parent, adjacent] = parents
  return {
    shardId: id,
    startingHashKey,
    endingHashKey,
    createdAtMs: openedAtMs ?? createdAtSeconds * 1000,
    ...(parent !== undefined && { parentShardId: formatShardId(parent) }),
    ...(adjacent !== undefined && { adjacentParentShardId: formatShardId(adjacent) }),
    startingSequenceNumber: sequence.first,
    ...(closedAtMs !== undefined && { closedAtMs, endingSequenceNumber: sequence.last(closedAtMs) }),
  }
}
