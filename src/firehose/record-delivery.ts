import {
  firstPlace,
  type Parcel,
  type ParcelPlace,
  type RecordBuffer,
  whilePinned,
} from './buffers/record-buffer.ts'
import type { BatchMark } from './checkpoint.ts'
import type { RecordsDestination } from './configuration.ts'
import { type DeliveryJournal, receiverName } from './delivery-journal.ts'
import type { DeliveryRecord, ErrorOutputType, FailedRecord } from './delivery-record.ts'
import type { DeliveryCounters, DeliveryGroup } from './delivery-stats.ts'
import { DeliveryError, type RecordDestination, type Refusal } from './destination.ts'
import type { ErrorOutput } from './error-output.ts'
import { Outage, type RetryHost, Stopped, tried } from './retry.ts'

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
    let place = firstPlace
    while (place.records < buffer.records) place = await this.#deliverParcel(buffer, place, mark)
  }

  /** Answers where the next one begins. Between attempts the buffer may be spilled: each reads the parcel anew. */
  async #deliverParcel(buffer: RecordBuffer, place: ParcelPlace, mark: BatchMark): Promise<ParcelPlace> {
    const { configuration, errors, retry, destination } = this.#host
    const parcel = new ParcelInWork(this.#host, this.#outage)
    const read = (): Promise<Parcel> => buffer.parcelAt(place, destination.recordsMax, destination.bytesMax)
    let lent: Parcel = { records: [], behind: place }
    const outcome = await tried(
      {
        // A file that cannot be read is nobody's refusal.
        ready: async () => {
          lent = await pinned(buffer, read)
        },
        retryMs: configuration.retryMs,
        outage: { of: this.#outage, oldestMs: buffer.oldestMs },
        // One that is given up keeps the buffer in its place until it says that it has ended.
        attempt: async (attempt, signal) => {
          const { records, behind } = lent
          try {
            if (retry.ending.over.aborted) throw new Stopped()
            await parcel.attempt(records, attempt, signal)
            return behind
          } finally {
            buffer.unpin()
          }
        },
        onFailed: ({ code, message }) => {
          this.#host.counters.failedAttempts += 1
          this.#host.journal.note(receiverName(configuration.to), code, message)
        },
      },
      retry,
    )
    if (outcome.ok && parcel.isTaken) return outcome.value
    return whilePinned(buffer, async () => {
      const { records, behind } = await read()
      if (!outcome.ok) parcel.giveUp(records.length, outcome.error, outcome.attempts)
      await errors.add(parcel.failed(records), mark, outcome.ok ? undefined : outcome.endedAtMs)
      return behind
    })
  }
}

/** A record that never will be taken, by its index in its parcel, and why. */
interface Lost {
  readonly index: number
  readonly code: string
  readonly message: string
  readonly attempts: number
}

/** A parcel that shrinks with each attempt to what is not delivered. Its records are somebody else's in between. */
class ParcelInWork {
  readonly #host: RecordDeliveryHost
  readonly #outage: Outage
  readonly #id: string
  /** Indices of what is not delivered; all before the first attempt. */
  #left: readonly number[] | undefined
  /** Why each of those was not taken at the last attempt; empty if nothing was. */
  #refusals: readonly Refusal[] = []
  readonly #lost: Lost[] = []

  constructor(host: RecordDeliveryHost, outage: Outage) {
    this.#host = host
    this.#outage = outage
    this.#id = host.uuid()
  }

  /** All that is done with was taken. */
  get isTaken(): boolean {
    return this.#lost.length === 0
  }

  async attempt(all: readonly DeliveryRecord[], attempt: number, signal: AbortSignal): Promise<void> {
    const { counters, destination, group } = this.#host
    const left = this.#left ?? Array.from(all.keys())
    const records = left.map((index) => all[index] as DeliveryRecord)
    this.#refusals = []
    counters.attempts += 1
    const refusals = await destination.deliver({ id: this.#id, attempt, records }, signal)
    // Whoever was given up is not listened to any more.
    signal.throwIfAborted()
    const refused = inOrder(refusals, records.length)
    const placed = refused.map((refusal) => ({ refusal, index: left[refusal.index] as number }))
    for (const { refusal, index } of placed) {
      const { code, message } = refusal
      if (!refusal.again) this.#lost.push({ index, code, message, attempts: attempt })
    }
    const again = placed.filter(({ refusal }) => refusal.again)
    this.#refusals = again.map(({ refusal }) => refusal)
    this.#left = again.map(({ index }) => index)
    const refusedIndices = new Set(refused.map(({ index }) => index))
    const bytes = records.reduce(
      (sum, { data }, index) => (refusedIndices.has(index) ? sum : sum + data.byteLength),
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
  giveUp(records: number, { code, message }: DeliveryError, attempts: number): void {
    const left = this.#left ?? Array.from({ length: records }, (_, index) => index)
    for (const [at, index] of left.entries()) {
      const reason = this.#refusals[at] ?? { code, message }
      this.#lost.push({ index, code: reason.code, message: reason.message, attempts })
    }
    this.#left = []
  }

  /** What goes to the error output. */
  failed(all: readonly DeliveryRecord[]): readonly FailedRecord[] {
    const type = errorTypes[this.#host.configuration.to.kind]
    return this.#lost.map(({ index, code, message, attempts }) => {
      const record = all[index] as DeliveryRecord
      return { record, type, code, message, attempts }
    })
  }
}

/** What is read of a buffer, which stays in its place until somebody unpins it. */
async function pinned(buffer: RecordBuffer, read: () => Promise<Parcel>): Promise<Parcel> {
  await buffer.pin()
  try {
    return await read()
  } catch (error) {
    buffer.unpin()
    throw error
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
