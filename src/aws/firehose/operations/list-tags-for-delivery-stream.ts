import type { Operation } from '../call.ts'
import { tagPage } from '../tag-members.ts'
import { stateOf, type Target } from '../target.ts'

const limitUsual = 50

interface Input extends Target {
  readonly ExclusiveStartTagKey?: string
  readonly Limit?: number
}

/** The tags of a delivery stream, by their keys. */
export const listTagsForDeliveryStream: Operation = {
  name: 'ListTagsForDeliveryStream',
  run(input: Input, call) {
    const { Limit: limit = limitUsual, ExclusiveStartTagKey: after } = input
    return tagPage(stateOf(input, call).tags, { after, limit })
  },
}
