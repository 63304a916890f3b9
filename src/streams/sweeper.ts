import type { Clock } from '../clock.ts'
import { minuteMs } from '../units.ts'
import type { StoreTime } from './store-time.ts'
import type { StreamCore } from './stream-core.ts'
import type { WarningListener } from './warning.ts'

/** Space is freed in whole segments, so there is no point in looking more often. */
const sweepPauseMs = minuteMs

/** What a sweeper needs from its store. */
export interface SweepHost {
  readonly clock: Clock
  readonly time: StoreTime
  readonly warn: WarningListener
  /** The stream with this id, if it still exists. */
  find(id: string): StreamCore | undefined
}

/**
 * Gives the space of expired records back. It knows for each stream the earliest moment at which something of it
 * may expire, and sets one timer for the earliest of all; while nothing can expire there is no timer. Records are
 * hidden by readers, exactly and at once: nobody sees how late the sweeper is.
 */
export class Sweeper {
  readonly #host: SweepHost
  /** Milliseconds since 1970, by stream id. */
  readonly #due: Map<string, number> = new Map()
  #timer: { readonly dueMs: number; cancel(): void } | undefined
  #running: Promise<void> | undefined
  #closed = false

  constructor(host: SweepHost) {
    this.#host = host
  }

  /** Something of the stream may expire at `dueMs`, milliseconds since 1970. */
  expect(id: string, dueMs: number): void {
    if (this.#closed || dueMs === Number.POSITIVE_INFINITY) return
    this.#due.set(id, Math.min(dueMs, this.#due.get(id) ?? dueMs))
    if (this.#timer === undefined || dueMs < this.#timer.dueMs) this.#arm()
  }

  /** The stream is gone. */
  forget(id: string): void {
    this.#due.delete(id)
    this.#arm()
  }

  /** Stops; resolves once nothing is under way. */
  async close(): Promise<void> {
    this.#closed = true
    this.#due.clear()
    this.#arm()
    await this.#running
  }

  /** Sets the timer for the earliest stream. While a sweep runs there is none; its end sets the next. */
  #arm(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    if (this.#due.size === 0 || this.#running !== undefined) return
    let dueMs = Number.POSITIVE_INFINITY
    for (const streamDueMs of this.#due.values()) dueMs = Math.min(dueMs, streamDueMs)
    const delayMs = Math.max(sweepPauseMs, dueMs - this.#host.time.nowMs())
    const cancel = this.#host.clock.after(delayMs, () => {
      this.#timer = undefined
      this.#running = this.#sweep().finally(() => {
        this.#running = undefined
        this.#arm()
      })
    })
    this.#timer = { dueMs, cancel }
  }

  async #sweep(): Promise<void> {
    // A snapshot: sweeping a stream sets its next moment.
    const streams = Array.from(this.#due)
    for (const [id, dueMs] of streams) {
      if (this.#closed || dueMs > this.#host.time.nowMs()) continue
      this.#due.delete(id)
      const core = this.#host.find(id)
      if (core !== undefined) await this.#sweepStream(core)
    }
  }

  async #sweepStream(core: StreamCore): Promise<void> {
    try {
      this.expect(core.id, await core.sweep())
    } catch (error) {
      if (core.ended) return
      this.expect(core.id, this.#host.time.nowMs() + sweepPauseMs)
      this.#host.warn({
        code: 'sweep-failed',
        message: `the space of expired records of ${core.streamName} could not be freed: ${String(error)}`,
        details: { stream: core.streamName, error },
      })
    }
  }
}
