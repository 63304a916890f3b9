import type { Operation } from '../call.ts'
import { type DestinationInput, destinationFault } from '../channels.ts'
import { coreOfTarget } from '../stream-target.ts'

interface Input extends DestinationInput {
  readonly StreamConfigurationList: readonly { readonly StreamARN: string }[]
}

/** Refuses a channel by the name of its destination: nothing is delivered yet. */
export const createChannel: Operation = {
  name: 'CreateChannel',
  run(input: Input, call) {
    for (const { StreamARN } of input.StreamConfigurationList) coreOfTarget({ StreamARN }, call)
    throw destinationFault(input)
  },
}
