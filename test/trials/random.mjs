// Chance that can be repeated: a seed, and everything that follows from it.

/** Numbers that look random (xorshift128+ on 32-bit words, seeded by splitmix). */
export class Random {
  #state

  /** @param {number} seed any integer below 2^53 */
  constructor(seed) {
    let at = BigInt(seed)
    this.#state = Uint32Array.from({ length: 4 }, () => {
      at = (at + 0x9e37_79b9_7f4a_7c15n) & 0xffff_ffff_ffff_ffffn
      let word = ((at ^ (at >> 30n)) * 0xbf58_476d_1ce4_e5b9n) & 0xffff_ffff_ffff_ffffn
      word = ((word ^ (word >> 27n)) * 0x94d0_49bb_1331_11ebn) & 0xffff_ffff_ffff_ffffn
      return Number((word ^ (word >> 31n)) & 0xffff_ffffn)
    })
    this.#state[0] |= 1 // all zeros would stay so
  }

  /** 32 bits. */
  bits() {
    const state = this.#state
    let word = state[3]
    word ^= word << 11
    word ^= word >>> 8
    state[3] = state[2]
    state[2] = state[1]
    state[1] = state[0]
    word ^= state[0] ^ (state[0] >>> 19)
    state[0] = word
    return word >>> 0
  }

  /** From 0 to below 1. */
  unit() {
    return this.bits() / 2 ** 32
  }

  /** A whole number, both ends included. */
  between(least, most) {
    return least + Math.floor(this.unit() * (most - least + 1))
  }

  /** True so often: once in `times`. */
  once(times) {
    return this.bits() % times === 0
  }

  /** One of some. */
  pick(choices) {
    return choices[this.bits() % choices.length]
  }

  /** One of the keys of an object, as often as its value says. */
  weighted(weights) {
    const names = Object.keys(weights)
    let at = this.unit() * names.reduce((sum, name) => sum + weights[name], 0)
    return names.find((name) => (at -= weights[name]) < 0) ?? names.at(-1)
  }

  /** A seed for somebody else. */
  seed() {
    return this.bits()
  }
}

/** Bytes of noise to cut payloads from: making fresh ones would be most of a trial's work. */
export class Noise {
  #bytes

  constructor(random, bytes = 2 ** 20) {
    const words = Uint32Array.from({ length: bytes / 4 }, () => random.bits())
    this.#bytes = Buffer.from(words.buffer)
  }

  /** @param {Buffer} into filled with a stretch of the noise */
  fill(into, random) {
    for (let at = 0; at < into.length;) {
      const from = random.between(0, this.#bytes.length - 1)
      at += this.#bytes.copy(into, at, from, from + into.length - at)
    }
  }
}
