import type { Operation } from '../call.ts'
import { shardOutput } from '../shard-output.ts'
import { normalShardId } from '../shard-target.ts'
import { streamOutput } from '../stream-output.ts'
import { streamOfTarget, type StreamTarget } from '../stream-target.ts'

const limitUsual = 100
const limitMax = 10_000

interface Input extends StreamTarget {
  readonly Limit?: number
  readonly ExclusiveStartShardId?: string
}

/** A stream and its shards, a hundred at a time. */
export const describeStream: Operation = {
  name: 'DescribeStream',
  run(input: Input, call) {
    const { stream } = streamOfTarget(input, call)
    const { Limit: limit = limitUsual, ExclusiveStartShardId: after } = input
    const description = stream.describe()
    // A stream that is being created has none to show yet.
    const shards =
      description.status === 'CREATING'
        ? []
        : stream.listShards({
            exclusiveStartShardId: after === undefined ? undefined : normalShardId(after),
            max: limit < limitMax ? limit + 1 : undefined,
          })
    return {
      StreamDescription: {
        ...streamOutput(description),
        Shards: shards.slice(0, limit).map(shardOutput),
        HasMoreShards: shards.length > limit,
      },
    }
  },
}
