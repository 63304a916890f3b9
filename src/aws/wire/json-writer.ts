/** Text is gathered up to this many characters before it is written. */
const pendingMax = 8192

/**
 * Writes JSON as UTF-8 into one buffer that grows. Text is gathered, so that the few words between two blobs are one
 * write; blobs go in as base64 without becoming part of a larger string.
 */
export class JsonWriter {
  #bytes: Buffer
  #used = 0
  #pending = ''

  constructor(bytes = 1024) {
    this.#bytes = Buffer.allocUnsafe(bytes)
  }

  /** What was written. */
  finish(): Uint8Array {
    this.#flush()
    return this.#bytes.subarray(0, this.#used)
  }

  /** Well-formed JSON, or a part of it. */
  text(part: string): void {
    this.#pending += part
    if (this.#pending.length > pendingMax) this.#flush()
  }

  /** Bytes as a string of base64, with its quotes. */
  base64(value: Uint8Array): void {
    this.#pending += '"'
    this.#flush()
    const encoded = Buffer.from(value.buffer, value.byteOffset, value.length).toString('base64')
    this.#reserve(encoded.length)
    this.#used += this.#bytes.write(encoded, this.#used, 'latin1')
    this.#pending = '"'
  }

  #flush(): void {
    const text = this.#pending
    if (text === '') return
    this.#reserve(3 * text.length)
    this.#used += this.#bytes.write(text, this.#used, 'utf8')
    this.#pending = ''
  }

  #reserve(bytes: number): void {
    if (this.#bytes.length - this.#used >= bytes) return
    const larger = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#used + bytes))
    this.#bytes.copy(larger, 0, 0, this.#used)
    this.#bytes = larger
  }
}
