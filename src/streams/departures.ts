import type { Clock } from '../clock.ts'
import { minuteMs } from '../units.ts'
import type { StoreTime } from './store-time.ts'
import type { WarningListener } from './warning.ts'

/** What cannot be deleted now is tried again after this. */
const retryMs = minuteMs

/** What departures need from their store. */
export interface DepartureHost {
  readonly clock: Clock
  readonly time: StoreTime
  readonly warn: WarningListener
  /** Deletes a stream for good; nothing happens if somebody else did. */
  remove(id: string): Promise<void>
}

/** Streams that are DELETING: each goes when its time has come. One timer for each of them. */
export class Departures {
  readonly #host: DepartureHost
  /** Cancels timers, by stream id. */
  readonly #timers: Map<string, () => void> = new Map()
  readonly #running: Set<Promise<void>> = new Set()
  #closed = false

  constructor(host: DepartureHost) {
    this.#host = host
  }

  /** The stream goes at `dueMs`, milliseconds since 1970; after `close` at the next opening of the store. */
  expect(id: string, dueMs: number): void {
    this.forget(id)
    if (this.#closed) return
    const delayMs = Math.max(0, dueMs - this.#host.time.nowMs())
    const cancel = this.#host.clock.after(delayMs, () => {
      this.#timers.delete(id)
      // The store's time may be held back behind the clock that the timer runs on.
      if (this.#host.time.nowMs() < dueMs) return this.expect(id, dueMs)
      const removed = this.#remove(id).finally(() => this.#running.delete(removed))
      this.#running.add(removed)
    })
    this.#timers.set(id, cancel)
  }

  /** The stream is gone. */
  forget(id: string): void {
    this.#timers.get(id)?.()
    this.#timers.delete(id)
  }

  /** Stops; resolves once nothing is under way. Who is still DELETING goes when the store is opened again. */
  async close(): Promise<void> {
    this.#closed = true
    for (const id of Array.from(this.#timers.keys())) this.forget(id)
    await Promise.all(this.#running)
  }

  async #remove(id: string): Promise<void> {
    try {
      await this.#host.remove(id)
    } catch (error) {
      if (this.#closed) return
      this.#host.warn({
        code: 'deletion-failed',
        message: `the stream ${id} could not be deleted yet: ${String(error)}`,
        details: { stream: id, error },
      })
      this.expect(id, this.#host.time.nowMs() + retryMs)
    }
  }
}
