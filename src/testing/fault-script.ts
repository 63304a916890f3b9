import { invalidArgument } from '../errors.ts'
import { requireInteger } from '../options.ts'
import type { SeededRandom } from './seeded-random.ts'

/** When a scripted fault happens, among the occasions that it is for. */
export interface FaultTiming {
  /** How often at most; `Infinity` for always. @defaultValue 1 */
  readonly times?: number | undefined
  /** Occasions that pass unharmed first. @defaultValue 0 */
  readonly after?: number | undefined
  /** How likely it is at each occasion: above 0, up to 1. Decided by the script's seed. @defaultValue 1 */
  readonly probability?: number | undefined
}

/** Keys of `FaultTiming`. */
export const faultTimingKeys: readonly string[] = ['times', 'after', 'probability']

/** A fault that was scripted. */
export interface ScriptedFault {
  /** How often it has happened. */
  readonly happened: number
  /** It will happen no more. */
  readonly over: boolean
  /** Takes it out of the script. */
  cancel(): void
}

/** Something that a fault may be for: its facts, by name. A fault is for every occasion that has all facts it names. */
export type Occasion = Readonly<Record<string, string | number | undefined>>

class Entry<Effect> implements ScriptedFault {
  readonly where: Occasion
  readonly effect: Effect
  readonly #times: number
  readonly #probability: number
  #toPass: number
  #happened = 0
  #cancelled = false

  constructor(where: Occasion, effect: Effect, { times = 1, after = 0, probability = 1 }: FaultTiming) {
    if (times !== Number.POSITIVE_INFINITY) requireInteger('times', times, 1, Number.MAX_SAFE_INTEGER)
    requireInteger('after', after, 0, Number.MAX_SAFE_INTEGER)
    if (typeof probability !== 'number' || !(probability > 0 && probability <= 1))
      throw invalidArgument('probability', probability, 'above 0 and at most 1')
    this.where = where
    this.effect = effect
    this.#times = times
    this.#toPass = after
    this.#probability = probability
  }

  get happened(): number {
    return this.#happened
  }

  get over(): boolean {
    return this.#cancelled || this.#happened >= this.#times
  }

  cancel(): void {
    this.#cancelled = true
  }

  isFor(occasion: Occasion): boolean {
    return Object.entries(this.where).every(
      ([fact, value]) => value === undefined || occasion[fact] === value,
    )
  }

  /** Whether it happens at this occasion, which is one of its own. */
  happens(random: SeededRandom): boolean {
    if (this.#toPass > 0) {
      this.#toPass -= 1
      return false
    }
    if (this.#probability < 1 && random.next() >= this.#probability) return false
    this.#happened += 1
    return true
  }
}

/**
 * Which faults of one kind happen when. Knows neither what the faults are nor where they are done: whoever comes to an
 * occasion asks. Faults that were scripted earlier go first; at one occasion at most one of them happens.
 */
export class FaultScript<Effect> {
  readonly #random: SeededRandom
  #entries: Entry<Effect>[] = []

  constructor(random: SeededRandom) {
    this.#random = random
  }

  /** No fault is left: who asks may spare himself to say for what. */
  get idle(): boolean {
    return this.#entries.length === 0
  }

  /**
   * Adds a fault.
   *
   * @throws `ERR_MILLRACE_INVALID_ARGUMENT`
   */
  add(where: Occasion, effect: Effect, timing: FaultTiming): ScriptedFault {
    const entry = new Entry(where, effect, timing)
    this.#entries.push(entry)
    return entry
  }

  /** What happens at this occasion, if anything does. */
  take(occasion: Occasion): Effect | undefined {
    if (this.idle) return undefined
    this.#entries = this.#entries.filter((entry) => !entry.over)
    return this.#entries.find((entry) => entry.isFor(occasion) && entry.happens(this.#random))?.effect
  }

  /** Forgets all of them. */
  clear(): void {
    for (const entry of this.#entries) entry.cancel()
    this.#entries = []
  }
}
