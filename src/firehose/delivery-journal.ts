import { channelArn } from './channel-key.ts'
import type { Clock } from '../clock.ts'
import { apart } from '../streams/warning.ts'
import type { RecordsDestination } from './configuration.ts'
import { deliveryStreamArn } from './delivery-key.ts'
import type { DeliveryLogEvent } from './delivery-log.ts'
import type { DeliveryCounters } from './delivery-stats.ts'
import type { DeliveryStreamState } from './delivery-stream-state.ts'

/** What a journal needs. */
export interface JournalHost {
  readonly state: DeliveryStreamState
  readonly clock: Clock
  readonly counters: DeliveryCounters
  readonly onLog: ((event: DeliveryLogEvent) => void) | undefined
}

/** Tells what goes wrong with a delivery, as AWS writes it to CloudWatch Logs. */
export class DeliveryJournal {
  readonly #host: JournalHost
  readonly #tell: ((event: DeliveryLogEvent) => void) | undefined

  constructor(host: JournalHost) {
    this.#host = host
    this.#tell = host.onLog && apart(host.onLog)
  }

  /** @param destination what it was about, such as `arn:aws:s3:::bucket` */
  note(destination: string, errorCode: string, message: string): void {
    const { state, clock, counters } = this.#host
    const timestampMs = clock.nowMs()
    counters.lastError = { errorCode, message, timestampMs }
    this.#tell?.({
      deliveryStreamARN: deliveryArn(state),
      deliveryStreamVersionId: state.versionId,
      destination,
      message,
      errorCode,
      timestampMs,
    })
  }
}

/** That of the delivery stream, or of the channel. */
export function deliveryArn(state: DeliveryStreamState): string {
  return state.kind === 'channel' ? channelArn(state) : deliveryStreamArn(state.key)
}

/** `arn:aws:s3:::<bucket>` */
export function bucketArn(bucket: string): string {
  return `arn:aws:s3:::${bucket}`
}

/** What a log event calls a destination of records. */
export function receiverName(to: RecordsDestination['to']): string {
  switch (to.kind) {
    case 'http':
      return to.url
    case 'stream':
      return to.streamArn
    case 'function':
      return to.name
    default:
      return to satisfies never
  }
}
