import type { Clock } from '../clock.ts'
import { MillraceError } from '../errors.ts'
import type { Store } from '../streams/store.ts'
import { minuteMs, secondMs } from '../units.ts'

/**
 * A full or failing disk is believed to be so for so long; then somebody has to try. If it is again soon, it is believed for
 * twice as long: whoever follows it must not send requests here every few seconds in vain. Milliseconds.
 */
const believedMs = { first: 5 * secondMs, longest: 5 * minuteMs } as const

/** Whether a store can be used, as far as its calls have shown: looking at it costs nothing. */
export class StoreHealth {
  readonly #store: Store
  readonly #clock: Clock
  #broken = false
  readonly #full: Spell = new Spell()
  readonly #failing: Spell = new Spell()

  constructor(store: Store, clock: Clock) {
    this.#store = store
    this.#clock = clock
  }

  /** Hears what a call failed with. */
  note(error: unknown): void {
    if (!(error instanceof MillraceError)) return
    switch (error.code) {
      // A write or a sync failed before: it takes no records until it is opened again.
      case 'ERR_MILLRACE_POISONED':
        this.#broken = true
        break
      case 'ERR_MILLRACE_NO_SPACE':
        this.#full.begin(this.#clock.monotonicMs())
        break
      // Its folder is gone, or the device fails: the system said no to a call that should work.
      case 'ERR_MILLRACE_IO':
      case 'ERR_MILLRACE_PERMISSION':
        this.#failing.begin(this.#clock.monotonicMs())
        break
      default:
    }
  }

  /** Why the store takes no records; `undefined` while it does. One word or two: whoever asks may be anybody. */
  trouble(): string | undefined {
    try {
      this.#store.within(this.#store.account)
    } catch {
      return 'store closed'
    }
    if (this.#broken) return 'store broken: ERR_MILLRACE_POISONED'
    const nowMs = this.#clock.monotonicMs()
    if (this.#full.lasts(nowMs)) return 'store full: ERR_MILLRACE_NO_SPACE'
    return this.#failing.lasts(nowMs) ? 'store failing: ERR_MILLRACE_IO' : undefined
  }
}

/** For how long something that was seen is believed to go on. */
class Spell {
  #untilMs = Number.NEGATIVE_INFINITY
  #forMs: number = believedMs.first

  /** It was seen. */
  begin(nowMs: number): void {
    const sinceMs = nowMs - this.#untilMs
    if (sinceMs >= this.#forMs) this.#forMs = believedMs.first
    else if (sinceMs >= 0) this.#forMs = Math.min(2 * this.#forMs, believedMs.longest)
    this.#untilMs = nowMs + this.#forMs
  }

  lasts(nowMs: number): boolean {
    return nowMs < this.#untilMs
  }
}
