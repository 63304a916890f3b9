import type { Clock } from '../clock.ts'

/** Something that is on its way, and has memory that others wait for. */
export interface Mover {
  /** What has come, or gone, so far, bytes. */
  readonly moved: number
  /** What it has to move at least in the time that it has, bytes. */
  readonly least: number
  /** It waits for memory itself: then it is not its fault if nothing moves. */
  readonly held: boolean
  /** Ends it; its memory is free then. */
  cut(): void
}

/** How slow is too slow. */
export interface Slowness {
  /** The time in which something has to move at least as much as it has to, milliseconds. */
  readonly withinMs: number
  /** How often this is looked at, milliseconds. */
  readonly checkMs: number
}

/** How far a mover was when its time began, how far at the last look, and how much of its time is over. */
interface Mark {
  readonly from: number
  readonly seen: number
  readonly spentMs: number
}

/**
 * Cuts off what moves too slowly while others wait for its memory. While nobody does, nothing runs. Time is counted in looks: a
 * process that is too busy to look has not seen either what moved.
 */
export class StallWatch {
  readonly #slowness: Slowness
  readonly #clock: Clock
  readonly #movers: () => Iterable<Mover>
  readonly #pressed: () => boolean
  readonly #marks: Map<Mover, Mark> = new Map()
  #watching = false

  /** @param pressed whether somebody waits */
  constructor(slowness: Slowness, clock: Clock, movers: () => Iterable<Mover>, pressed: () => boolean) {
    this.#slowness = slowness
    this.#clock = clock
    this.#movers = movers
    this.#pressed = pressed
  }

  /** Somebody waits: looks from now on until nobody does. */
  press(): void {
    if (this.#watching) return
    this.#watching = true
    this.#look()
  }

  #look(): void {
    if (!this.#pressed()) {
      this.#watching = false
      this.#marks.clear()
      return
    }
    const movers = new Set(this.#movers())
    for (const mover of this.#marks.keys()) if (!movers.has(mover)) this.#marks.delete(mover)
    for (const mover of movers) this.#judge(mover)
    this.#clock.after(this.#slowness.checkMs, () => this.#look())
  }

  #judge(mover: Mover): void {
    const { withinMs, checkMs } = this.#slowness
    const { moved, held, least } = mover
    const { from, seen, spentMs } = this.#marks.get(mover) ?? { from: moved, seen: moved, spentMs: -checkMs }
    // Whoever was given something and is held again had its chance: a byte at a time is no way to stay.
    const spent = held && moved === seen ? spentMs : spentMs + checkMs
    if (moved - from >= least) this.#marks.set(mover, { from: moved, seen: moved, spentMs: 0 })
    else if (spent < withinMs || !this.#pressed())
      this.#marks.set(mover, { from, seen: moved, spentMs: spent })
    else {
      this.#marks.delete(mover)
      mover.cut()
    }
  }
}
