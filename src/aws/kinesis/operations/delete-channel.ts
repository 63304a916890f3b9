import type { Operation } from '../call.ts'
import { channelNotFound } from '../channels.ts'

interface Input {
  readonly ChannelARN: string
}

/** There are no channels yet. */
export const deleteChannel: Operation = {
  name: 'DeleteChannel',
  run({ ChannelARN }: Input) {
    throw channelNotFound(ChannelARN)
  },
}
