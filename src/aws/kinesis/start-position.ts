import { MillraceError } from '../../errors.ts'
import type { IteratorStart, PositionProblem } from '../../streams/shard-iterator.ts'
import type { StreamCore } from '../../streams/stream-core.ts'
import { invalidArgumentFault } from '../wire/fault.ts'

/** As the model names them. */
export type IteratorType =
  | 'AT_SEQUENCE_NUMBER'
  | 'AFTER_SEQUENCE_NUMBER'
  | 'TRIM_HORIZON'
  | 'LATEST'
  | 'AT_TIMESTAMP'

/** A position as `GetShardIterator` and `SubscribeToShard` are given it. */
export interface Position {
  readonly type: IteratorType
  readonly sequence: string | undefined
  /** Milliseconds since 1970. */
  readonly timestamp: number | undefined
}

/** The same for the library. @throws `InvalidArgumentException` for members that do not go together */
export function startOf({ type, sequence, timestamp }: Position, nowMs: number): IteratorStart {
  const bySequence = type === 'AT_SEQUENCE_NUMBER' || type === 'AFTER_SEQUENCE_NUMBER'
  if (bySequence !== (sequence !== undefined)) {
    throw invalidArgumentFault(
      'Must either specify (1) AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER and StartingSequenceNumber or ' +
        '(2) TRIM_HORIZON or LATEST and no StartingSequenceNumber. ' +
        `Request specified ${type} and ${sequence === undefined ? 'no' : 'also a'} StartingSequenceNumber.`,
    )
  }
  switch (type) {
    case 'TRIM_HORIZON':
      return { from: 'oldest' }
    case 'LATEST':
      return { from: 'latest' }
    case 'AT_TIMESTAMP':
      return { from: 'time', arrivedAtMs: requireTimestamp(timestamp, nowMs) }
    default:
      return { from: 'sequence', sequence: sequence ?? '', inclusive: type === 'AT_SEQUENCE_NUMBER' }
  }
}

function requireTimestamp(timestamp: number | undefined, nowMs: number): number {
  if (timestamp === undefined) {
    throw invalidArgumentFault(
      'Must specify timestampInMillis parameter for iterator of type AT_TIMESTAMP. ' +
        'Current request has no timestamp parameter.',
    )
  }
  if (timestamp > nowMs) {
    throw invalidArgumentFault(
      'The timestampInMillis parameter cannot be greater than the currentTimestampInMillis. ' +
        `timestampInMillis: ${timestamp}, currentTimestampInMillis: ${nowMs}`,
    )
  }
  return Math.max(0, timestamp)
}

/** What the library refused a position with, in the service's words. */
export function positionFault(
  error: unknown,
  operation: string,
  { type, sequence = '' }: Position,
  core: StreamCore,
  shardId: string,
): unknown {
  if (!(error instanceof MillraceError) || error.code !== 'ERR_MILLRACE_INVALID_ARGUMENT') return error
  const { name, account } = core.state.key
  switch (error.details['problem'] as PositionProblem | undefined) {
    case 'another-shard':
      return invalidArgumentFault(
        `Invalid StartingSequenceNumber. It encodes ${String(error.details['encodedShardId'])}, ` +
          `while it was used in a call to a shard with ${shardId}`,
      )
    case 'shard-end':
      return invalidArgumentFault(
        `Invalid SequenceNumber for ShardIteratorType ${type}, ` +
          'SequenceNumber has reached max possible value for the shard.',
      )
    default:
      return invalidArgumentFault(
        `StartingSequenceNumber ${sequence} used in ${operation} on shard ${shardId} in stream ${name} ` +
          `under account ${account} is invalid.`,
      )
  }
}
