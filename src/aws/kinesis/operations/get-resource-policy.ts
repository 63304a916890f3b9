import type { Operation } from '../call.ts'
import { resourceOf, type ResourceTarget } from '../resource-target.ts'

/** The resource policy of a stream or consumer, as it was given; nothing if it has none. */
export const getResourcePolicy: Operation = {
  name: 'GetResourcePolicy',
  run(input: ResourceTarget, call) {
    return { Policy: resourceOf(input, call).policy() }
  },
}
