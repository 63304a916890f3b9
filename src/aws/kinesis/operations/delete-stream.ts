import type { Operation } from '../call.ts'
import { coreOfTarget, type StreamTarget } from '../stream-target.ts'

interface Input extends StreamTarget {
  readonly EnforceConsumerDeletion?: boolean
}

/** Deletes a stream with all it holds. */
export const deleteStream: Operation = {
  name: 'DeleteStream',
  async run(input: Input, call) {
    const { account, region, name } = coreOfTarget(input, call).state.key
    const enforceConsumerDeletion = input.EnforceConsumerDeletion
    await call.within(account, region).deleteStream(name, { enforceConsumerDeletion })
  },
}
