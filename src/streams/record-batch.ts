import { invalidArgument } from '../errors.ts'
import { Column, noHashKey } from '../log/log.ts'
import type { ReadBlock } from '../log/read-block.ts'
import { type Codec, decodeWith } from './codec.ts'
import { readHashKey } from './hash-key.ts'
import { StoredRecord } from './record.ts'
import type { SequenceNumber, SequenceNumbers } from './sequence-number.ts'

/** What a batch must know about its shard. */
export interface BatchShard {
  readonly id: string
  readonly sequence: SequenceNumbers
}

/**
 * Consecutive records of one shard, column by column: `batch.data(i)` costs only the data. Iterating, or
 * `batch.record(i)`, gives record objects. Indices run from 0 to `length - 1`; others are refused.
 */
export class RecordBatch<T = Uint8Array> implements Iterable<StoredRecord<T>> {
  /** The shard of all its records. */
  readonly shardId: string
  /** Records; at least one. */
  readonly length: number
  private readonly shard: BatchShard
  private readonly block: ReadBlock
  private readonly from: number
  private readonly codec: Codec<T>
  private buffer: Buffer | undefined = undefined

  /** Readers make batches: the `length` records of `block` from `from` on. Nobody may write to the block again. */
  constructor(shard: BatchShard, block: ReadBlock, from: number, length: number, codec: Codec<T>) {
    this.shardId = shard.id
    this.length = length
    this.shard = shard
    this.block = block
    this.from = from
    this.codec = codec
  }

  /** Memory that stays in use as long as the batch, one of its records or one of their payloads is kept, bytes. */
  get retainedBytes(): number {
    return this.block.bytes.byteLength
  }

  sequenceNumber(index: number): SequenceNumber {
    const row = this.row(index)
    return this.shard.sequence.at(this.block.offsets[row] as number, this.block.timesMs[row] as number)
  }

  /** Milliseconds since 1970 on the store's clock. Never decreases within a shard. */
  arrivedAtMs(index: number): number {
    return this.block.timesMs[this.row(index)] as number
  }

  partitionKey(index: number): string {
    const at = this.row(index) * Column.stride
    const { bytes, columns } = this.block
    this.buffer ??= Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const start = columns[at + Column.keyAt] as number
    return this.buffer.toString('utf8', start, start + (columns[at + Column.keyBytes] as number))
  }

  /** The hash key that the producer gave, decimal; `undefined` if the partition key routed the record. */
  explicitHashKey(index: number): string | undefined {
    const at = this.block.columns[this.row(index) * Column.stride + Column.hashKeyAt] as number
    return at === noHashKey ? undefined : readHashKey(this.block.bytes, at)
  }

  /** The payload as it is stored: a view of the page, not a copy. */
  bytes(index: number): Uint8Array {
    const at = this.row(index) * Column.stride
    const { bytes, columns } = this.block
    return new Uint8Array(
      bytes.buffer,
      bytes.byteOffset + (columns[at + Column.dataAt] as number),
      columns[at + Column.dataBytes] as number,
    )
  }

  /** Length of the payload as it is stored, bytes. */
  byteLength(index: number): number {
    return this.block.columns[this.row(index) * Column.stride + Column.dataBytes] as number
  }

  /**
   * The payload, decoded by the stream's codec each time it is asked for.
   *
   * @throws `ERR_MILLRACE_CODEC` if the stored bytes are nothing that the codec can decode
   */
  data(index: number): T {
    return decodeWith(this.codec, this.bytes(index), this, index)
  }

  record(index: number): StoredRecord<T> {
    this.row(index)
    return new StoredRecord(this, index)
  }

  *[Symbol.iterator](): Generator<StoredRecord<T>, void, undefined> {
    for (let index = 0; index < this.length; index++) yield new StoredRecord(this, index)
  }

  /** The record's place in the block. */
  private row(index: number): number {
    if (index >= 0 && index < this.length && Number.isInteger(index)) return this.from + index
    throw invalidArgument('index', index, `an integer from 0 to ${this.length - 1}`)
  }
}
