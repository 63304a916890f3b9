/** Writes CBOR with definite lengths, into one buffer that grows. */
export class CborWriter {
  #bytes: Buffer
  #used = 0

  constructor(bytes = 1024) {
    this.#bytes = Buffer.allocUnsafe(bytes)
  }

  /** What was written. */
  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#used)
  }

  /** Begins a map of this many entries: each a text and a value. */
  map(entries: number): void {
    this.#head(5, entries)
  }

  list(entries: number): void {
    this.#head(4, entries)
  }

  text(value: string): void {
    const bytes = Buffer.byteLength(value)
    this.#head(3, bytes)
    this.#reserve(bytes)
    this.#used += this.#bytes.write(value, this.#used, 'utf8')
  }

  blob(value: Uint8Array): void {
    this.#head(2, value.length)
    this.#reserve(value.length)
    this.#bytes.set(value, this.#used)
    this.#used += value.length
  }

  /** An integer of at most 2^53, or else a double. */
  number(value: number): void {
    if (Number.isSafeInteger(value)) {
      if (value >= 0) this.#head(0, value)
      else this.#head(1, -1 - value)
      return
    }
    this.#reserve(9)
    this.#bytes[this.#used] = 0xfb
    this.#bytes.writeDoubleBE(value, this.#used + 1)
    this.#used += 9
  }

  boolean(value: boolean): void {
    this.#reserve(1)
    this.#bytes[this.#used] = value ? 0xf5 : 0xf4
    this.#used += 1
  }

  /** @param ms whole milliseconds since 1970 */
  time(ms: number): void {
    this.#head(6, 1)
    this.number(Math.trunc(ms))
  }

  #head(major: number, argument: number): void {
    this.#reserve(9)
    const initial = major << 5
    const bytes = this.#bytes
    const at = this.#used
    if (argument < 24) {
      bytes[at] = initial | argument
      this.#used += 1
    } else if (argument < 0x100) {
      bytes[at] = initial | 24
      bytes[at + 1] = argument
      this.#used += 2
    } else if (argument < 0x1_0000) {
      bytes[at] = initial | 25
      bytes.writeUInt16BE(argument, at + 1)
      this.#used += 3
    } else if (argument < 0x1_0000_0000) {
      bytes[at] = initial | 26
      bytes.writeUInt32BE(argument, at + 1)
      this.#used += 5
    } else {
      bytes[at] = initial | 27
      bytes.writeUInt32BE(Math.floor(argument / 2 ** 32), at + 1)
      bytes.writeUInt32BE(argument % 2 ** 32, at + 5)
      this.#used += 9
    }
  }

  #reserve(bytes: number): void {
    if (this.#bytes.length - this.#used >= bytes) return
    const larger = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#used + bytes))
    this.#bytes.copy(larger, 0, 0, this.#used)
    this.#bytes = larger
  }
}
