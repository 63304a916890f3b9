import type { Operation } from '../call.ts'
import { stateOf, type Target } from '../target.ts'

interface Input extends Target {
  /** Deletes also what holds a grant of a key that cannot be given back; here are no keys. */
  readonly AllowForceDelete?: boolean
}

/** Deletes a delivery stream, and what it has not delivered. */
export const deleteDeliveryStream: Operation = {
  name: 'DeleteDeliveryStream',
  async run(input: Input, call) {
    await call.firehose.deleteDeliveryStream(stateOf(input, call).key)
    return {}
  },
}
