import { invalidArgumentFault } from '../../wire/fault.ts'
import type { Operation } from '../call.ts'
import type { ChannelTarget } from '../channel/members.ts'
import { statusOf } from '../channel/output.ts'
import { channelOf } from '../channel/target.ts'

/** Ends delivery. What was delivered stays; what was not stays in the stream. */
export const deleteChannel: Operation = {
  name: 'DeleteChannel',
  async run(input: ChannelTarget, call) {
    const channel = channelOf(input, call)
    // The model has no better error.
    if (statusOf(channel, call).status === 'CREATING') {
      throw invalidArgumentFault(`Channel ${input.ChannelARN} not ACTIVE, instead in state CREATING`)
    }
    await call.firehose().deleteDeliveryStream(channel.key)
  },
}
