import { requireShardFilter, type ShardFilterInput } from '../shard-filter-input.ts'
import { invalidArgumentFault } from '../../wire/fault.ts'
import type { Call, Operation } from '../call.ts'
import { readStreamToken, writeStreamToken } from '../list-token.ts'
import { shardOutput } from '../shard-output.ts'
import { normalShardId } from '../shard-target.ts'
import { requireCreation, streamOfTarget, type StreamTarget } from '../stream-target.ts'

/** Shards of one answer; more are not answered even if asked for. */
const resultsMax = 1000
const purpose = 'ListShards'

interface Input extends StreamTarget {
  readonly NextToken?: string
  readonly ExclusiveStartShardId?: string
  readonly MaxResults?: number
  readonly StreamCreationTimestamp?: number
  readonly ShardFilter?: ShardFilterInput
}

/** What one page begins with. */
interface Page {
  readonly target: StreamTarget
  readonly after: string | undefined
  readonly filter: ShardFilterInput | undefined
}

/** The shards of a stream, by filter and in pages. */
export const listShards: Operation = {
  name: 'ListShards',
  run(input: Input, call) {
    const { target, after, filter } = pageOf(input, call)
    const { stream, core } = streamOfTarget(target, call)
    requireCreation(input.StreamCreationTimestamp, core)
    const max = Math.min(input.MaxResults ?? resultsMax, resultsMax)
    const chosen = {
      filter: requireShardFilter(filter),
      exclusiveStartShardId: after === undefined ? undefined : normalShardId(after),
      max: max + 1,
    }
    // A stream that is being created has none to show yet, as in DescribeStream.
    const shards = stream.describe().status === 'CREATING' ? [] : stream.listShards(chosen)
    const page = shards.slice(0, max)
    const last = page.at(-1)?.shardId
    const more = shards.length > max && last !== undefined
    return {
      Shards: page.map(shardOutput),
      NextToken: more
        ? writeStreamToken(purpose, core.state, [last, ...(filter === undefined ? [] : [filter])], call.nowMs)
        : undefined,
    }
  },
}

function pageOf(input: Input, call: Call): Page {
  const { NextToken: token, ExclusiveStartShardId: after, ShardFilter: filter } = input
  if (token === undefined) return { target: input, after, filter }
  const beside = (
    ['StreamName', 'StreamARN', 'StreamCreationTimestamp', 'ExclusiveStartShardId', 'ShardFilter'] as const
  ).find((member) => input[member] !== undefined)
  if (beside !== undefined && beside !== 'StreamARN') {
    throw invalidArgumentFault(`NextToken and ${beside} cannot be provided together.`)
  }
  const { key, rest } = readStreamToken(purpose, token, call)
  const [last, writtenFilter] = rest
  return {
    target: { StreamARN: `arn:aws:kinesis:${key.region}:${key.account}:stream/${key.name}` },
    after: String(last),
    filter: writtenFilter as ShardFilterInput | undefined,
  }
}
