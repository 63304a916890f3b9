import type { DeliveryKey, DeliveryStreamState } from '../../firehose/delivery-stream-state.ts'
import { notFoundFault } from '../wire/fault.ts'
import type { Call } from './call.ts'

/** How an input names a delivery stream. */
export interface Target {
  readonly DeliveryStreamName: string
}

/** Which delivery stream an input means. */
export function keyOf({ DeliveryStreamName: name }: Target, { account, region }: Call): DeliveryKey {
  return { account, region, name }
}

/** The delivery stream that an input means. @throws `ResourceNotFoundException` */
export function stateOf(target: Target, call: Call): DeliveryStreamState {
  const key = keyOf(target, call)
  const state = call.firehose.deliveryStream(key)
  // Channels of Kinesis are none to Firehose.
  if (state.kind !== 'delivery-stream') {
    throw notFoundFault(`Firehose ${key.name} under account ${key.account} not found.`)
  }
  call.watcher?.about(key.name)
  return state
}
