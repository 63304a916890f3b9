/** Text is gathered up to this many characters before it is written. */
const pendingMax = 64 * 1024
const firstBytes = 1024

/** What JSON shows as it is. */
const plain = /^[ !#-[\]-~]*$/

/**
 * Writes JSON as UTF-8 into one buffer that grows. Text is gathered, so that the few words between two blobs are one
 * write; blobs go in as base64 without becoming part of a larger string.
 */
export class JsonWriter {
  #bytes: Buffer | undefined
  #used = 0
  #pending = ''
  /** There may be more than ASCII in what is pending. */
  #wide = false

  /** What was written. */
  finish(): Uint8Array {
    if (this.#bytes === undefined) return Buffer.from(this.#pending, this.#wide ? 'utf8' : 'latin1')
    this.#flush()
    return this.#bytes.subarray(0, this.#used)
  }

  /** Well-formed JSON, or a part of it, of what is ASCII or was told by `quoted`. */
  text(part: string): void {
    this.#pending += part
    if (this.#pending.length > pendingMax) this.#flush()
  }

  /** A string as JSON has it, to become a part of the text that is written next. */
  quoted(value: string): string {
    if (plain.test(value)) return `"${value}"`
    this.#wide = true
    return JSON.stringify(value)
  }

  /** Bytes as a string of base64, with its quotes. */
  base64(value: Uint8Array): void {
    this.#pending += '"'
    this.#flush()
    const encoded = Buffer.from(value.buffer, value.byteOffset, value.length).toString('base64')
    const bytes = this.#room(encoded.length)
    this.#used += bytes.write(encoded, this.#used, 'latin1')
    this.#pending = '"'
  }

  #flush(): void {
    const text = this.#pending
    if (text === '') return
    if (this.#wide) {
      const bytes = this.#room(3 * text.length)
      this.#used += bytes.write(text, this.#used, 'utf8')
    } else {
      const bytes = this.#room(text.length)
      this.#used += bytes.write(text, this.#used, 'latin1')
    }
    this.#pending = ''
    this.#wide = false
  }

  #room(bytes: number): Buffer {
    const own = (this.#bytes ??= Buffer.allocUnsafe(Math.max(bytes, firstBytes)))
    if (own.length - this.#used >= bytes) return own
    const larger = Buffer.allocUnsafe(Math.max(own.length * 2, this.#used + bytes))
    own.copy(larger, 0, 0, this.#used)
    this.#bytes = larger
    return larger
  }
}
