import type { Operation } from '../call.ts'
import type { ChannelTarget } from '../channel/members.ts'
import { channelDescription } from '../channel/output.ts'
import { channelOf } from '../channel/target.ts'

/** A channel with its status and all it was told. */
export const describeChannel: Operation = {
  name: 'DescribeChannel',
  run(input: ChannelTarget, call) {
    return { ChannelDescription: channelDescription(channelOf(input, call), call) }
  },
}
