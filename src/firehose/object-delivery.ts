import { MiB } from '../units.ts'
import { type RecordBuffer, whilePinned } from './buffers/record-buffer.ts'
import type { BatchMark } from './checkpoint.ts'
import type { ObjectTarget } from './configuration.ts'
import { bucketArn, type DeliveryJournal } from './delivery-journal.ts'
import type { ConvertedObject, Encoder, Naming, RecordConverter } from './delivery-parts.ts'
import type { FailedRecord } from './delivery-record.ts'
import type { DeliveryCounters, DeliveryGroup } from './delivery-stats.ts'
import { DeliveryError, type ObjectDestination, type ObjectParcel } from './destination.ts'
import type { ErrorOutput } from './error-output.ts'
import { failureText } from './failure-text.ts'
import { objectRetryMs, Outage, type Outcome, type RetryHost, tried } from './retry.ts'
import type { Slots } from './slots.ts'

/** Records that are looked at together on their way to conversion or the error output. */
const parcelRecords = 1024
const parcelBytes: number = MiB

/** What all objects of a delivery have in common. */
export interface ObjectHost {
  readonly destination: ObjectDestination
  readonly retry: RetryHost
  readonly counters: DeliveryCounters
  readonly journal: DeliveryJournal
  /** So many objects are on their way at once. */
  readonly slots: Slots
}

/** What becomes of the buffers of one target. */
export interface ObjectRules {
  readonly target: ObjectTarget
  readonly naming: Naming
  readonly encoder: Encoder
  readonly converter: RecordConverter | undefined
  /** How long a delivery that failed is repeated. Milliseconds. @defaultValue 24 hours */
  readonly retryMs?: number | undefined
  readonly group: DeliveryGroup
  /** Where records go that cannot be delivered. */
  readonly errors: ErrorOutput
}

/** A body and how it is labelled. */
interface Content {
  readonly extension: string
  readonly contentType: string
  readonly contentEncoding?: string | undefined
  readonly body: () => AsyncIterable<Uint8Array>
}

/** Makes an object of each buffer. */
export class ObjectDelivery {
  readonly #rules: ObjectRules
  readonly #host: ObjectHost
  readonly #outage: Outage = new Outage()

  constructor(rules: ObjectRules, host: ObjectHost) {
    this.#rules = rules
    this.#host = host
  }

  /** Resolves once the records are safe at the destination or in buffers of the error output. Rejects with `Stopped`. */
  async deliver(buffer: RecordBuffer, mark: BatchMark): Promise<void> {
    const { converter } = this.#rules
    if (converter !== undefined) return this.#deliverConverted(buffer, mark, converter)
    const { extension, contentType, contentEncoding, encode } = bound(this.#rules.encoder)
    const body = (): AsyncIterable<Uint8Array> => encode(buffer.body())
    const made = await this.#put(buffer, { extension, contentType, contentEncoding, body })
    if (made.ok) this.#host.counters.delivered(this.#rules.group, buffer.records, buffer.bytes)
    else await this.#failAll(buffer, mark, made)
  }

  async #deliverConverted(buffer: RecordBuffer, mark: BatchMark, converter: RecordConverter): Promise<void> {
    const { counters } = this.#host
    const made = await this.#attempt(buffer, (signal) =>
      converter.convert(buffer.parcels(parcelRecords, parcelBytes), signal),
    )
    if (!made.ok) return this.#failAll(buffer, mark, made, 'format-conversion-failed')
    const converted = made.value
    try {
      const put = converted.rows === 0 ? undefined : await this.#put(buffer, parquetOf(converted))
      if (put?.ok === false) return await this.#failAll(buffer, mark, put)
      const records = buffer.records - converted.failed.length
      if (put !== undefined) counters.delivered(this.#rules.group, records, converted.bytes)
      const failedBytes = converted.failed.reduce((sum, { record }) => sum + record.data.byteLength, 0)
      counters.metrics['SucceedConversion.Records'] += records
      counters.metrics['SucceedConversion.Bytes'] += buffer.bytes - failedBytes
      counters.metrics['FailedConversion.Records'] += converted.failed.length
      counters.metrics['FailedConversion.Bytes'] += failedBytes
      await this.#rules.errors.add(converted.failed, mark)
    } finally {
      await converted.release()
    }
  }

  async #put(buffer: RecordBuffer, content: Content): Promise<Outcome<void>> {
    const { target, naming } = this.#rules
    let key: string
    try {
      key = naming.key(buffer.keys, buffer.oldestMs, content.extension)
    } catch (cause) {
      const message = failureText(cause)
      const error = new DeliveryError('S3.InvalidObjectKey', message, { again: false, cause })
      this.#host.journal.note(bucketArn(target.bucket), error.code, message)
      return { ok: false, error, attempts: 1, endedAtMs: this.#host.retry.clock.nowMs() }
    }
    const { contentType, contentEncoding, body } = content
    const { bucket, storageClass } = target
    const parcel: ObjectParcel = { bucket, key, contentType, contentEncoding, storageClass, body }
    const deliver = (signal: AbortSignal): Promise<void> => this.#host.destination.deliver(parcel, signal)
    return this.#attempt(buffer, deliver, this.#outage)
  }

  /** Between attempts the buffer may be spilled. */
  #attempt<T>(
    buffer: RecordBuffer,
    attempt: (signal: AbortSignal) => Promise<T>,
    outage?: Outage,
  ): Promise<Outcome<T>> {
    const { retry, slots } = this.#host
    return tried(
      {
        retryMs: this.#rules.retryMs ?? objectRetryMs,
        outage: outage && { of: outage, oldestMs: buffer.oldestMs },
        attempt: (_, signal) =>
          slots.run(signal, () => {
            this.#host.counters.attempts += 1
            return whilePinned(buffer, () => attempt(signal))
          }),
        onFailed: (error) => {
          buffer.isTroubled = true
          this.#noteFailure(error)
        },
      },
      retry,
    )
  }

  #noteFailure({ code, message }: DeliveryError): void {
    this.#host.counters.failedAttempts += 1
    this.#host.journal.note(bucketArn(this.#rules.target.bucket), code, message)
  }

  /** All records of a buffer go to the error output. */
  async #failAll(
    buffer: RecordBuffer,
    mark: BatchMark,
    { error, attempts, endedAtMs }: Extract<Outcome<unknown>, { readonly ok: false }>,
    type: FailedRecord['type'] = 's3-failed',
  ): Promise<void> {
    await buffer.pin()
    try {
      for await (const records of buffer.parcels(parcelRecords, parcelBytes)) {
        const failed = records.map((record) => failedRecord(record, type, error, attempts))
        await this.#rules.errors.add(failed, mark, endedAtMs)
      }
    } finally {
      buffer.unpin()
    }
  }
}

function failedRecord(
  record: FailedRecord['record'],
  type: FailedRecord['type'],
  { code, message }: DeliveryError,
  attempts: number,
): FailedRecord {
  return { record, type, code, message, attempts }
}

function bound(encoder: Encoder): Encoder {
  const { extension, contentType, contentEncoding } = encoder
  return { extension, contentType, contentEncoding, encode: (chunks) => encoder.encode(chunks) }
}

function parquetOf(converted: ConvertedObject): Content {
  return {
    extension: '.parquet',
    contentType: 'application/octet-stream',
    body: () => converted.body(),
  }
}
