import { invalidArgumentFault } from '../../wire/fault.ts'
import type { Operation } from '../call.ts'
import { coreOfTarget } from '../stream-target.ts'

interface Input {
  readonly StreamFilter?: readonly { readonly StreamARN: string }[]
  readonly NextToken?: string
}

/** There are no channels yet. */
export const listChannels: Operation = {
  name: 'ListChannels',
  run({ StreamFilter: filter = [], NextToken: token }: Input, call) {
    // No page of this listing has ever had a token.
    if (token !== undefined) throw invalidArgumentFault('Invalid NextToken.')
    for (const { StreamARN } of filter) coreOfTarget({ StreamARN }, call)
    return { ChannelSummaries: [] }
  },
}
