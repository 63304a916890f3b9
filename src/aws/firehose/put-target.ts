import type { DeliveryStreamState } from '../../firehose/delivery-stream-state.ts'
import { Fault } from '../wire/fault.ts'
import type { Call } from './call.ts'
import { stateOf, type Target } from './target.ts'

/** The delivery stream that records are put to. @throws `InvalidSourceException`, `ResourceNotFoundException` */
export function stateToPutTo(target: Target, call: Call): DeliveryStreamState {
  const state = stateOf(target, call)
  if (state.configuration.source.kind === 'direct') return state
  throw new Fault(
    'InvalidSourceException',
    'This operation is not permitted on KinesisStreamAsSource delivery stream type.',
  )
}
