import { markAsUntransferable } from 'node:worker_threads'
import { Column, noHashKey } from './log.ts'
import type { ReadBlock } from './read-block.ts'

/** What `ShardLog.readRecord` answers where it read nothing. Otherwise it answers where the record ends. */
export const RecordAnswer = {
  /** There is no record with this offset (any more). */
  none: 0,
  /** The slab has too little room; `RecordSlab.wantedBytes` says how much would do. */
  noRoom: -100,
  /** It is not in memory, and the call was not to wait for the disk. */
  notInMemory: -101,
} as const

/** What lies in front of each record of a slab: bytes from where it begins, and how many in all. */
export const RecordField = {
  /** Arrival, milliseconds since 1970: a double. */
  timeMs: 0,
  /** `Column.stride` words as in `ReadBlock.columns`; positions count from the start of the slab. */
  columns: 8,
  bytes: 32,
} as const

/** Every record begins at a multiple of it: the size of a double. */
const alignment = 8

/**
 * Memory that single records are read to, one behind the other, each with its arrival and its columns in front of it.
 * What was kept is never written again, so that records may be views of it.
 */
export class RecordSlab {
  readonly memory: ArrayBuffer
  readonly words: Uint32Array
  readonly doubles: Float64Array
  /** The same memory, for whoever decodes text. */
  readonly buffer: Buffer
  /** Where the next record begins. */
  at = 0
  /** Where the record ends that was read last. */
  end = 0

  constructor(bytes: number) {
    this.buffer = Buffer.allocUnsafeSlow(aligned(bytes))
    this.memory = this.buffer.buffer as ArrayBuffer
    // Views of other records would be empty, were it gone.
    markAsUntransferable(this.memory)
    this.words = new Uint32Array(this.memory)
    this.doubles = new Float64Array(this.memory)
  }

  /** Whether not even what lies in front of a record fits any more. */
  get full(): boolean {
    return this.memory.byteLength - this.at < RecordField.bytes
  }

  /** After `RecordAnswer.noRoom`: how large a slab has to be for the record alone, bytes. */
  get wantedBytes(): number {
    return RecordField.bytes + (this.doubles[this.at / alignment] as number)
  }

  /** Arrival of the record that was read last. */
  get timeMs(): number {
    return this.doubles[this.at / alignment] as number
  }

  /** Keeps the record that was read last: the next one goes behind it. Answers where it begins. */
  keep(): number {
    const at = this.at
    this.at = this.end
    return at
  }

  /** `readRecord` for engines that do not write here themselves: takes the first record of a page. */
  put({ bytes, columns, timesMs }: ReadBlock): number {
    const from = this.at + RecordField.bytes
    const hashKeyAt = columns[Column.hashKeyAt] as number
    const length = Math.max(
      (columns[Column.keyAt] as number) + (columns[Column.keyBytes] as number),
      (columns[Column.dataAt] as number) + (columns[Column.dataBytes] as number),
      hashKeyAt === noHashKey ? 0 : hashKeyAt + 16,
    )
    const end = from + aligned(length)
    if (end > this.memory.byteLength) {
      this.doubles[this.at / alignment] = aligned(length)
      return RecordAnswer.noRoom
    }
    this.buffer.set(bytes.subarray(0, length), from)
    this.doubles[this.at / alignment] = timesMs[0] as number
    const words = this.words.subarray((this.at + RecordField.columns) / 4)
    words.set(columns.subarray(0, Column.stride))
    for (const column of [Column.keyAt, Column.dataAt]) words[column] = (words[column] as number) + from
    if (hashKeyAt !== noHashKey) words[Column.hashKeyAt] = hashKeyAt + from
    return end
  }
}

/** The next place where a record may begin. */
function aligned(bytes: number): number {
  return Math.ceil(bytes / alignment) * alignment
}
