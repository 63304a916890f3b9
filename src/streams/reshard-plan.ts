/** What splits and merges close and open, and what AWS refuses. Pure: the shards of a moment in, a plan out. */
import { invalidArgument, MillraceError } from '../errors.ts'
import type { ShardSpec } from '../meta/commands.ts'
import { formatShardId } from './shard-id.ts'

/** A shard that a reshard opens. */
export interface PlannedShard {
  /** First hash key of its range, decimal. */
  readonly startingHashKey: string
  /** Last hash key of its range, decimal. */
  readonly endingHashKey: string
  /** Indexes of those it takes over from: one of a split; two of a merge, that with the lower hash keys first. */
  readonly parents: readonly number[]
}

/** One step of a reshard: shards that end together, and those that take over from them. */
export interface ReshardPlan {
  /** Indexes of open shards, ascending. */
  readonly closes: readonly number[]
  readonly opens: readonly PlannedShard[]
}

/** Open shards that a stream may have. */
export const openShardsMax = 10_000

/**
 * Splits a shard at a hash key, which begins the upper one of its children (AWS API model; the bounds are observed).
 *
 * @throws `ERR_MILLRACE_SHARD_SEALED` for a closed shard; `ERR_MILLRACE_INVALID_ARGUMENT` for a hash key that is not
 *   above the shard's first one plus one and below its last one; `ERR_MILLRACE_LIMIT_EXCEEDED`
 */
export function planSplit(
  shards: readonly ShardSpec[],
  parent: ShardSpec,
  newStartingHashKey: unknown,
): ReshardPlan {
  requireOpen(parent)
  const { startingHashKey, endingHashKey, index } = parent
  const canonical = typeof newStartingHashKey === 'string' && /^(?:0|[1-9]\d{0,38})$/.test(newStartingHashKey)
  const split = canonical ? BigInt(newStartingHashKey) : -1n
  if (split <= BigInt(startingHashKey) + 1n || split >= BigInt(endingHashKey)) {
    throw outsideShard(parent, newStartingHashKey)
  }
  const open = shards.filter(isOpen).length
  if (open >= openShardsMax) throw limitExceeded('shards', open + 1, openShardsMax)
  return { closes: [index], opens: halvesOf(parent, split) }
}

/**
 * Merges a shard with the one whose hash keys follow (AWS API model; that the lower one comes first is observed).
 *
 * @throws `ERR_MILLRACE_SHARD_SEALED` for a closed shard; `ERR_MILLRACE_INVALID_ARGUMENT` for two that are not
 *   neighbours in this order
 */
export function planMerge(lower: ShardSpec, upper: ShardSpec): ReshardPlan {
  requireOpen(lower)
  requireOpen(upper)
  if (BigInt(lower.endingHashKey) + 1n !== BigInt(upper.startingHashKey)) throw notAdjacent(lower, upper)
  return { closes: [lower.index, upper.index].toSorted(byNumber), opens: [mergedOf(lower, upper)] }
}

/** The children of a shard that is split so that the upper one begins at `split`. */
export function halvesOf(parent: ShardSpec, split: bigint): readonly PlannedShard[] {
  const { startingHashKey, endingHashKey, index } = parent
  const parents = [index]
  return [
    { startingHashKey, endingHashKey: (split - 1n).toString(), parents },
    { startingHashKey: split.toString(), endingHashKey, parents },
  ]
}

/** The child of two neighbours. */
export function mergedOf(lower: ShardSpec, upper: ShardSpec): PlannedShard {
  const { startingHashKey } = lower
  return { startingHashKey, endingHashKey: upper.endingHashKey, parents: [lower.index, upper.index] }
}

/** Whether records go to it. */
export function isOpen(shard: ShardSpec): boolean {
  return shard.closedAtMs === undefined
}

/** For `toSorted`. */
export function byNumber(one: number, other: number): number {
  return one - other
}

/** What `ERR_MILLRACE_LIMIT_EXCEEDED` of a reshard is about; `details.limit` says it. */
export type ReshardLimit = 'shards' | 'twice' | 'half' | 'perDay'

/** A number of shards, or of changes of it, that AWS refuses. */
export function limitExceeded(limit: ReshardLimit, value: number, bound: number): MillraceError {
  const rules = {
    shards: `a stream has at most ${bound} open shards`,
    twice: `the number of shards can grow to ${bound} at once`,
    half: `the number of shards can shrink to ${bound} at once`,
    perDay: `the number of shards can be changed ${bound} times within 24 hours`,
  } as const satisfies Record<ReshardLimit, string>
  return new MillraceError('ERR_MILLRACE_LIMIT_EXCEEDED', `${rules[limit]}, this would be ${value}`, {
    details: { limit, value, bound },
  })
}

function requireOpen(shard: ShardSpec): void {
  if (isOpen(shard)) return
  const shardId = formatShardId(shard.index)
  throw new MillraceError('ERR_MILLRACE_SHARD_SEALED', `${shardId} has been split or merged already`, {
    details: { shardId },
  })
}

function outsideShard({ index, startingHashKey, endingHashKey }: ShardSpec, value: unknown): MillraceError {
  const first = (BigInt(startingHashKey) + 1n).toString()
  const rule = `a decimal string above ${first} and below ${endingHashKey}`
  const { code, message, details } = invalidArgument('newStartingHashKey', value, rule)
  return new MillraceError(code, message, {
    details: { ...details, shardId: formatShardId(index), startingHashKey, endingHashKey },
  })
}

function notAdjacent(lower: ShardSpec, upper: ShardSpec): MillraceError {
  const shardId = formatShardId(lower.index)
  const adjacentShardId = formatShardId(upper.index)
  const rule = `the shard whose hash keys follow those of ${shardId}`
  const { code, message, details } = invalidArgument('adjacentShardId', adjacentShardId, rule)
  return new MillraceError(code, message, { details: { ...details, shardId, adjacentShardId } })
}
