import type { Operation } from '../call.ts'
import { resourceOf, type ResourceTarget } from '../resource-target.ts'
import { tagsOf } from '../tag-output.ts'

interface Input extends ResourceTarget {
  readonly Tags: ReadonlyMap<string, string>
}

/** Adds tags to a stream or consumer, or replaces their values. */
export const tagResource: Operation = {
  name: 'TagResource',
  async run(input: Input, call) {
    await resourceOf(input, call).tag(tagsOf(input.Tags))
  },
}
