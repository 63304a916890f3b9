import { type Clock, nextTurn } from '../clock.ts'
import { invalidArgument } from '../errors.ts'
import { requireInteger, requireOptions } from '../options.ts'
import { hourMs, minuteMs, secondMs } from '../units.ts'

/** A length of time by its parts, which are added up: `{ hours: 24, minutes: 5 }`. */
export interface DurationParts {
  readonly days?: number | undefined
  readonly hours?: number | undefined
  readonly minutes?: number | undefined
  readonly seconds?: number | undefined
  readonly milliseconds?: number | undefined
}

/** A length of time: milliseconds, or its parts. Not negative. */
export type Duration = number | DurationParts

const partMs: Readonly<Record<keyof DurationParts, number>> = {
  days: 24 * hourMs,
  hours: hourMs,
  minutes: minuteMs,
  seconds: secondMs,
  milliseconds: 1,
}

/**
 * Turns of the event loop before time moves on. What a timer wakes needs none to run its promises, one to store what it
 * puts through a stream of the platform, and another one to wake who waits for that.
 */
const turnsToSettle = 4

interface Timer {
  readonly dueMs: number
  readonly callback: () => void
}

/** Resolves once what is under way has come to its next wait: its promises have run, and a few turns of the loop. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < turnsToSettle; turn++) await nextTurn()
}

/**
 * A clock that stands still until somebody advances it, and then fires what became due, in order: by due time,
 * timers of one moment as they were set.
 *
 * ```ts
 * const clock = new ManualClock()
 * clock.after(60_000, () => console.log('a minute'))
 * await clock.advance({ hours: 24 })
 * ```
 */
export class ManualClock implements Clock {
  #wallMs: number
  #monotonicMs = 0
  /** By due time, those of one moment as they were set. */
  readonly #timers: Timer[] = []
  /** The advance that was asked for last: the next one begins when it has ended. */
  #advancing: Promise<void> | undefined

  /**
   * @param startMs what `nowMs` answers at first, integer milliseconds since 1970; 2026-01-01T00:00:00Z by default
   * @throws `ERR_MILLRACE_INVALID_ARGUMENT`
   */
  constructor(startMs: number = Date.UTC(2026, 0, 1)) {
    this.#wallMs = requireInteger('startMs', startMs, 0, Number.MAX_SAFE_INTEGER)
  }

  nowMs(): number {
    return Math.floor(this.#wallMs)
  }

  monotonicMs(): number {
    return this.#monotonicMs
  }

  after(ms: number, callback: () => void): () => void {
    if (typeof ms !== 'number' || Number.isNaN(ms)) throw invalidArgument('ms', ms, 'a number')
    const timer: Timer = { dueMs: this.#monotonicMs + Math.max(0, ms), callback }
    this.#timers.splice(this.#placeBehind(timer.dueMs), 0, timer)
    return () => this.#cancel(timer)
  }

  /** Timers that are set and have not fired. */
  get pending(): number {
    return this.#timers.length
  }

  /**
   * Moves both times on and fires what becomes due on the way, each timer at its own moment. Lets everything settle
   * before time moves on, so that what a timer starts may set the next one. Costs what fires, not
   * what passes. Several at once run one after the other.
   *
   * Rejects with `ERR_MILLRACE_INVALID_ARGUMENT` or `ERR_MILLRACE_UNKNOWN_OPTION`, and with what a timer's callback
   * throws; the clock then stands at that timer's moment.
   */
  advance(duration: Duration): Promise<void> {
    const advancing = this.#advance(durationMs(duration), this.#advancing)
    this.#advancing = advancing.catch(() => {})
    return advancing
  }

  /**
   * `advance` within one turn: promises react only afterwards.
   *
   * @throws `ERR_MILLRACE_INVALID_ARGUMENT`, `ERR_MILLRACE_UNKNOWN_OPTION`, and what a timer's callback throws
   */
  advanceNow(duration: Duration): void {
    const endMs = this.#monotonicMs + durationMs(duration)
    for (let timer = this.#takeDue(endMs); timer !== undefined; timer = this.#takeDue(endMs)) timer.callback()
    this.#moveTo(endMs)
  }

  /**
   * Sets `nowMs` as somebody sets the system's clock, also backwards: no timer notices.
   *
   * @throws `ERR_MILLRACE_INVALID_ARGUMENT`
   */
  setWall(nowMs: number): void {
    this.#wallMs = requireInteger('nowMs', nowMs, 0, Number.MAX_SAFE_INTEGER)
  }

  async #advance(ms: number, before: Promise<void> | undefined): Promise<void> {
    await before
    const endMs = this.#monotonicMs + ms
    await settled()
    for (let timer = this.#takeDue(endMs); timer !== undefined; timer = this.#takeDue(endMs)) {
      timer.callback()
      // Between timers of one moment no time passes: as much happens as between those of the platform, and a turn.
      if (this.#timers[0]?.dueMs === this.#monotonicMs) await nextTurn()
      else await settled()
    }
    this.#moveTo(endMs)
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

  #cancel(timer: Timer): void {
    let at = this.#placeBehind(timer.dueMs) - 1
    while (at >= 0 && this.#timers[at]?.dueMs === timer.dueMs && this.#timers[at] !== timer) at -= 1
    if (this.#timers[at] === timer) this.#timers.splice(at, 1)
  }

  /** Where a timer goes that is due then: behind all that are due no later. */
  #placeBehind(dueMs: number): number {
    let low = 0
    let high = this.#timers.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#timers[middle] as Timer).dueMs <= dueMs) low = middle + 1
      else high = middle
    }
    return low
  }
}

/**
 * A duration in milliseconds.
 *
 * @throws `ERR_MILLRACE_INVALID_ARGUMENT`, `ERR_MILLRACE_UNKNOWN_OPTION`
 */
export function durationMs(duration: Duration): number {
  if (typeof duration === 'number') return requireLength('duration', duration)
  const names = Object.keys(partMs) as (keyof DurationParts)[]
  requireOptions('duration', duration, names)
  return names.reduce((sum, name) => sum + requireLength(name, duration[name] ?? 0) * partMs[name], 0)
}

function requireLength(field: string, value: unknown): number {
  if (typeof value === 'number' && Number.isFinite(value) && value >= 0) return value
  throw invalidArgument(field, value, 'a number, not negative')
}
