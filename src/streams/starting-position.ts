import { invalidArgument, MillraceError } from '../errors.ts'
import { requireInteger, requireOneOf } from '../options.ts'
import type { Shard } from './shard.ts'
import { formatShardId, parseShardId } from './shard-id.ts'
import { parseSequencePlace } from './sequence-number.ts'

/**
 * Where reading starts.
 *
 * - `oldest`: at the oldest record that is not hidden yet (TRIM_HORIZON).
 * - `latest`: after the newest record at the moment of the call (LATEST).
 * - `sequence`: after the record with this sequence number, or at it if `inclusive` (AFTER_ and
 *   AT_SEQUENCE_NUMBER). To resume a read of several shards, give the last number of each in a list: shards that
 *   none of them belongs to start at their oldest record, so nothing is left out.
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

/**
 * Says where each of `shards` starts.
 *
 * @param all every shard of the stream; `shards` are those to be read
 * @param nowMs the store's time
 * @throws `ERR_MILLRACE_INVALID_ARGUMENT` for a position that cannot be
 */
export function startOf(
  position: StartingPosition,
  all: readonly Shard[],
  shards: readonly Shard[],
  nowMs: number,
): (shard: Shard) => ShardStart {
  switch (position.from) {
    case 'oldest':
    case 'latest':
      return () => position
    case 'time': {
      requireInteger('arrivedAtMs', position.arrivedAtMs, 0, Number.MAX_SAFE_INTEGER)
      if (position.arrivedAtMs > nowMs) {
        throw invalidArgument(
          'arrivedAtMs',
          position.arrivedAtMs,
          `not in the future, which begins at ${nowMs}`,
        )
      }
      return () => position
    }
    case 'sequence': {
      const offsets = offsetsOf(position, all, shards)
      return (shard) => {
        const offset = offsets.get(shard)
        return offset === undefined ? { from: 'oldest' } : { from: 'record', offset }
      }
    }
    default:
      return position satisfies never
  }
}

type SequencePosition = Extract<StartingPosition, { readonly from: 'sequence' }>

function offsetsOf(
  position: SequencePosition,
  all: readonly Shard[],
  shards: readonly Shard[],
): ReadonlyMap<Shard, number> {
  const { sequence, inclusive = false } = position
  if (typeof inclusive !== 'boolean') throw invalidArgument('inclusive', inclusive, 'true or false')
  const numbers = typeof sequence === 'string' ? [sequence] : sequence
  if (!Array.isArray(numbers) || numbers.length === 0) {
    throw invalidArgument('sequence', sequence, 'a sequence number or a list of them')
  }
  const asked = new Set(shards)
  const offsets = new Map<Shard, number>()
  for (const number of numbers as readonly unknown[]) {
    const { shard, offset } = placeOf(number, all)
    if (!asked.has(shard)) throw ofAnotherShard(number, shard, shards)
    if (offsets.has(shard)) throw invalidArgument('sequence', number, `the only one of ${shard.id}`)
    offsets.set(shard, inclusive ? offset : offset + 1)
  }
  return offsets
}

/** Where the record of a sequence number lies. */
export interface RecordPlace {
  readonly shard: Shard
  readonly offset: number
  /** Arrival, whole seconds since 1970. */
  readonly arrivedAtSeconds: number
}

/**
 * The place that a sequence number names.
 *
 * @param all every shard of the stream, by index
 * @throws `ERR_MILLRACE_INVALID_ARGUMENT` for what is no sequence number, or one of another stream
 */
export function placeOf(number: unknown, all: readonly Shard[]): RecordPlace {
  const fields = typeof number === 'string' ? parseSequencePlace(number) : undefined
  if (fields === undefined) {
    throw invalidArgument('sequence', number, 'a sequence number as records and results carry it')
  }
  const { shardIndex, offset, arrivedAtSeconds } = fields
  const guess = all[shardIndex]
  const shard = guess?.index === shardIndex ? guess : all.find(({ index }) => index === shardIndex)
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

function ofAnotherShard(number: unknown, owner: Shard, shards: readonly Shard[]): MillraceError {
  const asked = shards.map(({ id }) => id).join(', ')
  return new MillraceError(
    'ERR_MILLRACE_INVALID_ARGUMENT',
    `sequence ${String(number)} belongs to ${owner.id}, not to ${asked}`,
    {
      details: { field: 'sequence', value: number, rule: `a sequence number of ${asked}`, shardId: owner.id },
    },
  )
}

/** The shards that a read is about: all of the stream's, or the one that is named. */
export function shardsToRead(shardId: unknown, all: readonly Shard[]): readonly Shard[] {
  if (shardId === undefined) return all
  const index = typeof shardId === 'string' ? parseShardId(shardId) : undefined
  if (index === undefined)
    throw invalidArgument('shardId', shardId, 'a shard id such as shardId-000000000000')
  const shard = all.find((candidate) => candidate.index === index)
  if (shard !== undefined) return [shard]
  throw new MillraceError('ERR_MILLRACE_SHARD_NOT_FOUND', `the stream has no ${String(shardId)}`, {
    details: { shardId },
  })
}
