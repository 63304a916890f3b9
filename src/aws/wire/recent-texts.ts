/** Texts that are remembered: a request has few names, and has them many times. A power of two. */
const places = 64

/** Decodes short texts, and answers one that it has met lately without making it again. */
export class RecentTexts {
  readonly #texts: string[] = Array.from({ length: places }, () => '')
  readonly #bytes: Uint8Array[] = Array.from({ length: places }, () => new Uint8Array(0))

  /** The text that these bytes are in UTF-8; they are all there. */
  at(bytes: Buffer, begin: number, count: number): string {
    if (count === 0) return ''
    const first = bytes[begin] as number
    const last = bytes[begin + count - 1] as number
    const place = (count + 7 * first + 31 * last) & (places - 1)
    const known = this.#bytes[place] as Uint8Array
    if (known.length === count && isAt(known, bytes, begin)) return this.#texts[place] as string
    const text = bytes.toString('utf8', begin, begin + count)
    this.#texts[place] = text
    this.#bytes[place] = Uint8Array.from(bytes.subarray(begin, begin + count))
    return text
  }
}

function isAt(known: Uint8Array, bytes: Buffer, begin: number): boolean {
  for (let index = 0; index < known.length; index++) {
    if (known[index] !== bytes[begin + index]) return false
  }
  return true
}
