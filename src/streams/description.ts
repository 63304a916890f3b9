import type { ShardSpec } from '../meta/commands.ts'
import type { StreamState } from '../meta/state.ts'
import { presentConsumers } from './consumers.ts'
import type { ShardMetricName } from './metric-names.ts'
import { openShardsOf } from './open-shards.ts'
import { type StreamStatus, streamStatus } from './status.ts'
import { streamArn } from './stream-arn.ts'
import { type Distribution, distributionOf, modeOf, type StreamMode } from './stream-mode.ts'
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
  readonly status: StreamStatus
  readonly mode: StreamMode
  readonly distribution: Distribution
  /** What the stream is to be ready for, and is ready for; only of a stream of which it was set. MiB a second. */
  readonly warmThroughput: WarmThroughput | undefined
  /** `KMS` says what was set; bytes at rest are not enciphered. */
  readonly encryptionType: 'NONE' | 'KMS'
  readonly kmsKeyId: string | undefined
  /** Metrics that are kept for each shard. */
  readonly monitoring: readonly ShardMetricName[]
  readonly tagCount: number
  /** Consumers that are registered for enhanced fan-out. */
  readonly consumerCount: number
}

/** MiB a second. */
export interface WarmThroughput {
  readonly targetMiBps: number
  readonly currentMiBps: number
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

/** Picks what callers may see of a stream's state at a moment. */
export function describeStream(state: StreamState, nowMs: number): StreamDescription {
  const { key, createdAtMs, retentionHours, maxRecordBytes, settings = {} } = state
  const { kmsKeyId, monitoring = [], tags = [] } = settings
  return {
    name: key.name,
    arn: streamArn(key),
    createdAtMs,
    retentionHours,
    maxRecordBytes,
    shardCount: openShardsOf(state),
    status: streamStatus(state, nowMs),
    mode: modeOf(state),
    distribution: distributionOf(state),
    warmThroughput: warmThroughputOf(state, nowMs),
    encryptionType: kmsKeyId === undefined ? 'NONE' : 'KMS',
    kmsKeyId,
    monitoring: monitoring as readonly ShardMetricName[],
    tagCount: tags.length,
    consumerCount: presentConsumers(state, nowMs).length,
  }
}

/** A stream is ready for what it is to be once it is ACTIVE. */
function warmThroughputOf(state: StreamState, nowMs: number): WarmThroughput | undefined {
  const targetMiBps = state.settings?.warmThroughputMiBps
  if (targetMiBps === undefined) return undefined
  return { targetMiBps, currentMiBps: streamStatus(state, nowMs) === 'ACTIVE' ? targetMiBps : 0 }
}

/** When a shard began to take records, milliseconds since 1970. */
export function openedAtMs(spec: ShardSpec): number {
  return spec.openedAtMs ?? spec.createdAtSeconds * 1000
}

/** Picks what callers may see of a shard. */
export function describeShard({ id, spec, sequence }: Shard): ShardDescription {
  const { startingHashKey, endingHashKey, parents = [], closedAtMs } = spec
  const [parent, adjacent] = parents
  return {
    shardId: id,
    startingHashKey,
    endingHashKey,
    createdAtMs: openedAtMs(spec),
    ...(parent !== undefined && { parentShardId: formatShardId(parent) }),
    ...(adjacent !== undefined && { adjacentParentShardId: formatShardId(adjacent) }),
    startingSequenceNumber: sequence.first,
    ...(closedAtMs !== undefined && { closedAtMs, endingSequenceNumber: sequence.last(closedAtMs) }),
  }
}
