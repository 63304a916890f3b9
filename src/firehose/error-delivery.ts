import { type RecordBuffer, whilePinned } from './buffers/record-buffer.ts'
import { bucketArn } from './delivery-journal.ts'
import type { Naming } from './delivery-parts.ts'
import type { DeliveryGroup } from './delivery-stats.ts'
import type { ObjectHost } from './object-delivery.ts'
import { Stopped, tried } from './retry.ts'

/** What becomes of the lines of one error output. */
export interface ErrorRules {
  readonly bucket: string
  readonly naming: Naming
  /** What its objects count as, if anything. */
  readonly group: DeliveryGroup | undefined
}

/** Makes objects of lines of failed records. There is no other place for them: it is tried for ever. */
export class ErrorDelivery {
  readonly #rules: ErrorRules
  readonly #host: ObjectHost

  constructor(rules: ErrorRules, host: ObjectHost) {
    this.#rules = rules
    this.#host = host
  }

  /** @param type what `!{firehose:error-output-type}` becomes. Rejects with `Stopped`. */
  async deliver(buffer: RecordBuffer, type: string): Promise<void> {
    const { destination, slots, counters, journal, retry } = this.#host
    const { bucket, naming, group } = this.#rules
    let key: string | undefined
    const put = (signal: AbortSignal): Promise<void> => {
      counters.attempts += 1
      key ??= naming.errorKey(type, buffer.oldestMs)
      const contentType = 'application/octet-stream'
      return destination.deliver({ bucket, key, contentType, body: () => buffer.body() }, signal)
    }
    const outcome = await tried(
      {
        retryMs: Number.POSITIVE_INFINITY,
        attempt: (_, signal) => slots.run(signal, () => whilePinned(buffer, () => put(signal))),
        onFailed: ({ code, message }) => {
          counters.failedAttempts += 1
          journal.note(bucketArn(bucket), code, message)
        },
      },
      retry,
    )
    if (!outcome.ok) throw new Stopped()
    if (group !== undefined) counters.delivered(group, buffer.records, buffer.bytes)
  }
}
