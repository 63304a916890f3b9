import { invalidArgument, MillraceError } from '../errors.ts'
import { type AppendBatch, type Appended, Column, noHashKey } from '../log/log.ts'
import { KiB, MiB } from '../units.ts'
import { hashKeyBytes, writeHashKey } from './hash-key.ts'
import { partitionKeyBytesMax, writePartitionKey } from './partition-key.ts'

const firstBytes: number = 64 * KiB
const firstRecords = 512
/** A buffer that grew beyond this is not kept for the next batch. */
const keptBytesMax: number = 8 * MiB
/** Positions in a batch are 32-bit words, and no engine takes gigabytes at once. */
const batchBytesMax: number = 1024 * MiB
/** Up to here a loop copies faster than a call into the runtime. */
const loopCopyBytesMax = 24
/** Stagings that a pool keeps: commits that wait at the same time are few, and each staging holds memory. */
const freeMax = 4

/**
 * Records being packed for the engine: one buffer of bytes, columns of positions, and room for the answers.
 * Packed once, handed over as a whole, then reused. What is added has been copied when `add` returns.
 */
export class Staging implements Appended {
  bytes: Buffer = Buffer.allocUnsafeSlow(firstBytes)
  columns: Uint32Array = new Uint32Array(firstRecords * Column.stride)
  /** Indices of records, those of one shard side by side. */
  order: Uint32Array = new Uint32Array(firstRecords)
  /** Which open range of the stream each record falls into. */
  shardOf: Uint32Array = new Uint32Array(firstRecords)
  /** Per record: its offset, or below zero the place of its error in `errors`: -1 is the first. */
  offsets: Float64Array = new Float64Array(firstRecords)
  timesMs: Float64Array = new Float64Array(firstRecords)
  /** Why records were refused at run time; a shard's records share one. */
  readonly errors: MillraceError[] = []
  /** Records. */
  count = 0
  /** Bytes in use. */
  used = 0
  /** Arrival time of the batch, milliseconds since 1970. */
  timeMs = 0

  /**
   * Adds a record or throws and adds nothing.
   *
   * @param payload bytes, or a well-formed string that is stored as UTF-8
   * @param recordBytesMax key and payload together
   * @throws `ERR_MILLRACE_INVALID_ARGUMENT` for a bad key, `ERR_MILLRACE_RECORD_TOO_LARGE`
   */
  add(partitionKey: unknown, payload: Uint8Array | string, hashKey: unknown, recordBytesMax: number): void {
    const units = typeof payload === 'string' ? payload.length : lengthOf(payload)
    // Neither form can take fewer bytes than it has units, so what is far too large is never copied.
    if (units > recordBytesMax) throw tooLarge(units, recordBytesMax)
    const payloadBytesMax = typeof payload === 'string' ? utf8BytesMax(payload) : units
    this.#reserve(hashKeyBytes + partitionKeyBytesMax + payloadBytesMax)

    let at = this.used
    let hashKeyAt: number = noHashKey
    if (hashKey !== undefined) {
      writeHashKey(hashKey, this.bytes, at)
      hashKeyAt = at
      at += hashKeyBytes
    }
    const keyAt = at
    const keyBytes = writePartitionKey(partitionKey, this.bytes, keyAt)
    const dataAt = keyAt + keyBytes
    const dataBytes = this.#write(payload, dataAt)
    if (keyBytes + dataBytes > recordBytesMax) throw tooLarge(keyBytes + dataBytes, recordBytesMax)

    const columns = this.columns
    const row = this.count * Column.stride
    columns[row + Column.keyAt] = keyAt
    columns[row + Column.keyBytes] = keyBytes
    columns[row + Column.dataAt] = dataAt
    columns[row + Column.dataBytes] = dataBytes
    columns[row + Column.hashKeyAt] = hashKeyAt
    columns[row + Column.flags] = 0
    this.used = dataAt + dataBytes
    this.count += 1
  }

  /** The records `order[from .. from + count)` as one log takes them. */
  window(from: number, count: number): AppendBatch {
    return { bytes: this.bytes, columns: this.columns, order: this.order, from, count, timeMs: this.timeMs }
  }

  /** Takes over the records of another staging, which gets those of this one. Both are still being packed. */
  swap(other: Staging): void {
    const { bytes, columns, order, shardOf, offsets, timesMs, count, used } = this
    this.bytes = other.bytes
    this.columns = other.columns
    this.order = other.order
    this.shardOf = other.shardOf
    this.offsets = other.offsets
    this.timesMs = other.timesMs
    this.count = other.count
    this.used = other.used
    Object.assign(other, { bytes, columns, order, shardOf, offsets, timesMs, count, used })
  }

  /** Notes that the records `order[from .. from + count)` were not stored, and why. */
  refuse(from: number, count: number, error: MillraceError): void {
    const place = -this.errors.push(error)
    for (let index = from; index < from + count; index++) this.offsets[this.order[index] as number] = place
  }

  /** Notes that no record was stored, and why. */
  refuseAll(error: MillraceError): void {
    this.offsets.fill(-this.errors.push(error), 0, this.count)
  }

  /** Why a record was not stored; `undefined` if it was. */
  errorOf(record: number): MillraceError | undefined {
    const offset = this.offsets[record] as number
    return offset < 0 ? this.errors[-offset - 1] : undefined
  }

  /** Forgets all records. */
  reset(): void {
    this.count = 0
    this.used = 0
    if (this.errors.length > 0) this.errors.length = 0
    if (this.bytes.length > keptBytesMax) this.bytes = Buffer.allocUnsafeSlow(firstBytes)
  }

  #write(payload: Uint8Array | string, at: number): number {
    if (typeof payload === 'string') return this.bytes.write(payload, at, 'utf8')
    const length = lengthOf(payload)
    if (length > loopCopyBytesMax) this.bytes.set(payload, at)
    else for (let index = 0; index < length; index++) this.bytes[at + index] = payload[index] as number
    return length
  }

  #reserve(bytes: number): void {
    const needed = this.used + bytes
    if (needed > this.bytes.length) this.#growBytes(needed)
    if (this.count === this.order.length) this.#growRecords()
  }

  #growBytes(needed: number): void {
    if (needed > batchBytesMax) throw batchTooLarge(needed)
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.bytes.length * 2))
    grown.set(this.bytes.subarray(0, this.used))
    this.bytes = grown
  }

  #growRecords(): void {
    const records = this.count * 2
    const columns = new Uint32Array(records * Column.stride)
    columns.set(this.columns)
    this.columns = columns
    // The other columns are filled only after the last record was added.
    this.order = new Uint32Array(records)
    this.shardOf = new Uint32Array(records)
    this.offsets = new Float64Array(records)
    this.timesMs = new Float64Array(records)
  }
}

const lengthGetter = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), 'length')
  ?.get as (this: Uint8Array) => number

/** The real length: a subclass may answer anything, and positions are made of it. */
function lengthOf(payload: Uint8Array): number {
  const length = lengthGetter.call(payload)
  if (length === 0) requireAttached(payload)
  return length
}

/** Bytes that were transferred, or cut off under their view, look empty; that is no empty payload. */
function requireAttached(payload: Uint8Array): void {
  try {
    Uint8Array.prototype.at.call(payload, 0)
  } catch {
    throw invalidArgument(
      'data',
      payload,
      'bytes that are still there: their buffer was transferred or resized',
    )
  }
}

/** Room that a string's UTF-8 takes at most: exact for long ones, where three bytes a unit would be a waste. */
function utf8BytesMax(text: string): number {
  return text.length > 4 * KiB ? Buffer.byteLength(text, 'utf8') : text.length * 3
}

function tooLarge(bytes: number, limit: number): MillraceError {
  return new MillraceError(
    'ERR_MILLRACE_RECORD_TOO_LARGE',
    `partition key and data have ${bytes} bytes together, the stream takes ${limit} a record`,
    { details: { field: 'data', bytes, limit } },
  )
}

function batchTooLarge(bytes: number): MillraceError {
  return new MillraceError(
    'ERR_MILLRACE_INVALID_ARGUMENT',
    `a batch must have at most ${batchBytesMax} bytes, this one has ${bytes} and more`,
    { details: { field: 'entries', value: bytes, rule: `at most ${batchBytesMax} bytes` } },
  )
}

/** Stagings at rest. One serves all streams of a store as long as no commit has to wait. */
export class StagingPool {
  readonly #free: Staging[] = []

  take(): Staging {
    return this.#free.pop() ?? new Staging()
  }

  give(staging: Staging): void {
    staging.reset()
    if (this.#free.length < freeMax) this.#free.push(staging)
  }
}
