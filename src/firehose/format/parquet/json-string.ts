const quote = 0x22
const backslash = 0x5c
const blank = 0x20

/** For each byte of a word: its highest bit, one, and the symbols that end a run of plain ones. */
const highs = 0x80808080 | 0
const ones = 0x01010101
const blanks = 0x20202020
const quotes = 0x22222222
const backslashes = 0x5c5c5c5c

/** Finds the ends of strings of JSON. It looks at four bytes at a time: strings are most of what records are. */
export class JsonStringScan {
  /** Whether the string that was found has a backslash. */
  escaped = false
  /** Whether it has bytes that are no ASCII. */
  foreign = false
  readonly #bytes: Uint8Array
  readonly #words: Int32Array
  /** Of the bytes among the words. */
  readonly #offset: number

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#words = new Int32Array(bytes.buffer, 0, bytes.buffer.byteLength >> 2)
    this.#offset = bytes.byteOffset
  }

  /**
   * The place of the quote that ends a string, or -1: there is none before the limit, or a control before it. What is behind a
   * backslash is not judged.
   *
   * @param at of its first byte, behind the quote that begins it
   */
  endOf(at: number, limit: number): number {
    const bytes = this.#bytes
    this.escaped = false
    let bits = 0
    let next = at
    while (next < limit) {
      next = this.#skipPlain(next, limit)
      bits |= this.#bits
      const stop = Math.min(limit, next + 4 - ((next + this.#offset) & 3))
      for (; next < stop; next += 1) {
        const byte = bytes[next] as number
        if (byte === quote) {
          this.foreign = (bits & highs) !== 0
          return next
        }
        if (byte < blank) return -1
        bits |= byte
        if (byte !== backslash) continue
        this.escaped = true
        next += 1
        bits |= bytes[next] ?? 0
      }
    }
    return -1
  }

  /** The bits of what was passed over. */
  #bits = 0

  /** Passes over words, if one begins here, up to one with a quote, a backslash or a control. */
  #skipPlain(at: number, limit: number): number {
    this.#bits = 0
    if (((at + this.#offset) & 3) !== 0) return at
    const words = this.#words
    const first = (at + this.#offset) >> 2
    const end = first + ((limit - at) >> 2)
    let bits = 0
    let next = first
    for (; next < end; next += 1) {
      const word = words[next] as number
      const quoted = word ^ quotes
      const escaping = word ^ backslashes
      const found = ((word - blanks) & ~word) | ((quoted - ones) & ~quoted) | ((escaping - ones) & ~escaping)
      if ((found & highs) !== 0) break
      bits |= word
    }
    this.#bits = bits
    return at + 4 * (next - first)
  }
}
