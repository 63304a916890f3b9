/** What delivery streams go through, derived from stored times: whoever looks at one moment sees the same. Pure. */
import { MillraceError } from '../errors.ts'
import type { DeliveryStreamState } from './delivery-stream-state.ts'

/** As AWS names them (AWS API model). Those of failures do not happen: what fails changes nothing. */
export type DeliveryStatus = 'CREATING' | 'ACTIVE' | 'DELETING'

/** The status at a moment. */
export function deliveryStatus(
  { creatingUntilMs, deletingUntilMs }: Pick<DeliveryStreamState, 'creatingUntilMs' | 'deletingUntilMs'>,
  nowMs: number,
): DeliveryStatus {
  if (deletingUntilMs !== undefined) return 'DELETING'
  return nowMs < creatingUntilMs ? 'CREATING' : 'ACTIVE'
}

/** @throws `ERR_MILLRACE_DELIVERY_STREAM_NOT_ACTIVE`, whose details name the status */
export function requireActive(state: DeliveryStreamState, nowMs: number): void {
  const status = deliveryStatus(state, nowMs)
  if (status !== 'ACTIVE') throw deliveryNotActive(state, status)
}

/** What is refused because of the status. */
export function deliveryNotActive({ key }: DeliveryStreamState, status: DeliveryStatus): MillraceError {
  return new MillraceError(
    'ERR_MILLRACE_DELIVERY_STREAM_NOT_ACTIVE',
    `the delivery stream ${key.name} is not ACTIVE but ${status}; try again when it is`,
    { details: { ...key, status } },
  )
}
