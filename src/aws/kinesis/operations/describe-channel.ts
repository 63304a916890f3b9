import type { Operation } from '../call.ts'
import { channelNotFound } from '../channels.ts'

interface Input {
  readonly ChannelARN: string
}

/** There are no channels yet. */
export const describeChannel: Operation = {
  name: 'DescribeChannel',
  run({ ChannelARN }: Input) {
    throw channelNotFound(ChannelARN)
  },
}
