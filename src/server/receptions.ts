import type { Waiting } from '../aws/wire/waiting.ts'
import type { Clock } from '../clock.ts'
import { BodyBudget, type BodyMemory } from './body-budget.ts'
import type { HttpLimits } from './http-limits.ts'
import { type BodySource, readBody } from './request-body.ts'
import { StallWatch } from './stall-watch.ts'

/** A request whose body is to be read. */
export interface Incoming {
  readonly source: BodySource
  /** What `content-length` says, bytes; `undefined` if nothing. */
  readonly declared: number | undefined
  /** For its answer. */
  readonly waiting: Waiting
  /** Ends a request that takes too long to arrive; without, whoever carries it sees to that. */
  readonly cut?: () => void
}

/** The reading of bodies, by all connections: within a time, and within memory that they share. */
export class Receptions {
  readonly budget: BodyBudget
  readonly #bodyBytesMax: number
  readonly #limits: HttpLimits
  readonly #clock: Clock
  readonly #stalls: StallWatch
  /** Requests that are on their way, in the order in which they began, and when. Milliseconds. */
  readonly #arriving: Map<() => void, number> = new Map()
  #watching = false

  constructor(bodyBytesMax: number, limits: HttpLimits, clock: Clock) {
    this.budget = new BodyBudget(limits.bodiesBytes)
    this.#bodyBytesMax = bodyBytesMax
    this.#limits = limits
    this.#clock = clock
    const { stallMs: withinMs, checkMs } = limits
    const { budget } = this
    this.#stalls = new StallWatch(
      { withinMs, checkMs },
      clock,
      () => budget.arriving,
      () => budget.waiting > 0,
    )
  }

  /**
   * Reads a body and answers what `use` makes of it; the body's memory counts until then, and is used again.
   *
   * Rejects with `BodyRefused`, and with any error if the request ends early.
   */
  async receive<Answer>(incoming: Incoming, use: (body: Uint8Array) => Promise<Answer>): Promise<Answer> {
    const { declared, waiting, cut } = incoming
    const memory = this.budget.open(declared)
    if (cut !== undefined) this.#watch(cut)
    try {
      const body = await readBody(incoming.source, declared, this.#bodyBytesMax, {
        grow: (bytes) => this.#grow(memory, bytes, waiting),
        arriving: (refuse) => memory.arriving(refuse),
        buffer: (bytes) => memory.buffer(bytes),
      })
      memory.arrived()
      if (cut !== undefined) this.#arriving.delete(cut)
      return await use(body)
    } finally {
      if (cut !== undefined) this.#arriving.delete(cut)
      memory.release()
    }
  }

  /** As `receive`, for a body that has come already: nothing is waited for while there is memory. */
  async take<Answer>(
    body: Uint8Array,
    waiting: Waiting,
    use: (body: Uint8Array) => Promise<Answer>,
  ): Promise<Answer> {
    const memory = this.budget.open(body.length)
    try {
      const later = this.#grow(memory, body.length, waiting)
      if (later !== undefined) await later
      return await use(body)
    } finally {
      memory.release()
    }
  }

  #grow(memory: BodyMemory, bytes: number, waiting: Waiting): Promise<void> | undefined {
    const later = memory.grow(bytes, waiting)
    if (later !== undefined) this.#stalls.press()
    return later
  }

  #watch(cut: () => void): void {
    this.#arriving.set(cut, this.#clock.monotonicMs())
    if (this.#watching) return
    this.#watching = true
    this.#clock.after(this.#limits.checkMs, () => this.#look())
  }

  #look(): void {
    const latest = this.#clock.monotonicMs() - this.#limits.requestMs
    for (const [cut, beganMs] of this.#arriving) {
      if (beganMs > latest) break
      this.#arriving.delete(cut)
      cut()
    }
    this.#watching = this.#arriving.size > 0
    if (this.#watching) this.#clock.after(this.#limits.checkMs, () => this.#look())
  }
}
