import { channelNameOf } from '../firehose/channel-key.ts'
import type { DeliveryFailure } from '../firehose/deliveries.ts'
import { type DeliveryFault, deliveredOf, type DeliveryStats } from '../firehose/delivery-stats.ts'
import type { DeliveryStreamState } from '../firehose/delivery-stream-state.ts'
import { destinationName, sourceName } from '../firehose/delivery-summary.ts'
import { failureText } from '../firehose/failure-text.ts'
import { runningFirehose } from '../firehose/firehose.ts'
import type { Store } from '../streams/store.ts'
import type { ConsoleTarget, ConsoleVisitor } from './console-access.ts'

/** A delivery stream at the moment of a sample, as the page shows it. */
export interface DeliveryRow extends ConsoleTarget {
  readonly id: string
  readonly kind: DeliveryStreamState['kind']
  readonly status: string
  /** Whether it delivers now. One that is ACTIVE and does not could not begin: `lastError` says why. */
  readonly running: boolean
  readonly source: string
  readonly destination: string
  /** Since its delivery began, as all that follow. */
  readonly deliveredRecords: number
  readonly deliveredBytes: number
  readonly failedRecords: number
  readonly bufferedRecords: number
  readonly bufferedBytes: number
  /** When the oldest record that is not delivered came, milliseconds since 1970; `null` without one. */
  readonly oldestMs: number | null
  readonly lastError: DeliveryFault | null
}

/** Of an error, as much as a table shows. Characters. */
const messageMax = 500

/** The delivery streams of a store, as of now; none where nobody has begun to deliver. */
export function deliveryRows(store: Store, nowMs: number): readonly DeliveryRow[] {
  const firehose = runningFirehose(store)
  return (firehose?.everywhere() ?? []).map((state) => {
    const { id, key, kind, configuration } = state
    const stats = firehose?.stats(key)
    const waits = stats !== undefined && stats.bufferedRecords > 0
    return {
      id,
      account: key.account,
      region: key.region,
      name: kind === 'channel' ? channelNameOf(key.name) : key.name,
      kind,
      status: firehose?.status(state) ?? '',
      running: stats !== undefined,
      source: sourceName(configuration),
      destination: destinationName(configuration),
      deliveredRecords: stats === undefined ? 0 : deliveredOf(stats, 'Records'),
      deliveredBytes: stats === undefined ? 0 : deliveredOf(stats, 'Bytes'),
      failedRecords: stats?.failedRecords ?? 0,
      bufferedRecords: stats?.bufferedRecords ?? 0,
      bufferedBytes: stats?.bufferedBytes ?? 0,
      oldestMs: waits ? nowMs - stats.dataFreshnessMs : null,
      lastError: faultOf(stats, firehose?.failure(key)),
    }
  })
}

/** Whether somebody may know of it. */
export function maySee(visitor: ConsoleVisitor, { account, region, name, kind }: DeliveryRow): boolean {
  // Channels are the account's: whoever may see all of it sees them. No pattern but * matches a name of nothing.
  return visitor.may('any', { account, region, name: kind === 'channel' ? '' : name })
}

function faultOf(
  stats: DeliveryStats | undefined,
  failure: DeliveryFailure | undefined,
): DeliveryFault | null {
  const fault = stats?.lastError
  if (fault !== undefined) return { ...fault, message: fault.message.slice(0, messageMax) }
  if (stats !== undefined || failure === undefined) return null
  const message = failureText(failure.error).slice(0, messageMax)
  return { errorCode: 'Delivery.CannotStart', message, timestampMs: failure.atMs }
}
