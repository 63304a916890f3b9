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
/** A character of UTF-8 takes so many bytes at most. */
const utf8CharacterBytesMax = 4
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
  /** Each record is a put of its own, none is part of a batch. */
  single = false
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
    const units = unitsOf(payload, recordBytesMax)
    this.#reserve(hashKeyBytes + partitionKeyBytesMax + payloadBytesMax(payload, units))
    const hashKeyAt = this.#writeHashKey(hashKey, this.used)
    const keyAt = hashKeyAt === noHashKey ? this.used : this.used + hashKeyBytes
    const keyBytes = writePartitionKey(partitionKey, this.bytes, keyAt)
    this.#finish(keyAt, keyBytes, keyAt + keyBytes, payload, units, hashKeyAt, recordBytesMax)
  }

  /**
   * Writes the partition keys of records that `addKeyed` adds later, side by side: far cheaper than one by one.
   * Answers where, or `undefined`, with nothing written, if they are not all ASCII.
   */
  writeKeys(keys: string): number | undefined {
    const units = keys.length
    // What is not ASCII takes more bytes than units, of which there is room for one more character.
    this.#reserve(units + utf8CharacterBytesMax)
    const at = this.used
    if (this.bytes.write(keys, at, units + utf8CharacterBytesMax, 'utf8') !== units) return undefined
    this.used = at + units
    return at
  }

  /** `add` with a partition key that `writeKeys` has written. */
  addKeyed(
    keyAt: number,
    keyBytes: number,
    payload: Uint8Array | string,
    hashKey: unknown,
    recordBytesMax: number,
  ): void {
    const units = unitsOf(payload, recordBytesMax)
    this.#reserve(hashKeyBytes + payloadBytesMax(payload, units))
    const hashKeyAt = this.#writeHashKey(hashKey, this.used)
    const dataAt = hashKeyAt === noHashKey ? this.used : this.used + hashKeyBytes
    this.#finish(keyAt, keyBytes, dataAt, payload, units, hashKeyAt, recordBytesMax)
  }

  /** Sets `RecordFlag` bits of every record. */
  flag(bits: number): void {
    const { columns, count } = this
    for (let record = 0; record < count; record++) {
      const at = record * Column.stride + Column.flags
      columns[at] = (columns[at] as number) | bits
    }
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
    this.single = false
    this.count = 0
    this.used = 0
    if (this.errors.length > 0) this.errors.length = 0
    if (this.bytes.length > keptBytesMax) this.bytes = Buffer.allocUnsafeSlow(firstBytes)
  }

  #writeHashKey(hashKey: unknown, at: number): number {
    if (hashKey === undefined) return noHashKey
    writeHashKey(hashKey, this.bytes, at)
    return at
  }

  /** Writes the payload of a record whose key is written, and counts the record. */
  #finish(
    keyAt: number,
    keyBytes: number,
    dataAt: number,
    payload: Uint8Array | string,
    units: number,
    hashKeyAt: number,
    recordBytesMax: number,
  ): void {
    const dataBytes = this.#write(payload, units, dataAt)
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

  #write(payload: Uint8Array | string, units: number, at: number): number {
    if (typeof payload === 'string') return this.bytes.write(payload, at, 'utf8')
    if (units > loopCopyBytesMax) this.bytes.set(payload, at)
    else for (let index = 0; index < units; index++) this.bytes[at + index] = payload[index] as number
    return units
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

/** Bytes, or characters of a string. Neither form can take fewer bytes than that: what is far too large is refused. */
function unitsOf(payload: Uint8Array | string, recordBytesMax: number): number {
  const units = typeof payload === 'string' ? payload.length : lengthOf(payload)
  if (units > recordBytesMax) throw tooLarge(units, recordBytesMax)
  return units
}

function payloadBytesMax(payload: Uint8Array | string, units: number): number {
  return typeof payload === 'string' ? utf8BytesMax(payload) : units
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
