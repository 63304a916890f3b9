/** Memory that is kept for the next document, bytes: most fit into it. */
const keptBytes: number = 64 * 1024
/** A character of UTF-16 takes so many bytes of UTF-8 at most. */
const unitBytesMax = 3
const headBytesMax = 9

/** Lent to one writer at a time; fresh memory costs more than what is written into it. */
let kept: Buffer | undefined

/** A text in CBOR, to be written often. */
export function cborText(value: string): Uint8Array {
  const writer = new CborWriter()
  writer.text(value)
  return Uint8Array.from(writer.finish())
}

/** Writes CBOR with definite lengths, into one buffer that grows. */
export class CborWriter {
  #bytes: Buffer
  #used = 0

  constructor() {
    this.#bytes = kept ?? Buffer.allocUnsafeSlow(keptBytes)
    kept = undefined
  }

  /** What was written. Nothing more may be. */
  finish(): Uint8Array {
    const written = this.#bytes.subarray(0, this.#used)
    // A buffer that had to grow is the document's own.
    if (this.#bytes.length !== keptBytes) return written
    kept = this.#bytes
    return Buffer.from(written)
  }

  /** Begins a map of this many entries: each a text and a value. */
  map(entries: number): void {
    this.#head(5, entries)
  }

  list(entries: number): void {
    this.#head(4, entries)
  }

  text(value: string): void {
    const units = value.length
    this.#reserve(headBytesMax + units * unitBytesMax)
    const at = this.#used
    // Most texts are ASCII and take a byte a unit: the length is known once it is written.
    this.#head(3, units)
    const head = this.#used - at
    const bytes = this.#bytes.write(value, this.#used, 'utf8')
    if (bytes !== units) {
      const wanted = headBytes(bytes)
      // Before the head is written, which would begin to cover it.
      if (wanted !== head) this.#bytes.copyWithin(at + wanted, at + head, at + head + bytes)
      this.#used = at
      this.#head(3, bytes)
    }
    this.#used += bytes
  }

  /** What `cborText` made. */
  part(bytes: Uint8Array): void {
    const count = bytes.length
    this.#reserve(count)
    const into = this.#bytes
    const at = this.#used
    for (let index = 0; index < count; index++) into[at + index] = bytes[index] as number
    this.#used = at + count
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
    this.#reserve(headBytesMax)
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
    const larger = Buffer.allocUnsafeSlow(Math.max(this.#bytes.length * 2, this.#used + bytes))
    this.#bytes.copy(larger, 0, 0, this.#used)
    if (this.#bytes.length === keptBytes) kept = this.#bytes
    this.#bytes = larger
  }
}

/** Bytes that a kind and its argument take. */
function headBytes(argument: number): number {
  if (argument < 24) return 1
  if (argument < 0x100) return 2
  if (argument < 0x1_0000) return 3
  return argument < 0x1_0000_0000 ? 5 : headBytesMax
}
