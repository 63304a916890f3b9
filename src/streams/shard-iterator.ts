import { MillraceError } from '../errors.ts'
import type { LogStats, Maybe, Offset } from '../log/log.ts'
import { requireInteger } from '../options.ts'
import { secondMs } from '../units.ts'
import { andThen } from './maybe.ts'
import { parseSequenceNumber } from './sequence-number.ts'
import type { Shard } from './shard.ts'
import { formatShardId } from './shard-id.ts'
import type { StreamCore } from './stream-core.ts'

/**
 * A position in one shard, fixed when it was made. Plain data: it can be written down, and holds in the same store
 * after a restart and however often it is used. The next record is the first one at or after `offset` that is not
 * hidden by then: records that expire before they are read are passed over, as GetRecords does.
 */
export interface ShardIterator {
  readonly shardIndex: number
  /** With the index it tells the shard from one of an earlier stream of that name. Whole seconds since 1970. */
  readonly shardCreatedAtSeconds: number
  readonly offset: Offset
}

/**
 * Where an iterator starts: TRIM_HORIZON, LATEST, AT_TIMESTAMP, and AT_SEQUENCE_NUMBER (`inclusive`) or
 * AFTER_SEQUENCE_NUMBER.
 */
export type IteratorStart =
  | { readonly from: 'oldest' }
  | { readonly from: 'latest' }
  | {
      readonly from: 'time'
      /** Milliseconds since 1970, integer, on the store's clock; not in the future. */
      readonly arrivedAtMs: number
    }
  | { readonly from: 'sequence'; readonly sequence: string; readonly inclusive: boolean }

/** What is wrong with a position: `details.problem` of the error that `iteratorAt` fails with. */
export type PositionProblem =
  /** No sequence number of this layout. */
  | 'malformed'
  /** A number of another shard, `details.encodedShardId`, or of a shard of another stream. */
  | 'another-shard'
  /** A number or a time of the future; `details.nowMs` is the store's time. */
  | 'future'
  /** The ending number of a closed shard: nothing is at it or after it. */
  | 'shard-end'

/** Counter of the ending sequence number of a closed shard. */
const endingCounter = 0x7fff_ffff_ffff_ffffn

/**
 * Makes an iterator of a shard.
 *
 * @throws `ERR_MILLRACE_INVALID_ARGUMENT` with `details.problem`, or later in the promise
 */
export function iteratorAt(core: StreamCore, shard: Shard, start: IteratorStart): Maybe<ShardIterator> {
  const nowMs = core.time.nowMs()
  switch (start.from) {
    case 'oldest':
      return iteratorOf(shard, 1)
    case 'latest':
      return withStats(shard, ({ next }) => iteratorOf(shard, next))
    case 'time': {
      const atMs = requireInteger('arrivedAtMs', start.arrivedAtMs, 0, Number.MAX_SAFE_INTEGER)
      if (atMs > nowMs) throw futureTime(atMs, nowMs)
      return andThen(shard.log(), (log) => andThen(log.seek(atMs), (offset) => iteratorOf(shard, offset)))
    }
    case 'sequence': {
      const { offset, arrivedAtMs } = offsetIn(shard, start.sequence, nowMs)
      return withStats(shard, ({ next, lastTimeMs }) => {
        // A clock that was set back between two openings leaves arrivals in the future.
        if (arrivedAtMs > Math.max(nowMs, lastTimeMs)) throw futureNumber(start.sequence, nowMs)
        // A number past the tail was lost with the power. What comes next is read, whatever its number.
        return iteratorOf(shard, Math.min(start.inclusive ? Math.max(1, offset) : offset + 1, next))
      })
    }
    default:
      return start satisfies never
  }
}

/** The iterator of `shard` at an offset. */
export function iteratorOf(shard: Shard, offset: Offset): ShardIterator {
  return { shardIndex: shard.index, shardCreatedAtSeconds: shard.spec.createdAtSeconds, offset }
}

/**
 * The shard that an iterator belongs to.
 *
 * @throws `ERR_MILLRACE_SHARD_NOT_FOUND` if the stream does not have it (any more)
 */
export function shardOfIterator(core: StreamCore, iterator: ShardIterator): Shard {
  const { shardIndex, shardCreatedAtSeconds } = iterator
  const shard = core.table.at(shardIndex)
  if (shard?.spec.createdAtSeconds === shardCreatedAtSeconds) return shard
  const shardId = formatShardId(shardIndex)
  const { account, region, name: stream } = core.state.key
  throw new MillraceError(
    'ERR_MILLRACE_SHARD_NOT_FOUND',
    `${stream} does not have this ${shardId} any more`,
    {
      details: { stream, account, region, shardId, shardCreatedAtSeconds },
    },
  )
}

function withStats(shard: Shard, make: (stats: LogStats) => ShardIterator): Maybe<ShardIterator> {
  return andThen(shard.log(), (log) => andThen(log.stats(), make))
}

/** Where the record of a sequence number lies, if it is one of this shard. */
function offsetIn(shard: Shard, sequence: string, nowMs: number): { offset: Offset; arrivedAtMs: number } {
  const fields = parseSequenceNumber(sequence)
  if (fields === undefined) {
    throw refused(sequence, 'malformed', `${shown(sequence)} is no sequence number`, {})
  }
  if (fields.shardIndex !== shard.index || fields.shardCreatedAtSeconds !== shard.spec.createdAtSeconds) {
    const encodedShardId = formatShardId(fields.shardIndex)
    const message = `sequence number ${sequence} encodes ${encodedShardId} of its stream, not this ${shard.id}`
    throw refused(sequence, 'another-shard', message, { shardId: shard.id, encodedShardId })
  }
  if (fields.counter === endingCounter) {
    const message = `sequence number ${sequence} is where ${shard.id} ends: nothing is at it or after it`
    throw refused(sequence, 'shard-end', message, { shardId: shard.id })
  }
  if (fields.counter >= Number.MAX_SAFE_INTEGER) throw futureNumber(sequence, nowMs)
  return { offset: Number(fields.counter), arrivedAtMs: fields.arrivedAtSeconds * secondMs }
}

function shown(sequence: string): string {
  return sequence.length > 80 ? `${sequence.slice(0, 77)}...` : sequence
}

function futureNumber(sequence: string, nowMs: number): MillraceError {
  return refused(sequence, 'future', `sequence number ${sequence} lies in the future`, { nowMs })
}

function futureTime(arrivedAtMs: number, nowMs: number): MillraceError {
  const message = `arrivedAtMs must not lie in the future, which begins at ${nowMs}, got ${arrivedAtMs}`
  return new MillraceError('ERR_MILLRACE_INVALID_ARGUMENT', message, {
    details: {
      field: 'arrivedAtMs',
      value: arrivedAtMs,
      rule: 'not in the future',
      problem: 'future',
      nowMs,
    },
  })
}

function refused(
  sequence: string,
  problem: PositionProblem,
  message: string,
  facts: Readonly<Record<string, unknown>>,
): MillraceError {
  return new MillraceError('ERR_MILLRACE_INVALID_ARGUMENT', message, {
    details: {
      field: 'sequence',
      value: sequence,
      rule: 'a sequence number of the shard',
      problem,
      ...facts,
    },
  })
}
