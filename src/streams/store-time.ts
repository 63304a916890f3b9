import type { Clock } from '../clock.ts'
import { requireInteger } from '../options.ts'
import { hourMs, minuteMs, secondMs } from '../units.ts'
import type { WarningListener } from './warning.ts'

/** How far the wall clock may get ahead of elapsed time before the store stops following it. */
const jumpMaxMs = minuteMs
/** After this long the comparison starts afresh, so that a clock that is set a little now and then is followed. */
const anchorLifeMs: number = hourMs
/** Elapsed time is asked for once in so long: nothing happens within a second. */
const checkEveryMs: number = secondMs

/**
 * The store's time: the wall clock, as far as elapsed time bears it out. It stamps arrivals and moves the horizon
 * of retention. Two rules, for the life of an open store:
 *
 * - It never goes back. When the wall clock is set back, it stands still until the wall clock catches up.
 * - It does not jump ahead. A wall clock that gains more than a minute on elapsed time, within an hour, is followed
 *   at the pace of elapsed time only, so that a wrongly set clock neither expires everything nor pins arrivals in
 *   the future. The jump is reported once; a store that is opened afresh believes its clock.
 */
export class StoreTime {
  readonly #clock: Clock
  readonly #warn: WarningListener
  #anchorWallMs: number
  #anchorMonotonicMs: number
  #checkedWallMs: number
  /** What the wall clock is ahead of the bound; subtracted between checks. */
  #heldBackMs = 0
  #lastMs: number

  /** @throws `ERR_MILLRACE_INVALID_ARGUMENT` if the clock does not tell whole milliseconds */
  constructor(clock: Clock, warn: WarningListener) {
    this.#clock = clock
    this.#warn = warn
    this.#anchorWallMs = requireInteger('clock.nowMs()', clock.nowMs(), 0, Number.MAX_SAFE_INTEGER)
    this.#anchorMonotonicMs = clock.monotonicMs()
    this.#checkedWallMs = this.#anchorWallMs
    this.#lastMs = this.#anchorWallMs
  }

  /** Milliseconds since 1970, integer. */
  nowMs(): number {
    const wallMs = this.#clock.nowMs()
    // A clock that breaks later stands still: no record is stamped with what is no time.
    if (!Number.isSafeInteger(wallMs)) return this.#lastMs
    const sinceCheckMs = wallMs - this.#checkedWallMs
    if (sinceCheckMs >= checkEveryMs || sinceCheckMs < 0) this.#check(wallMs)
    const nowMs = wallMs - this.#heldBackMs
    if (nowMs > this.#lastMs) this.#lastMs = nowMs
    return this.#lastMs
  }

  #check(wallMs: number): void {
    this.#checkedWallMs = wallMs
    const monotonicMs = this.#clock.monotonicMs()
    const elapsedMs = monotonicMs - this.#anchorMonotonicMs
    const gainMs = Math.floor(wallMs - this.#anchorWallMs - elapsedMs)
    if (gainMs > jumpMaxMs) {
      if (this.#heldBackMs === 0) this.#report(gainMs)
      this.#heldBackMs = gainMs - jumpMaxMs
      return
    }
    this.#heldBackMs = 0
    if (elapsedMs >= anchorLifeMs && gainMs >= -jumpMaxMs) {
      this.#anchorWallMs = wallMs
      this.#anchorMonotonicMs = monotonicMs
    }
  }

  #report(gainMs: number): void {
    this.#warn({
      code: 'clock-jump',
      message:
        `the clock jumped ${Math.round(gainMs / secondMs)} s ahead of elapsed time; ` +
        'arrival times and retention do not follow it until the store is reopened',
      details: { jumpMs: gainMs },
    })
  }
}
