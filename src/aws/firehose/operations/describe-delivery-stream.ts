import type { Operation } from '../call.ts'
import { descriptionOf, destinationId } from '../description.ts'
import { stateOf, type Target } from '../target.ts'

interface Input extends Target {
  readonly Limit?: number
  readonly ExclusiveStartDestinationId?: string
}

/** Says what a delivery stream is and does. It has one destination: a page is all of it, or behind it and empty. */
export const describeDeliveryStream: Operation = {
  name: 'DescribeDeliveryStream',
  run(input: Input, call) {
    const state = stateOf(input, call)
    const { ExclusiveStartDestinationId: after } = input
    const destinations = after === undefined || after < destinationId
    return {
      DeliveryStreamDescription: descriptionOf(state, call.firehose.status(state), { destinations }),
    }
  },
}
