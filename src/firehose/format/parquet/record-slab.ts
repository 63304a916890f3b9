import { KiB } from '../../../units.ts'

/** Records in a row: what a helper thread gets. */
export interface RecordSlab {
  /** Shared: lent to the thread until it has answered. */
  readonly bytes: Uint8Array<SharedArrayBuffer>
  /** Where each record ends. */
  readonly ends: Uint32Array<ArrayBuffer>
}

/** Of however few bytes: so many have a place in memory each. */
const recordsMax = 131_072
/** What a place begins with. */
const firstBytes: number = 64 * KiB

/**
 * Copies records into memory that a thread can read. There are two places for them, in turn: one is filled while what was
 * taken from the other is looked at. Both are used again: megabytes of new memory for each slab would cost more than the
 * copies.
 */
export class RecordSlabBuilder {
  readonly #bytesMax: number
  #place: Uint8Array<SharedArrayBuffer> = place(0)
  #other: Uint8Array<SharedArrayBuffer> = place(0)
  readonly #ends: number[] = []
  #filled = 0

  /** @param bytesMax a slab gets larger only by a single record that is */
  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  /** Records in it. */
  get count(): number {
    return this.#ends.length
  }

  /** Adds a record, unless that would be too much: then the slab is to be taken first. */
  add(data: Uint8Array): boolean {
    if (this.count === recordsMax || (this.count > 0 && this.#filled + data.length > this.#bytesMax))
      return false
    this.#reserve(this.#filled + data.length)
    this.#place.set(data, this.#filled)
    this.#filled += data.length
    this.#ends.push(this.#filled)
    return true
  }

  /** What was added; the next one is empty. Nobody looks any more at what was taken before. */
  take(): RecordSlab {
    const slab = { bytes: this.#place.subarray(0, this.#filled), ends: Uint32Array.from(this.#ends) }
    const taken = this.#place
    this.#place = this.#other
    this.#other = taken
    this.#ends.length = 0
    this.#filled = 0
    return slab
  }

  #reserve(bytes: number): void {
    const { length } = this.#place
    if (bytes <= length) return
    const larger = place(Math.max(bytes, Math.min(Math.max(4 * length, firstBytes), this.#bytesMax)))
    larger.set(this.#place.subarray(0, this.#filled))
    this.#place = larger
  }
}

function place(bytes: number): Uint8Array<SharedArrayBuffer> {
  return new Uint8Array(new SharedArrayBuffer(bytes))
}
