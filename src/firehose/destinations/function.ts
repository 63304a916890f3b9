import type { Clock } from '../../clock.ts'
import { MiB, minuteMs } from '../../units.ts'
import { DeliveryError, type RecordDestination, type RecordParcel, type Refusal } from '../destination.ts'
import type { DeliveryRecord } from '../delivery-record.ts'
import { failureText } from '../failure-text.ts'
import type { ReceiveFunction } from '../firehose-options.ts'
import { Deadline } from './deadline.ts'

/** How long a receiver may take, milliseconds, unless the options say otherwise. */
export const receiveTimeoutMs: number = minuteMs

/** What a receiver needs. */
export interface ReceiverHost {
  /** In the configuration of the delivery stream, for messages. */
  readonly name: string
  readonly receive: ReceiveFunction
  readonly clock: Clock
  /** How long a call may take. Milliseconds on the clock. @defaultValue one minute */
  readonly timeoutMs?: number | undefined
}

/**
 * Records for a function of the program. They are the function's own, copied for each call: it may keep them, and go on
 * with them after its time is over. Its signal tells it when that is so, or when the delivery stream ends; the records come
 * again then, under the same id.
 *
 * Codes: `Function.Failed` (it threw or rejected), `Function.Timeout`, `Function.InvalidAnswer` (no index, twice the same, or
 * none of this call), and `Function.RecordRefused` for records that it asked for again. All are tried again.
 */
export class FunctionReceiver implements RecordDestination {
  readonly takes = 'records'
  readonly recordsMax = 10_000
  readonly bytesMax: number = 64 * MiB
  readonly #host: ReceiverHost

  constructor(host: ReceiverHost) {
    this.#host = host
  }

  async deliver(parcel: RecordParcel, signal: AbortSignal): Promise<readonly Refusal[]> {
    signal.throwIfAborted()
    const { name, clock, timeoutMs = receiveTimeoutMs } = this.#host
    const deadline = new Deadline(clock, timeoutMs, signal)
    try {
      const answer = await deadline.race(this.#call(parcel, deadline.signal))
      return this.#refusals(answer, parcel.records.length)
    } catch (error) {
      signal.throwIfAborted()
      if (DeliveryError.is(error)) throw error
      throw deadline.expired
        ? failed('Function.Timeout', `receiver ${name} took more than ${timeoutMs} ms`, error)
        : failed('Function.Failed', `receiver ${name}: ${failureText(error)}`, error)
    } finally {
      deadline.release()
    }
  }

  /** What a function that is under way answers now is not heard. */
  async close(): Promise<void> {}

  async #call({ id, attempt, records }: RecordParcel, signal: AbortSignal): Promise<unknown> {
    return await this.#host.receive(copied(records), { id, attempt, signal })
  }

  #refusals(answer: unknown, count: number): readonly Refusal[] {
    if (answer === undefined) return []
    if (!Array.isArray(answer)) throw this.#invalid(answer)
    const indices = new Set<number>()
    // An answer without end ends soon: no more than `count` can be right and different.
    for (let at = 0; at < answer.length; at++) {
      const index: unknown = answer[at]
      if (typeof index !== 'number' || !Number.isInteger(index) || index < 0 || index >= count) {
        throw this.#invalid(index)
      }
      if (indices.has(index)) throw this.#invalid(index)
      indices.add(index)
    }
    return [...indices]
      .toSorted((one, other) => one - other)
      .map((index) => ({
        index,
        again: true,
        code: 'Function.RecordRefused',
        message: `receiver ${this.#host.name} asked for it again`,
      }))
  }

  #invalid(what: unknown): DeliveryError {
    const shown = typeof what === 'number' ? String(what) : `a value of type ${typeof what}`
    return failed(
      'Function.InvalidAnswer',
      `receiver ${this.#host.name} must answer nothing, or indices of records that it wants again, got ${shown}`,
    )
  }
}

function failed(code: string, message: string, cause?: unknown): DeliveryError {
  return new DeliveryError(code, message, { again: true, cause })
}

/** One piece of memory for all of them. */
function copied(records: readonly DeliveryRecord[]): readonly DeliveryRecord[] {
  const bytes = Buffer.concat(records.map((record) => record.data))
  let at = 0
  return records.map(({ data, arrivedAtMs, origin }) => {
    const copy = new Uint8Array(bytes.buffer, bytes.byteOffset + at, data.length)
    at += data.length
    return { data: copy, arrivedAtMs, ...(origin !== undefined && { origin: { ...origin } }) }
  })
}
