import { type AppendBatch, Column, noHashKey, type Offset } from '../../src/log/log.ts'
import type { ReadBlock } from '../../src/log/read-block.ts'

/** One stored record as plain data; its bytes are copies. */
export interface PlainRecord {
  readonly offset: Offset
  readonly timeMs: number
  readonly key: Buffer
  readonly data: Buffer
  /** 16 bytes, big-endian. */
  readonly hashKey: Buffer | undefined
  readonly flags: number
}

type Packed = Pick<AppendBatch, 'bytes' | 'columns'>

function column(packed: Packed, index: number, which: number): number {
  const word = packed.columns[index * Column.stride + which]
  if (word === undefined) throw new RangeError(`no record ${index} in these columns`)
  return word
}

function copied(packed: Packed, at: number, bytes: number): Buffer {
  if (at + bytes > packed.bytes.length) throw new RangeError(`bytes ${at}+${bytes} lie outside of the buffer`)
  return Buffer.from(packed.bytes.subarray(at, at + bytes))
}

/** What the columns say about one record of a batch or block. */
export function unpack(packed: Packed, index: number): Omit<PlainRecord, 'offset' | 'timeMs'> {
  const hashKeyAt = column(packed, index, Column.hashKeyAt)
  return {
    key: copied(packed, column(packed, index, Column.keyAt), column(packed, index, Column.keyBytes)),
    data: copied(packed, column(packed, index, Column.dataAt), column(packed, index, Column.dataBytes)),
    hashKey: hashKeyAt === noHashKey ? undefined : copied(packed, hashKeyAt, 16),
    flags: column(packed, index, Column.flags),
  }
}

/** The records of a page. */
export function recordsOf(block: ReadBlock): PlainRecord[] {
  return Array.from({ length: block.count }, (_, index) => ({
    offset: block.offsets[index] ?? Number.NaN,
    timeMs: block.timesMs[index] ?? Number.NaN,
    ...unpack(block, index),
  }))
}
