import { notFoundFault } from '../../wire/fault.ts'
import type { Operation } from '../call.ts'
import { resourceOf, type ResourceTarget } from '../resource-target.ts'

/** Removes the resource policy of a stream or consumer. */
export const deleteResourcePolicy: Operation = {
  name: 'DeleteResourcePolicy',
  async run(input: ResourceTarget, call) {
    if (await resourceOf(input, call).deletePolicy()) return
    throw notFoundFault(`No resource policy found for resource ARN ${input.ResourceARN}`)
  },
}
