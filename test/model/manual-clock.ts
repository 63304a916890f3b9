import type { Clock } from '../../src/clock.ts'

interface Timer {
  readonly dueMs: number
  readonly callback: () => void
}

/** Resolves once everything that is under way has reached its next wait: promises, then one turn of the loop. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

/**
 * A clock that stands still until somebody advances it, and then fires what became due, in order: by due time,
 * timers of one moment as they were set.
 */
export class ManualClock implements Clock {
  #wallMs: number
  #monotonicMs = 0
  #timers: Timer[] = []

  /** @param startMs what `nowMs` answers at first, integer milliseconds since 1970 */
  constructor(startMs: number = Date.UTC(2026, 0, 1)) {
    this.#wallMs = startMs
  }

  nowMs(): number {
    return Math.floor(this.#wallMs)
  }

  monotonicMs(): number {
    return this.#monotonicMs
  }

  after(ms: number, callback: () => void): () => void {
    const timer: Timer = { dueMs: this.#monotonicMs + Math.max(0, ms), callback }
    const later = this.#timers.findIndex((other) => other.dueMs > timer.dueMs)
    this.#timers.splice(later === -1 ? this.#timers.length : later, 0, timer)
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer)
    }
  }

  /** Timers that are set and have not fired. */
  get pending(): number {
    return this.#timers.length
  }

  /**
   * Moves both times on and fires what becomes due on the way, each at its own moment. Lets everything settle
   * before the first timer and after each, so that what a timer starts may set the next one.
   */
  async advance(ms: number): Promise<void> {
    const endMs = this.#monotonicMs + ms
    await settled()
    for (let timer = this.#takeDue(endMs); timer !== undefined; timer = this.#takeDue(endMs)) {
      timer.callback()
      await settled()
    }
    this.#moveTo(endMs)
  }

  /** `advance` within one turn: promises react only afterwards. */
  advanceNow(ms: number): void {
    const endMs = this.#monotonicMs + ms
    for (let timer = this.#takeDue(endMs); timer !== undefined; timer = this.#takeDue(endMs)) timer.callback()
    this.#moveTo(endMs)
  }

  /** Sets `nowMs` as somebody sets the system's clock, also backwards: no timer notices. */
  setWall(nowMs: number): void {
    this.#wallMs = nowMs
  }

  #takeDue(endMs: number): Timer | undefined {
    const timer = this.#timers[0]
    if (timer === undefined || timer.dueMs > endMs) return undefined
    this.#timers.shift()
    this.#moveTo(timer.dueMs)
    return timer
  }

  /** Never moves back: a callback may itself have advanced the clock. */
  #moveTo(monotonicMs: number): void {
    if (monotonicMs <= this.#monotonicMs) return
    this.#wallMs += monotonicMs - this.#monotonicMs
    this.#monotonicMs = monotonicMs
  }
}
