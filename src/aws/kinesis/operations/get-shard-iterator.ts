import { MillraceError } from '../../../errors.ts'
import { iteratorAt, type IteratorStart, type PositionProblem } from '../../../streams/shard-iterator.ts'
import type { StreamCore } from '../../../streams/stream-core.ts'
import { invalidArgumentFault, notFoundFault } from '../../wire/fault.ts'
import type { Call, Operation } from '../call.ts'
import { refuseDryRun } from '../dry-run.ts'
import { shardOf, shownShardId } from '../shard-target.ts'
import { writeIterator } from '../shard-token.ts'
import { coreOfTarget, streamKeyOf, type StreamTarget } from '../stream-target.ts'

type IteratorType =
  | 'AT_SEQUENCE_NUMBER'
  | 'AFTER_SEQUENCE_NUMBER'
  | 'TRIM_HORIZON'
  | 'LATEST'
  | 'AT_TIMESTAMP'

interface Input extends StreamTarget {
  readonly ShardId: string
  readonly ShardIteratorType: IteratorType
  readonly StartingSequenceNumber?: string
  readonly Timestamp?: number
  readonly DryRun?: boolean
}

/** A position in a shard, to read from with `GetRecords`. */
export const getShardIterator: Operation = {
  name: 'GetShardIterator',
  async run(input: Input, call) {
    const { core, shard } = found(input, call)
    const start = startOf(input, call)
    try {
      const iterator = await iteratorAt(core, shard, start)
      refuseDryRun(input.DryRun)
      return { ShardIterator: writeIterator(core, iterator, call.nowMs) }
    } catch (error) {
      throw positionFault(error, input, core, shard.id)
    }
  },
}

/** Here a stream that does not exist, and a shard, have a text of their own. */
function found(
  input: Input,
  call: Call,
): { readonly core: StreamCore; readonly shard: ReturnType<typeof shardOf> } {
  try {
    const core = coreOfTarget(input, call)
    return { core, shard: shardOf(core, input.ShardId) }
  } catch (error) {
    const { name, account } = streamKeyOf(input, call)
    if (!isNotFound(error)) throw error
    throw notFoundFault(
      `Shard ${shownShardId(input.ShardId)} in stream ${name} under account ${account} does not exist`,
    )
  }
}

function isNotFound(error: unknown): boolean {
  if (error instanceof MillraceError) return error.code === 'ERR_MILLRACE_STREAM_NOT_FOUND'
  return (error as { readonly type?: unknown }).type === 'ResourceNotFoundException'
}

/** @throws `InvalidArgumentException` for members that do not go together */
function startOf(input: Input, call: Call): IteratorStart {
  const { ShardIteratorType: type, StartingSequenceNumber: sequence, Timestamp: timestamp } = input
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
      return { from: 'time', arrivedAtMs: requireTimestamp(timestamp, call.nowMs) }
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

function positionFault(error: unknown, input: Input, core: StreamCore, shardId: string): unknown {
  if (!(error instanceof MillraceError) || error.code !== 'ERR_MILLRACE_INVALID_ARGUMENT') return error
  const { name, account } = core.state.key
  const number = input.StartingSequenceNumber ?? ''
  switch (error.details['problem'] as PositionProblem | undefined) {
    case 'another-shard':
      return invalidArgumentFault(
        `Invalid StartingSequenceNumber. It encodes ${String(error.details['encodedShardId'])}, ` +
          `while it was used in a call to a shard with ${shardId}`,
      )
    case 'shard-end':
      return invalidArgumentFault(
        `Invalid SequenceNumber for ShardIteratorType ${input.ShardIteratorType}, ` +
          'SequenceNumber has reached max possible value for the shard.',
      )
    default:
      return invalidArgumentFault(
        `StartingSequenceNumber ${number} used in GetShardIterator on shard ${shardId} in stream ${name} ` +
          `under account ${account} is invalid.`,
      )
  }
}
