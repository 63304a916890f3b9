import { invalidArgument, MillraceError } from '../errors.ts'
import { requireInteger } from '../options.ts'
import type { Gap } from './reader.ts'
import type { SequenceNumber } from './sequence-number.ts'
import type { Shard } from './shard.ts'
import { formatShardId } from './shard-id.ts'
import { parseSequencePlace } from './sequence-number.ts'
import {
  namedShard,
  placeOf,
  type SequenceOwner,
  type ShardStart,
  type StartingPosition,
} from './starting-position.ts'

/** Which shards a read begins with, and where. */
export interface FrontStart {
  /** Those to be read: parents that are among them come before their children. */
  readonly shards: readonly Shard[]
  readonly startOf: (shard: Shard) => ShardStart
  /** Shards that were to be read from a record on, and have expired. */
  readonly lost: readonly Gap[]
}

/** What a stream tells of its shards to whoever begins to read it. */
export interface FrontOrigin extends SequenceOwner {
  readonly streamName: string
  /** The open shards, and closed ones within retention. */
  readonly readableShards: readonly Shard[]
  /** Milliseconds since 1970. */
  readonly time: { nowMs(): number }
}

const nothingLost: readonly Gap[] = []

/**
 * Where a read of one shard or of a whole stream starts.
 *
 * @param shardId of the one shard; `undefined` for all
 * @throws `ERR_MILLRACE_INVALID_ARGUMENT` for a position that cannot be, `ERR_MILLRACE_SHARD_NOT_FOUND`
 */
export function frontStartOf(position: StartingPosition, shardId: unknown, stream: FrontOrigin): FrontStart {
  const named =
    shardId === undefined ? undefined : namedShard(shardId, stream.readableShards, stream.streamName)
  const all = named === undefined ? stream.readableShards : [named]
  switch (position.from) {
    case 'oldest':
      return { shards: all, startOf: () => position, lost: nothingLost }
    case 'latest':
      // What is closed has nothing to come.
      return {
        shards: named === undefined ? stream.table.open.open : all,
        startOf: () => position,
        lost: nothingLost,
      }
    case 'time': {
      const { arrivedAtMs } = position
      requirePast(arrivedAtMs, stream.time.nowMs())
      // No record of a closed shard arrived after it was closed.
      const shards = all.filter(({ spec: { closedAtMs = arrivedAtMs } }) => closedAtMs >= arrivedAtMs)
      return { shards: named === undefined ? shards : all, startOf: () => position, lost: nothingLost }
    }
    case 'sequence':
      return startAtNumbers(position, named, stream)
    default:
      return position satisfies never
  }
}

function requirePast(arrivedAtMs: unknown, nowMs: number): void {
  const checked = requireInteger('arrivedAtMs', arrivedAtMs, 0, Number.MAX_SAFE_INTEGER)
  if (checked > nowMs) {
    throw invalidArgument('arrivedAtMs', checked, `not in the future, which begins at ${nowMs}`)
  }
}

type SequencePosition = Extract<StartingPosition, { readonly from: 'sequence' }>

function startAtNumbers(
  { sequence, inclusive = false }: SequencePosition,
  named: Shard | undefined,
  stream: FrontOrigin,
): FrontStart {
  if (typeof inclusive !== 'boolean') throw invalidArgument('inclusive', inclusive, 'true or false')
  const offsets = new Map<Shard, number>()
  const lost: Gap[] = []
  for (const number of numbersOf(sequence)) {
    const place = placeOf(number, stream)
    if (place === undefined) {
      if (named !== undefined) throw invalidArgument('sequence', number, `a sequence number of ${named.id}`)
      const gap = lostAfter(number as SequenceNumber)
      if (lost.some(({ shardId }) => shardId === gap.shardId)) {
        throw invalidArgument('sequence', number, `the only one of ${gap.shardId}`)
      }
      lost.push(gap)
      continue
    }
    const { shard, offset } = place
    if (named !== undefined && shard !== named) throw ofAnotherShard(number, shard, named)
    if (offsets.has(shard)) throw invalidArgument('sequence', number, `the only one of ${shard.id}`)
    // The starting number of a shard stands before its first record, and is none of a record.
    offsets.set(shard, inclusive || offset === 0 ? offset : offset + 1)
  }
  const read = named === undefined ? ancestorsOf(offsets.keys(), stream) : new Set<Shard>()
  const all = named === undefined ? stream.table.all : [named]
  const readable = new Set(stream.readableShards)
  return {
    shards: all.filter((shard) => offsets.has(shard) || (readable.has(shard) && !read.has(shard))),
    startOf: (shard) => {
      const offset = offsets.get(shard) ?? 0
      return offset === 0 ? { from: 'oldest' } : { from: 'record', offset }
    },
    lost,
  }
}

function numbersOf(sequence: SequencePosition['sequence']): readonly unknown[] {
  const numbers: unknown = typeof sequence === 'string' ? [sequence] : sequence
  if (Array.isArray(numbers) && numbers.length > 0) return numbers
  throw invalidArgument('sequence', sequence, 'a sequence number or a list of them')
}

/** All that these shards were split and merged from. */
function ancestorsOf(shards: Iterable<Shard>, { table }: FrontOrigin): ReadonlySet<Shard> {
  const ancestors = new Set<Shard>()
  const descendants = Array.from(shards)
  for (let shard = descendants.pop(); shard !== undefined; shard = descendants.pop()) {
    for (const index of shard.spec.parents ?? []) {
      const parent = table.at(index)
      if (parent === undefined || ancestors.has(parent)) continue
      ancestors.add(parent)
      descendants.push(parent)
    }
  }
  return ancestors
}

/** Whatever came after a record of a shard that has expired: nobody can tell any more how much that was. */
function lostAfter(number: SequenceNumber): Gap {
  const shardIndex = parseSequencePlace(number)?.shardIndex ?? 0
  return { shardId: formatShardId(shardIndex), after: undefined, recordsMax: Number.POSITIVE_INFINITY }
}

function ofAnotherShard(number: unknown, owner: Shard, asked: Shard): MillraceError {
  return new MillraceError(
    'ERR_MILLRACE_INVALID_ARGUMENT',
    `sequence ${String(number)} belongs to ${owner.id}, not to ${asked.id}`,
    {
      details: {
        field: 'sequence',
        value: number,
        rule: `a sequence number of ${asked.id}`,
        shardId: owner.id,
      },
    },
  )
}
