import { MiB } from '../../units.ts'
import type { DeliveryRecord } from '../delivery-record.ts'
import { builtModule } from '../thread.ts'
import { ThreadFailure } from '../thread-failure.ts'
import { ThreadShare } from '../thread-pool.ts'
import type { QueryAnswer, QueryOutcome, QueryRequest } from './query-work.ts'

/** What goes to a thread at once. Fewer, and starting jq, 10 ms or so, would take longer than its work. */
const batchRecordsMax = 4000
const batchBytesMax = 2 * MiB
/** Batches under way: one a thread. */
const lanes = 2
/** Less than this is not shared between them. */
const sharedBytesMin: number = MiB

/** What is made for a record is garbage at once. MiB. */
const youngMiB = 6

/** So many records in a row that have to be stopped are the program's fault. */
const stopsInRowMax = 3
/** And so many of one call. */
const stopsMax = 20

export interface QueryOptions {
  /** How long a thread may take for a batch, and for a record that is alone. Milliseconds of the system's time. */
  readonly limitMs?: number
}

/** @defaultValue of `QueryOptions`. A batch takes 50 ms, or a few hundred where processors are scarce. */
const queryDefaults: Required<QueryOptions> = { limitMs: 5000 }

/**
 * A program of jq whose result names the partition of a record. Results must be objects of strings, numbers and booleans.
 *
 * It is run by jq 1.7.1; Firehose has 1.6. A program for 1.6 may use less than it could here, and numbers keep all digits
 * until they become values of keys, which are written as JavaScript writes them: `1.0` is `1`. Records may be nested 255 deep,
 * there 256. Modules (`import`, `include`), other records (`input`, `inputs`) and the environment (`env`, `$ENV`) are not
 * there; `halt` and `halt_error` fail the record, `debug` and `stderr` write nothing.
 */
export class Query {
  readonly #program: string
  readonly #limitMs: number
  readonly #threads = queryThreads()

  /** @param program see `checkedQuery` */
  constructor(program: string, options: QueryOptions = {}) {
    this.#program = program
    this.#limitMs = options.limitMs ?? queryDefaults.limitMs
  }

  /**
   * For each record, in order, the values of its keys, or why there are none. A record on which the program does not come
   * to its end, or that would need more than 64 MiB, is stopped and does not disturb the others; after three in a row, or
   * twenty altogether, those that are left fail, too.
   *
   * @throws the signal's reason
   */
  async outcomes(records: readonly DeliveryRecord[], signal: AbortSignal): Promise<readonly QueryOutcome[]> {
    const batches = [...batchesOf(records)]
    const outcomes: (readonly QueryOutcome[])[] = Array.from({ length: batches.length }, () => [])
    const patience = new Patience()
    let next = 0
    const lane = async (): Promise<void> => {
      while (next < batches.length) {
        const index = next
        next += 1
        outcomes[index] = await this.#judged(batches[index] ?? [], patience, signal)
      }
    }
    await Promise.all(Array.from({ length: lanes }, lane))
    return outcomes.flat()
  }

  close(): Promise<void> {
    return this.#threads.close()
  }

  /** Of a batch: where it is stopped, the record that seems to be at fault is tried alone before it is given up. */
  async #judged(
    records: readonly DeliveryRecord[],
    patience: Patience,
    signal: AbortSignal,
  ): Promise<readonly QueryOutcome[]> {
    if (records.length === 0) return []
    if (patience.over)
      return records.map(() => 'The query did not come to its end on records before this one')
    const { outcomes, stopped, at } = await this.#attempt(records, signal)
    if (stopped === undefined) {
      patience.restore()
      return outcomes
    }
    if (records.length === 1) {
      patience.lose()
      return [`The query was stopped: ${stopped}`]
    }
    const before =
      outcomes.length === at ? outcomes : await this.#judged(records.slice(0, at), patience, signal)
    const suspect = await this.#judged(records.slice(at, at + 1), patience, signal)
    return [...before, ...suspect, ...(await this.#judged(records.slice(at + 1), patience, signal))]
  }

  async #attempt(
    records: readonly DeliveryRecord[],
    signal: AbortSignal,
  ): Promise<QueryAnswer & { at: number }> {
    const request: QueryRequest = { kind: 'run', program: this.#program, ...packed(records) }
    try {
      const transfer = [request.bytes, request.ends.buffer as ArrayBuffer]
      const answer = await this.#threads.request<QueryAnswer>(request, {
        transfer,
        limitMs: this.#limitMs,
        signal,
      })
      return { ...answer, at: answer.outcomes.length }
    } catch (error) {
      if (!(error instanceof ThreadFailure) || error.reason === 'failed' || error.reason === 'closed')
        throw error
      return { outcomes: [], stopped: error.message, at: Math.min(error.progress, records.length - 1) }
    }
  }
}

/** A share in the threads that run jq. */
export function queryThreads(): ThreadShare {
  return new ThreadShare(builtModule('firehose/processing/query-work'), { youngMiB })
}

/** How often the program may have to be stopped. */
class Patience {
  #inRow = 0
  #stops = 0

  get over(): boolean {
    return this.#inRow >= stopsInRowMax || this.#stops >= stopsMax
  }

  lose(): void {
    this.#inRow += 1
    this.#stops += 1
  }

  restore(): void {
    this.#inRow = 0
  }
}

/** As large as they may be, but that all threads have about the same. */
function* batchesOf(records: readonly DeliveryRecord[]): Generator<readonly DeliveryRecord[]> {
  let all = 0
  let largest = 0
  for (const { data } of records) {
    all += data.length
    largest = Math.max(largest, data.length)
  }
  const shares = all < sharedBytesMin ? 1 : lanes * Math.ceil(all / (lanes * batchBytesMax))
  const bytesMax = Math.min(batchBytesMax, Math.ceil(all / shares) + largest)
  let from = 0
  let bytes = 0
  for (const [index, { data }] of records.entries()) {
    if (index > from && (index - from === batchRecordsMax || bytes + data.length > bytesMax)) {
      yield records.slice(from, index)
      from = index
      bytes = 0
    }
    bytes += data.length
  }
  if (from < records.length) yield records.slice(from)
}

/** Copies, since what a thread is given is gone. */
function packed(records: readonly DeliveryRecord[]): {
  readonly bytes: ArrayBuffer
  readonly ends: Uint32Array
} {
  const ends = new Uint32Array(records.length)
  let end = 0
  for (const [index, { data }] of records.entries()) ends[index] = end += data.length
  const bytes = new Uint8Array(end)
  for (const [index, { data }] of records.entries()) bytes.set(data, (ends[index] ?? 0) - data.length)
  return { bytes: bytes.buffer, ends }
}
