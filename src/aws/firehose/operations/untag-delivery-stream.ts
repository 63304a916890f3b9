import type { Operation } from '../call.ts'
import { stateOf, type Target } from '../target.ts'

interface Input extends Target {
  readonly TagKeys: readonly string[]
}

/** Removes tags of a delivery stream; keys that it does not have are no error. */
export const untagDeliveryStream: Operation = {
  name: 'UntagDeliveryStream',
  async run(input: Input, call) {
    await call.firehose.untag(stateOf(input, call).key, input.TagKeys)
    return {}
  },
}
