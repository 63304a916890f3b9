/** Numbers that look random and come again with the same seed: a test that failed once fails again. */
export class SeededRandom {
  #state: number

  /** @param seed 0 to 2^32 - 1 */
  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  /** From 0 to 1, without 1. The generator is mulberry32: 32 bits of state, evenly spread, not for secrets. */
  next(): number {
    this.#state = (this.#state + 0x6d2b_79f5) >>> 0
    let mixed = this.#state
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
