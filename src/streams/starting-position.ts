import { invalidArgument, MillraceError } from '../errors.ts'
import { requireOneOf } from '../options.ts'
import type { Shard } from './shard.ts'
import type { ShardTable } from './shard-table.ts'
import { formatShardId, parseShardId } from './shard-id.ts'
import { parseSequencePlace } from './sequence-number.ts'

/**
 * Where reading starts.
 *
 * - `oldest`: at the oldest record that is not hidden yet (TRIM_HORIZON).
 * - `latest`: after the newest record at the moment of the call (LATEST).
 * - `sequence`: after the record with this sequence number, or at it if `inclusive` (AFTER_ and
 *   AT_SEQUENCE_NUMBER). To resume a read of several shards, give the last number of each in a list. What a shard of
 *   the list was split or merged from counts as read; other shards that none of the numbers belongs to start at
 *   their oldest record, so nothing is left out.
 * - `time`: at the first record that arrived at this moment or later (AT_TIMESTAMP). A moment before the oldest
 *   record acts as `oldest`; one in the future is refused, as AWS refuses it.
 */
export type StartingPosition =
  | { readonly from: 'oldest' }
  | { readonly from: 'latest' }
  | {
      readonly from: 'sequence'
      /** One sequence number, or several of different shards. */
      readonly sequence: string | readonly string[]
      /** Start at the record itself and not after it. @defaultValue false */
      readonly inclusive?: boolean | undefined
    }
  | {
      readonly from: 'time'
      /** Milliseconds since 1970, integer, on the store's clock. */
      readonly arrivedAtMs: number
    }

const keysOf = {
  oldest: [],
  latest: [],
  sequence: ['sequence', 'inclusive'],
  time: ['arrivedAtMs'],
} as const satisfies Record<StartingPosition['from'], readonly string[]>

/** The option keys that belong to a position. */
export function positionKeys(from: StartingPosition['from']): readonly string[] {
  return ['from', ...keysOf[from]]
}

/** Checks the word that says what kind of position it is. */
export function requireFrom(from: unknown): StartingPosition['from'] {
  return requireOneOf('from', from, ['oldest', 'latest', 'sequence', 'time'])
}

/** Where one shard starts. */
export type ShardStart =
  | { readonly from: 'oldest' }
  | { readonly from: 'latest' }
  | { readonly from: 'time'; readonly arrivedAtMs: number }
  | {
      readonly from: 'record'
      /** Offset of the first record that is wanted. */
      readonly offset: number
    }

/** Where the record of a sequence number lies. */
export interface RecordPlace {
  readonly shard: Shard
  readonly offset: number
  /** Arrival, whole seconds since 1970. */
  readonly arrivedAtSeconds: number
}

/**
 * The place that a sequence number names; `undefined` if its shard has expired.
 *
 * @throws `ERR_MILLRACE_INVALID_ARGUMENT` for what is no sequence number, or one of another stream
 */
export function placeOf(number: unknown, stream: SequenceOwner): RecordPlace | undefined {
  const fields = typeof number === 'string' ? parseSequencePlace(number) : undefined
  if (fields === undefined) {
    throw invalidArgument('sequence', number, 'a sequence number as records and results carry it')
  }
  const { shardIndex, offset, arrivedAtSeconds } = fields
  let shard = stream.table.at(shardIndex)
  if (shard === undefined) {
    // Others may have split or merged meanwhile.
    stream.refresh()
    shard = stream.table.at(shardIndex)
    if (shard === undefined && shardIndex < stream.table.nextIndex) return undefined
  }
  if (shard?.spec.createdAtSeconds !== fields.shardCreatedAtSeconds) {
    throw new MillraceError(
      'ERR_MILLRACE_INVALID_ARGUMENT',
      `sequence ${String(number)} belongs to another stream: no ${formatShardId(shardIndex)} of this one ` +
        'was created when its shard was',
      { details: { field: 'sequence', value: number, rule: 'a sequence number of this stream' } },
    )
  }
  return { shard, offset, arrivedAtSeconds }
}

/** What knows the shards that sequence numbers may be of. */
export interface SequenceOwner {
  readonly table: ShardTable
  /** Takes over what others did to the stream. */
  refresh(): void
}

/**
 * The shard with this id.
 *
 * @param stream its name, for a message
 * @param field what a message calls it
 * @throws `ERR_MILLRACE_INVALID_ARGUMENT`, `ERR_MILLRACE_SHARD_NOT_FOUND`
 */
export function namedShard(
  shardId: unknown,
  all: readonly Shard[],
  stream: string,
  field = 'shardId',
): Shard {
  const index = typeof shardId === 'string' ? parseShardId(shardId) : undefined
  if (index === undefined) throw invalidArgument(field, shardId, 'a shard id such as shardId-000000000000')
  const shard = all.find((candidate) => candidate.index === index)
  if (shard !== undefined) return shard
  throw new MillraceError('ERR_MILLRACE_SHARD_NOT_FOUND', `${stream} has no ${String(shardId)}`, {
    details: { stream, shardId },
  })
}
