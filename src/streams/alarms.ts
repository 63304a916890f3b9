import type { Clock } from '../clock.ts'

/** Whoever sleeps until a moment. */
export interface Sleeper {
  /** The moment has come. Must not throw. */
  ring(): void
}

/** Those who sleep until the same moment, behind one timer. */
class Bell {
  readonly sleepers: Set<Sleeper> = new Set()
  cancelTimer: () => void = () => {}
}

/** Wakes many sleepers with few timers: one for each moment that somebody is to be woken at, and none without sleepers. */
export class Alarms {
  readonly #clock: Clock
  /** By moment. */
  readonly #bells: Map<number, Bell> = new Map()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Wakes the sleeper once the monotonic clock has reached `dueMs`, never before. */
  set(sleeper: Sleeper, dueMs: number): void {
    let bell = this.#bells.get(dueMs)
    if (bell === undefined) {
      bell = new Bell()
      this.#bells.set(dueMs, bell)
      this.#wind(bell, dueMs)
    }
    bell.sleepers.add(sleeper)
  }

  /** Takes back an alarm, if it has not rung. */
  cancel(sleeper: Sleeper, dueMs: number): void {
    const bell = this.#bells.get(dueMs)
    if (bell === undefined || !bell.sleepers.delete(sleeper) || bell.sleepers.size > 0) return
    this.#bells.delete(dueMs)
    bell.cancelTimer()
  }

  #wind(bell: Bell, dueMs: number): void {
    const leftMs = Math.ceil(dueMs - this.#clock.monotonicMs())
    bell.cancelTimer = this.#clock.after(leftMs, () => this.#ring(bell, dueMs))
  }

  #ring(bell: Bell, dueMs: number): void {
    // A timer of the platform begins with the turn of the event loop, and may so be early.
    if (this.#clock.monotonicMs() < dueMs) {
      this.#wind(bell, dueMs)
      return
    }
    this.#bells.delete(dueMs)
    for (const sleeper of bell.sleepers) sleeper.ring()
  }
}
