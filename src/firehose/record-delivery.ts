import { type RecordBuffer, whilePinned } from './buffers/record-buffer.ts'
import type { BatchMark } from './checkpoint.ts'
import type { RecordsDestination } from './configuration.ts'
import { type DeliveryJournal, receiverName } from './delivery-journal.ts'
import type { DeliveryRecord, ErrorOutputType, FailedRecord } from './delivery-record.ts'
import type { DeliveryCounters, DeliveryGroup } from './delivery-stats.ts'
import { DeliveryError, type RecordDestination, type Refusal } from './destination.ts'
import type { ErrorOutput } from './error-output.ts'
import { Outage, type RetryHost, tried } from './retry.ts'

const errorTypes = {
  http: 'http-endpoint-failed',
  stream: 'stream-failed',
  function: 'function-failed',
} as const satisfies Record<RecordsDestination['to']['kind'], ErrorOutputType>

/** What a delivery of records needs. */
export interface RecordDeliveryHost {
  readonly configuration: RecordsDestination
  readonly destination: RecordDestination
  readonly group: DeliveryGroup
  readonly retry: RetryHost
  readonly counters: DeliveryCounters
  readonly journal: DeliveryJournal
  readonly errors: ErrorOutput
  uuid(): string
}

/** Hands the records of buffers on, parcel by parcel, in order; what is refused for good goes to the error output. */
export class RecordDelivery {
  readonly #host: RecordDeliveryHost
  readonly #outage: Outage = new Outage()

  constructor(host: RecordDeliveryHost) {
    this.#host = host
  }

  /** Resolves once the records are safe at the destination or in buffers of the error output. Rejects with `Stopped`. */
  async deliver(buffer: RecordBuffer, mark: BatchMark): Promise<void> {
    const { recordsMax, bytesMax } = this.#host.destination
    await buffer.pin()
    try {
      for await (const records of buffer.parcels(recordsMax, bytesMax))
        await this.#deliverParcel(records, buffer, mark)
    } finally {
      buffer.unpin()
    }
  }

  async #deliverParcel(
    records: readonly DeliveryRecord[],
    buffer: RecordBuffer,
    mark: BatchMark,
  ): Promise<void> {
    const { configuration, errors, retry } = this.#host
    const parcel = new ParcelInWork(records, this.#host, this.#outage)
    const outcome = await tried(
      {
        retryMs: configuration.retryMs,
        outage: { of: this.#outage, oldestMs: buffer.oldestMs },
        // One that is given up keeps the buffer in its place until it says that it has ended.
        attempt: (attempt, signal) => whilePinned(buffer, () => parcel.attempt(attempt, signal)),
        onFailed: ({ code, message }) => {
          this.#host.counters.failedAttempts += 1
          this.#host.journal.note(receiverName(configuration.to), code, message)
        },
      },
      retry,
    )
    if (!outcome.ok) parcel.giveUp(outcome.error, outcome.attempts)
    await errors.add(parcel.failed, mark, outcome.ok ? undefined : outcome.endedAtMs)
  }
}

/** A parcel that shrinks with each attempt to what is not delivered. */
class ParcelInWork {
  readonly failed: FailedRecord[] = []
  readonly #host: RecordDeliveryHost
  readonly #outage: Outage
  readonly #id: string
  #left: readonly DeliveryRecord[]
  /** Why each of those was not taken at the last attempt; empty if nothing was. */
  #refusals: readonly Refusal[] = []

  constructor(records: readonly DeliveryRecord[], host: RecordDeliveryHost, outage: Outage) {
    this.#left = records
    this.#host = host
    this.#outage = outage
    this.#id = host.uuid()
  }

  async attempt(attempt: number, signal: AbortSignal): Promise<void> {
    const { counters, destination, group } = this.#host
    const records = this.#left
    this.#refusals = []
    counters.attempts += 1
    const refusals = await destination.deliver({ id: this.#id, attempt, records }, signal)
    // Whoever was given up is not listened to any more.
    signal.throwIfAborted()
    const refused = inOrder(refusals, records.length)
    for (const refusal of refused) {
      if (!refusal.again)
        this.failed.push(this.#failed(records[refusal.index] as DeliveryRecord, refusal, attempt))
    }
    this.#refusals = refused.filter(({ again }) => again)
    this.#left = this.#refusals.map(({ index }) => records[index] as DeliveryRecord)
    const taken = new Set(refused.map(({ index }) => index))
    const bytes = records.reduce(
      (sum, { data }, index) => (taken.has(index) ? sum : sum + data.byteLength),
      0,
    )
    if (refused.length < records.length) {
      counters.delivered(group, records.length - refused.length, bytes)
      this.#outage.succeeded()
    }
    const [first] = this.#refusals
    if (first === undefined) return
    const message = `${this.#refusals.length} of ${records.length} records were not taken: ${first.message}`
    throw new DeliveryError(first.code, message, { again: true })
  }

  /** Nothing of what is left is tried again. */
  giveUp({ code, message }: DeliveryError, attempts: number): void {
    for (const [index, record] of this.#left.entries()) {
      this.failed.push(this.#failed(record, this.#refusals[index] ?? { code, message }, attempts))
    }
    this.#left = []
  }

  #failed(
    record: DeliveryRecord,
    { code, message }: Pick<Refusal, 'code' | 'message'>,
    attempts: number,
  ): FailedRecord {
    return { record, type: errorTypes[this.#host.configuration.to.kind], code, message, attempts }
  }
}

/** One refusal a record at most. */
function inOrder(refusals: readonly Refusal[], records: number): readonly Refusal[] {
  if (refusals.length === 0) return refusals
  const byIndex = new Map<number, Refusal>()
  for (const refusal of refusals)
    if (refusal.index >= 0 && refusal.index < records) byIndex.set(refusal.index, refusal)
  return Array.from(byIndex.values()).toSorted((one, other) => one.index - other.index)
}
