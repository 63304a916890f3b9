import type { Operation } from '../call.ts'
import { resourceOf, type ResourceTarget } from '../resource-target.ts'
import { tagOutput } from '../tag-output.ts'

/** The tags of a stream or consumer, in byte order of their keys. */
export const listTagsForResource: Operation = {
  name: 'ListTagsForResource',
  run(input: ResourceTarget, call) {
    return { Tags: resourceOf(input, call).tags().map(tagOutput) }
  },
}
