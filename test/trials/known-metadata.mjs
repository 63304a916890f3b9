// What must be true of the metadata of a stream: what was acknowledged, and for each thing that somebody was about to
// change when he died, what it may be instead.
import { describeShards, openShardsOf, settingsOf } from './settings-view.mjs'

/** A thing that can be changed by one call. */
export class Known {
  #value
  /** What calls that nobody answered may have made of it, and how many of them. */
  #maybe = new Map()

  constructor(value) {
    this.#value = value
  }

  get wanted() {
    return [this.#value, ...this.#maybe.keys()].map(String).join(' or ')
  }

  begins(value) {
    this.#maybe.set(value, (this.#maybe.get(value) ?? 0) + 1)
  }

  isNow(value) {
    this.#value = value
    this.#maybe.clear()
  }

  /** A call was refused: nothing has changed by it. */
  stays(value) {
    const others = (this.#maybe.get(value) ?? 1) - 1
    if (others > 0) this.#maybe.set(value, others)
    else this.#maybe.delete(value)
  }

  /** What was seen once stays. @returns whether it may be so */
  see(value) {
    if (value === this.#value) return true
    if (!this.#maybe.has(value) && !this.#maybe.has(anything)) return false
    // Others may have been begun behind it, or are on their way: whoever opens the store next goes on where another one
    // was stopped.
    this.#value = value
    this.#maybe.delete(value)
    return true
  }
}

/** A call of several steps is under way. */
export const anything = '*'

/** Settings that nobody has set, and consumers that nobody has registered. */
const usual = { maxRecordBytes: 1024 * 1024, mode: 'PROVISIONED', monitoring: '', tags: '' }

export class KnownMetadata {
  #things = new Map()
  #shards
  /** What was heard of shards last, for whoever has to find out what went wrong. */
  #heard = []

  /** @param count the open shards that it was created with */
  constructor(retentionHours, count) {
    this.#things.set('retentionHours', new Known(retentionHours))
    this.#shards = new Known(describeShards(firstShards(count)))
  }

  /** @param {'begins' | 'isNow' | 'stays'} what @param {string} thing a setting, a consumer, or 'shards' */
  note(what, thing, value) {
    const known = thing === 'shards' ? this.#shards : this.#thing(thing)
    known[what](value)
    if (thing === 'shards') this.#remember(`${what} ${value}`)
  }

  /** Holds what a stream shows against what was acknowledged. */
  check(stream) {
    const shown = settingsOf(stream)
    for (const thing of new Set([...Object.keys(shown), ...this.#things.keys()])) {
      const known = this.#thing(thing)
      const { wanted } = known
      const value = shown[thing] ?? null
      if (!known.see(value)) throw new Error(`${thing} of ${stream.name} is ${value}, not ${wanted}`)
    }
    this.#checkShards(stream)
  }

  #checkShards(stream) {
    const open = openShardsOf(stream)
    const { wanted } = this.#shards
    const shown = describeShards(open)
    if (!this.#shards.see(shown)) {
      const heard = this.#heard.join('; ')
      throw new Error(`the open shards of ${stream.name} are ${shown}, not ${wanted}; heard before: ${heard}`)
    }
    this.#remember(`seen ${shown}`)
  }

  #remember(event) {
    this.#heard.push(event)
    if (this.#heard.length > 20) this.#heard.shift()
  }

  #thing(name) {
    const known = this.#things.get(name)
    if (known !== undefined) return known
    const made = new Known(usual[name] ?? null)
    this.#things.set(name, made)
    return made
  }
}

/** Equal parts of all hash keys. */
function firstShards(count) {
  const width = 2n ** 128n / BigInt(count)
  return Array.from({ length: count }, (_, index) => {
    const start = width * BigInt(index)
    return { shardId: String(index), start, end: index === count - 1 ? 2n ** 128n - 1n : start + width - 1n }
  })
}
