import { MillraceError } from '../../../errors.ts'
import type { Shard } from '../../../streams/shard.ts'
import { polledIterator } from '../../../streams/polling.ts'
import type { StreamCore } from '../../../streams/stream-core.ts'
import { Fault, notFoundFault } from '../../wire/fault.ts'
import type { Call, Operation } from '../call.ts'
import { refuseDryRun } from '../dry-run.ts'
import { shardOf, shownShardId } from '../shard-target.ts'
import { writeIterator } from '../shard-token.ts'
import { type IteratorType, type Position, positionFault, startOf } from '../start-position.ts'
import { coreToRead, streamKeyOf, type StreamTarget } from '../stream-target.ts'

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
    const { ShardIteratorType: type, StartingSequenceNumber: sequence, Timestamp: timestamp } = input
    const position: Position = { type, sequence, timestamp }
    const { core, shard } = found(input, call)
    const start = startOf(position, call.nowMs)
    try {
      const iterator = await polledIterator(core, shard, start)
      refuseDryRun(input.DryRun)
      return { ShardIterator: writeIterator(core, iterator, call.nowMs) }
    } catch (error) {
      throw positionFault(error, 'GetShardIterator', position, core, shard.id)
    }
  },
}

/** Here a stream that does not exist, and a shard, have a text of their own. */
function found(input: Input, call: Call): { readonly core: StreamCore; readonly shard: Shard } {
  try {
    const core = coreToRead(input, call)
    return { core, shard: shardOf(core, input.ShardId) }
  } catch (error) {
    if (!isNotFound(error)) throw error
    const { name, account } = streamKeyOf(input, call)
    throw notFoundFault(
      `Shard ${shownShardId(input.ShardId)} in stream ${name} under account ${account} does not exist`,
    )
  }
}

function isNotFound(error: unknown): boolean {
  if (error instanceof MillraceError) return error.code === 'ERR_MILLRACE_STREAM_NOT_FOUND'
  return error instanceof Fault && error.type === 'ResourceNotFoundException'
}
