import type { Operation } from '../call.ts'
import { resourceOf, type ResourceTarget } from '../resource-target.ts'

interface Input extends ResourceTarget {
  readonly Policy: string
}

/** Keeps a resource policy of a stream or consumer. Nobody is refused because of it. */
export const putResourcePolicy: Operation = {
  name: 'PutResourcePolicy',
  async run(input: Input, call) {
    await resourceOf(input, call).setPolicy(input.Policy)
  },
}
