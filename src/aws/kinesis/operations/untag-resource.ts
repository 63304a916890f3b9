import type { Operation } from '../call.ts'
import { resourceOf, type ResourceTarget } from '../resource-target.ts'

interface Input extends ResourceTarget {
  readonly TagKeys: readonly string[]
}

/** Removes tags from a stream or consumer; keys that it does not have are passed over. */
export const untagResource: Operation = {
  name: 'UntagResource',
  async run(input: Input, call) {
    await resourceOf(input, call).untag(input.TagKeys)
  },
}
