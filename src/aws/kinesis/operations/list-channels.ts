import { channelNameOf } from '../../../firehose/channel-key.ts'
import type { DeliveryStreamState } from '../../../firehose/delivery-stream-state.ts'
import type { Operation } from '../call.ts'
import { channelDocument } from '../channel/document.ts'
import { channelSummary } from '../channel/output.ts'
import { channelsOf } from '../channel/target.ts'
import { readAccountToken, writeAccountToken } from '../list-token.ts'

/** Of a page, and the usual one (AWS SDK, ListChannels). */
const resultsMax = 100
const purpose = 'ListChannels'

interface StreamFilter {
  readonly StreamARN: string
  readonly StreamCreationTimestamp?: number
}

interface Input {
  readonly StreamFilter?: readonly StreamFilter[]
  readonly MaxResults?: number
  readonly NextToken?: string
}

/** The channels of the caller's account and region, by name; those of some streams, if it says which. */
export const listChannels: Operation = {
  name: 'ListChannels',
  run({ StreamFilter: filter, MaxResults: max = resultsMax, NextToken: token }: Input, call) {
    const after = token === undefined ? '' : readAccountToken(purpose, token, call)
    const rest = channelsOf(call, call)
      .filter((state) => filter === undefined || filter.some((stream) => isFrom(state, stream)))
      .filter(({ key }) => channelNameOf(key.name) > after)
    const page = rest.slice(0, Math.min(max, resultsMax))
    const last = page.at(-1)
    return {
      ChannelSummaries: page.map((state) => channelSummary(state, call)),
      NextToken:
        last !== undefined && rest.length > page.length
          ? writeAccountToken(purpose, call, channelNameOf(last.key.name))
          : undefined,
    }
  },
}

function isFrom(
  state: DeliveryStreamState,
  { StreamARN: arn, StreamCreationTimestamp: ms }: StreamFilter,
): boolean {
  const { stream } = channelDocument(state)
  if (stream.arn !== arn) return false
  // Some clients send whole seconds.
  return (
    ms === undefined || ms === stream.createdAtMs || ms === stream.createdAtMs - (stream.createdAtMs % 1000)
  )
}
