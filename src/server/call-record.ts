import { Fault } from '../aws/wire/fault.ts'
import type { CallWatcher, PutOutcome } from '../aws/wire/call-watcher.ts'
import type { StreamFigures, StreamTotals } from './stream-figures.ts'
import type { StoreHealth } from './store-health.ts'

/** Where what becomes of calls is counted. */
export interface CallBooks {
  readonly streams: StreamFigures
  readonly health: StoreHealth
}

/** Operations that CloudWatch has figures of, stream by stream. */
const counted = {
  PutRecord: 'putRecord',
  PutRecords: 'putRecords',
  GetRecords: 'getRecords',
  SubscribeToShard: 'subscribeToShard',
} as const

/** One call on its way, and what became of it. */
export class CallRecord implements CallWatcher {
  /** As the service's model has it; `undefined` while it is not known. */
  operation: string | undefined
  /** As its model calls it, such as `kinesis`; `undefined` as long as the operation is. */
  service: string | undefined
  /** Of Firehose, a delivery stream. */
  stream: string | undefined
  /** What it failed with, in the library's words where it has some. */
  error: unknown
  /** The error's name on the wire. */
  faultType: string | undefined
  /** Records of a put that failed, those that a limit refused aside; the call may have been answered well. */
  recordsFailed = 0
  readonly #books: CallBooks
  readonly #startedMs: number = performance.now()
  #totals: StreamTotals | undefined
  /** A call of PutRecords that is answered well, though no record went in. */
  #storedNothing = false

  constructor(books: CallBooks) {
    this.#books = books
  }

  called(operation: string, service: string): void {
    this.operation = operation
    this.service = service
  }

  about(stream: string): void {
    this.stream = stream
    // Streams and delivery streams may have the same names; Firehose tells its figures itself.
    if (this.service !== 'kinesis') return
    if (this.operation !== undefined && Object.hasOwn(counted, this.operation)) {
      this.#totals = this.#books.streams.of(stream)
    }
  }

  put({ records, stored, storedBytes, throttled }: PutOutcome): void {
    this.recordsFailed = records - stored - throttled
    const totals = this.#totals
    if (totals === undefined) return
    const calls = this.operation === 'PutRecord' ? totals.putRecord : totals.putRecords
    calls.records += stored
    calls.bytes += storedBytes
    totals.writeThrottled += throttled
    if (this.operation === 'PutRecord') return
    this.#storedNothing = stored === 0
    totals.putRecordsTotal += records
    totals.putRecordsThrottled += throttled
    totals.putRecordsFailed += records - stored - throttled
  }

  read(records: number, bytes: number, behindMs: number, ageMs: number | undefined): void {
    const totals = this.#totals
    if (totals === undefined) return
    const pushed = this.operation === 'SubscribeToShard'
    const calls = pushed ? totals.subscribeToShardEvents : totals.getRecords
    calls.records += records
    calls.bytes += bytes
    if (pushed) {
      calls.success += 1
      totals.eventBehindMs = behindMs
    } else {
      // Whoever has read everything is up to date, however old that is.
      totals.iteratorAgeMs = behindMs === 0 ? 0 : (ageMs ?? behindMs)
    }
  }

  failed(error: unknown): void {
    this.#books.health.note(error)
    if (error instanceof Fault) this.#faulted(error.type)
    this.error ??= error
  }

  /** It is answered; a stream has begun. Answers how long that took, seconds. */
  answered(status: number): number {
    const seconds = (performance.now() - this.#startedMs) / 1000
    const name = this.operation as keyof typeof counted
    if (status === 200 && this.#totals !== undefined && !this.#storedNothing) {
      const calls = this.#totals[counted[name]]
      calls.success += 1
      calls.latency.add(seconds)
    }
    return seconds
  }

  #faulted(type: string): void {
    this.faultType = type
    const totals = this.#totals
    if (totals === undefined) return
    const throttled = type === 'ProvisionedThroughputExceededException'
    if (this.operation === 'SubscribeToShard') {
      if (type === 'LimitExceededException' || type === 'ResourceInUseException')
        totals.subscribeThrottled += 1
    } else if (!throttled) return
    else if (this.operation === 'GetRecords') totals.readThrottled += 1
    else totals.writeThrottled += 1
  }
}
