/** Numbers that look random and are the same for the same seed (mulberry32). */
export class Seeded {
  #state

  constructor(seed) {
    this.#state = seed >>> 0
  }

  /** An integer from 0 to `below` - 1. */
  below(below) {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let word = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1)
    word ^= word + Math.imul(word ^ (word >>> 7), word | 61)
    return ((word ^ (word >>> 14)) >>> 0) % below
  }

  chance(oneIn) {
    return this.below(oneIn) === 0
  }

  pick(list) {
    return list[this.below(list.length)]
  }
}
