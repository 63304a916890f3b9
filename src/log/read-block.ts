import { Column, type Offset } from './log.ts'

/** Memory that an engine lends instead of copying from it. Counts its users: with the last one it is gone. */
export interface LentBytes {
  readonly bytes: Uint8Array
  /** One more user. Each calls `release` once. */
  share(): this
  release(): void
}

/**
 * A page of records as `ShardLog.read` fills it: one buffer of bytes and columns of positions into it.
 *
 * A caller that hands records out (they are views of `bytes`) uses a new block for each page; a caller
 * that is done with a page before it reads the next may use one block for ever.
 */
export class ReadBlock {
  /** Keys and payloads; what lies between them is the engine's business. */
  bytes: Uint8Array
  #ownBytes: Uint8Array<ArrayBuffer>
  #lease: LentBytes | undefined
  /** `Column.stride` words a record. */
  columns: Uint32Array
  offsets: Float64Array
  /** Arrival times, milliseconds since 1970. */
  timesMs: Float64Array
  /** Records in this page. */
  count = 0
  /** Where the next page begins, also past gaps. */
  next: Offset = 0
  /** First readable record of the log when the page was read. */
  first: Offset = 0
  /** Offset after the last readable record of the log when the page was read. */
  tail: Offset = 0
  /** No further record was readable at or after `next` when the page was read. */
  atTail = false
  /** The log is sealed and `next` is past its last record: no record will ever follow. */
  ended = false

  /** @param byteCapacity bytes of keys and payloads with their frames  @param recordCapacity records */
  constructor(byteCapacity: number, recordCapacity: number) {
    this.#ownBytes = Buffer.allocUnsafeSlow(byteCapacity)
    this.bytes = this.#ownBytes
    // One allocation for all columns: a page costs several of them otherwise, and each costs about a microsecond.
    const doublesBytes = recordCapacity * Float64Array.BYTES_PER_ELEMENT
    const words = recordCapacity * Column.stride
    const memory = new ArrayBuffer(2 * doublesBytes + words * Uint32Array.BYTES_PER_ELEMENT)
    this.offsets = new Float64Array(memory, 0, recordCapacity)
    this.timesMs = new Float64Array(memory, doublesBytes, recordCapacity)
    this.columns = new Uint32Array(memory, 2 * doublesBytes, words)
  }

  /** Records that fit the columns. */
  get recordCapacity(): number {
    return this.offsets.length
  }

  /** Replaces the buffer by a larger one; what it held is gone. */
  reserveBytes(byteCapacity: number): void {
    if (this.#ownBytes.length < byteCapacity) this.#ownBytes = Buffer.allocUnsafeSlow(byteCapacity)
    this.bytes = this.#ownBytes
  }

  /** Every array over the block's own buffer is empty from now on; the block goes on with the same memory. */
  detachBytes(): void {
    const { buffer } = this.#ownBytes
    this.#ownBytes = Buffer.from(structuredClone(buffer, { transfer: [buffer] }))
    this.bytes = this.#ownBytes
  }

  /** The memory that `bytes` is, if this page was not copied. */
  get lease(): LentBytes | undefined {
    return this.#lease
  }

  /** From now on `bytes` is lent, until `giveBack`. */
  borrow(lease: LentBytes): void {
    this.#lease = lease.share()
    this.bytes = lease.bytes
  }

  /** `bytes` is the block's own buffer again. */
  giveBack(): void {
    this.#lease?.release()
    this.#lease = undefined
    this.bytes = this.#ownBytes
  }
}
