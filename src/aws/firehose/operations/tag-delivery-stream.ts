import type { Operation } from '../call.ts'
import type { TagMembers } from '../members.ts'
import { tagsOf } from '../tag-members.ts'
import { stateOf, type Target } from '../target.ts'

interface Input extends Target {
  readonly Tags: readonly TagMembers[]
}

/** Adds tags to a delivery stream, or replaces their values. */
export const tagDeliveryStream: Operation = {
  name: 'TagDeliveryStream',
  async run(input: Input, call) {
    await call.firehose.tag(stateOf(input, call).key, tagsOf(input.Tags))
    return {}
  },
}
