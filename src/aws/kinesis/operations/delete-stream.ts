import type { Operation } from '../call.ts'
import { requireNoChannel } from '../channel/target.ts'
import { coreOfTarget, type StreamTarget } from '../stream-target.ts'

interface Input extends StreamTarget {
  readonly EnforceConsumerDeletion?: boolean
}

/** Deletes a stream with all it holds. */
export const deleteStream: Operation = {
  name: 'DeleteStream',
  async run(input: Input, call) {
    const { key } = coreOfTarget(input, call).state
    const { account, region, name } = key
    // Whatever the call enforces (AWS SDK, DeleteChannel).
    requireNoChannel(key, call)
    const enforceConsumerDeletion = input.EnforceConsumerDeletion
    await call.within(account, region).deleteStream(name, { enforceConsumerDeletion })
  },
}
