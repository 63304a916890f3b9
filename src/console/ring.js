/**
 * The last so many of what was added: older ones are forgotten.
 *
 * @template Item
 */
export class Ring {
  #capacity
  /** @type {Item[]} */
  #items = []
  #start = 0

  /** @param {number} capacity */
  constructor(capacity) {
    this.#capacity = capacity
  }

  get length() {
    return this.#items.length
  }

  /** @param {Item} item */
  push(item) {
    if (this.#items.length < this.#capacity) {
      this.#items.push(item)
      return
    }
    this.#items[this.#start] = item
    this.#start = (this.#start + 1) % this.#capacity
  }

  /**
   * The newest, oldest first.
   *
   * @param {number} [most]
   * @returns {Item[]}
   */
  newest(most = this.#items.length) {
    const all = [...this.#items.slice(this.#start), ...this.#items.slice(0, this.#start)]
    return all.slice(Math.max(0, all.length - most))
  }

  clear() {
    this.#items = []
    this.#start = 0
  }
}
