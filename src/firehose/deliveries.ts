import type { Clock } from '../clock.ts'
import { NamedTurns } from '../streams/named-turns.ts'
import type { StoreTime } from '../streams/store-time.ts'
import type { WarningListener } from '../streams/warning.ts'
import { minuteMs } from '../units.ts'
import { deliversElsewhere } from './delivery-duty.ts'
import type { DeliveryStats } from './delivery-stats.ts'
import { deliveryStatus } from './delivery-status.ts'
import type { DeliveryStreamState } from './delivery-stream-state.ts'
import { failureText } from './failure-text.ts'

/** What could not begin is tried again after this. */
const retryMs = minuteMs

/** How a delivery is stopped. */
export interface StopOptions {
  /** What was stored is read, for some seconds, and delivered first, with one attempt for each buffer. */
  readonly flush: boolean
  /** For so long at most, by the system's time. Milliseconds. @defaultValue a minute, which is the longest */
  readonly withinMs?: number | undefined
}

/** A delivery that runs. */
export interface RunningDelivery {
  /** Resolves once what was acknowledged before the call is delivered. */
  flush(): Promise<void>
  stats(): DeliveryStats
  /** Resolves once nothing of it is left. */
  stop(options: StopOptions): Promise<void>
}

/** Why a delivery does not run although it should. */
export interface DeliveryFailure {
  readonly error: unknown
  /** When that was found, milliseconds since 1970. */
  readonly atMs: number
}

/** What deliveries need. */
export interface DeliveriesHost {
  readonly clock: Clock
  readonly time: StoreTime
  readonly warn: WarningListener
  /** Whether it is up to this thread to deliver. Whoever answers no says `settle` when it is. */
  mayDeliver(): boolean
  /** What a delivery stream is now. */
  find(document: string): DeliveryStreamState | undefined
  /** Begins to deliver. */
  begin(state: DeliveryStreamState): Promise<RunningDelivery>
}

interface Running {
  readonly state: DeliveryStreamState
  readonly delivery: RunningDelivery
}

/**
 * The deliveries of a store: one for each delivery stream that is ACTIVE, of its present configuration. Whoever changes
 * one says `settle`, and what runs follows. What happens to one delivery stream happens one after the other.
 */
export class Deliveries {
  readonly #host: DeliveriesHost
  readonly #turns: NamedTurns = new NamedTurns()
  readonly #running: Map<string, Running> = new Map()
  readonly #failures: Map<string, DeliveryFailure> = new Map()
  /** That of all, while another thread delivers. */
  #elsewhere: DeliveryFailure | undefined
  /** Cancels timers: of those that are CREATING, and of those that are tried again. */
  readonly #timers: Map<string, () => void> = new Map()
  #closed = false

  constructor(host: DeliveriesHost) {
    this.#host = host
  }

  /** Resolves once what runs agrees with what is in the document now. Never rejects. */
  settle(document: string): Promise<void> {
    return this.#turns.take(document, () => this.#settle(document))
  }

  /** Resolves once what it was told before is done. */
  settled(document: string): Promise<void> {
    return this.#turns.take(document, async () => {})
  }

  /** The delivery of this delivery stream, once what it was told before is done; one that could not begin is tried again. */
  async running(document: string): Promise<RunningDelivery | undefined> {
    await this.settled(document)
    if (!this.#running.has(document)) await this.settle(document)
    return this.#running.get(document)?.delivery
  }

  /** What runs at this moment. */
  stats(document: string): DeliveryStats | undefined {
    return this.#running.get(document)?.delivery.stats()
  }

  /** Why an ACTIVE one does not run; `undefined` if it does. */
  failure(document: string): DeliveryFailure | undefined {
    return this.#elsewhere ?? this.#failures.get(document)
  }

  /**
   * Ends all of them, what is buffered delivered first if that can be within this time. Rejects with the first thing that
   * went wrong.
   */
  async close(withinMs?: number): Promise<void> {
    this.#closed = true
    for (const cancel of this.#timers.values()) cancel()
    this.#timers.clear()
    // Some may be beginning.
    const documents = new Set([...this.#running.keys(), ...this.#turns.names])
    const ends = Array.from(documents, (document) =>
      this.#turns.take(document, () => this.#stop(document, { flush: true, withinMs })),
    )
    const outcomes = await Promise.allSettled(ends)
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
  }

  async #settle(document: string): Promise<void> {
    if (this.#closed) return
    this.#cancelTimer(document)
    this.#failures.delete(document)
    if (!this.#host.mayDeliver()) {
      this.#elsewhere ??= { error: deliversElsewhere(), atMs: this.#host.clock.nowMs() }
      return
    }
    this.#elsewhere = undefined
    try {
      await this.#follow(document)
    } catch (error) {
      this.#failed(document, error)
    }
  }

  async #follow(document: string): Promise<void> {
    for (;;) {
      const state = this.#host.find(document)
      const nowMs = this.#host.time.nowMs()
      const status = state && deliveryStatus(state, nowMs)
      const running = this.#running.get(document)
      const goesOn = status === 'ACTIVE' && running?.state.id === state?.id
      if (goesOn && running?.state.versionId === state?.versionId) return
      if (running === undefined) {
        if (state === undefined || this.#closed) return
        if (status === 'CREATING') this.#expect(document, state.creatingUntilMs - nowMs)
        if (status !== 'ACTIVE') return
        this.#running.set(document, { state, delivery: await this.#host.begin(state) })
      } else {
        // What was put into a delivery stream that is deleted goes with it, as on AWS. It may change again meanwhile.
        await this.#stop(document, { flush: goesOn })
      }
    }
  }

  async #stop(document: string, options: StopOptions): Promise<void> {
    const running = this.#running.get(document)
    this.#running.delete(document)
    await running?.delivery.stop(options)
  }

  #failed(document: string, error: unknown): void {
    if (this.#closed) return
    this.#failures.set(document, { error, atMs: this.#host.clock.nowMs() })
    this.#host.warn({
      code: 'delivery-failed',
      message: `the delivery stream of ${document} does not deliver yet: ${failureText(error)}`,
      details: { document, error },
    })
    this.#expect(document, retryMs)
  }

  #expect(document: string, delayMs: number): void {
    this.#cancelTimer(document)
    if (this.#closed) return
    const cancel = this.#host.clock.after(Math.max(0, delayMs), () => {
      this.#timers.delete(document)
      void this.settle(document)
    })
    this.#timers.set(document, cancel)
  }

  #cancelTimer(document: string): void {
    this.#timers.get(document)?.()
    this.#timers.delete(document)
  }
}
