import { invalidArgument, MillraceError } from '../errors.ts'
import { Column, noHashKey } from '../log/log.ts'
import type { ReadBlock } from '../log/read-block.ts'
import { BatchLease, type LeaseWatch } from './batch-lease.ts'
import { type Codec, decodeWith } from './codec.ts'
import { encryptionIn } from './encryption.ts'
import { readHashKey } from './hash-key.ts'
import type { PageHold } from './page-hold.ts'
import { StoredRecord } from './record.ts'
import type { SequenceNumber, SequenceNumbers } from './sequence-number.ts'

/** What a batch must know about its shard. */
export interface BatchShard {
  readonly id: string
  readonly sequence: SequenceNumbers
}

/** What a batch of a leasing read must know: who holds it, and who notices forgotten leases. */
export interface Lending {
  readonly hold: PageHold
  readonly watch: LeaseWatch
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
  /** The memory of `block.bytes`, and where it begins: asking an array for them costs more than a view. */
  private readonly memory: ArrayBufferLike
  private readonly start: number
  private readonly lending: Lending | undefined
  private buffer: Buffer | undefined = undefined
  /**
   * Whether its bytes are those of the stored segment, not a copy. Only in a read with `lease`, and not everywhere:
   * the segment that is still written to is copied, and so is everything in memory and in Electron.
   */
  readonly leased: boolean

  /** Readers make batches: the `length` records of `block` from `from` on. Nobody may write to the block again. */
  constructor(
    shard: BatchShard,
    block: ReadBlock,
    from: number,
    length: number,
    codec: Codec<T>,
    lending?: Lending,
  ) {
    this.shardId = shard.id
    this.length = length
    this.shard = shard
    this.block = block
    this.from = from
    this.codec = codec
    this.memory = block.bytes.buffer
    this.start = block.bytes.byteOffset
    this.lending = lending
    this.leased = block.lease !== undefined
  }

  /** Its records can no longer be used: those of a read with `lease`, once the next batch was asked for. */
  get released(): boolean {
    return this.lending !== undefined && this.lending.hold.released
  }

  /**
   * Keeps the records valid beyond the next batch, until the lease is released. For reads with `lease`.
   *
   * @throws `ERR_MILLRACE_UNSUPPORTED` for a batch of another read; `ERR_MILLRACE_RELEASED` when it is too late
   */
  lease(): BatchLease {
    if (this.lending === undefined) {
      throw new MillraceError(
        'ERR_MILLRACE_UNSUPPORTED',
        'only batches of a read with lease: true are leased',
      )
    }
    this.requireHeld()
    return new BatchLease(this.lending.hold, this.lending.watch, this.shardId)
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

  /** `KMS` for a record that was put while the stream said so; its bytes are not enciphered. */
  encryptionType(index: number): 'NONE' | 'KMS' {
    return encryptionIn(this.block.columns[this.row(index) * Column.stride + Column.flags] as number)
  }

  /** The payload as it is stored: a view of the page, not a copy. */
  bytes(index: number): Uint8Array {
    const at = this.row(index) * Column.stride
    const { columns } = this.block
    return new Uint8Array(
      this.memory,
      this.start + (columns[at + Column.dataAt] as number),
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

  private requireHeld(): void {
    if (!this.released) return
    throw new MillraceError(
      'ERR_MILLRACE_RELEASED',
      `these records of ${this.shardId} were released; to keep a batch beyond the next one, lease() it`,
      { details: { shardId: this.shardId } },
    )
  }

  /** The record's place in the block. */
  private row(index: number): number {
    this.requireHeld()
    if (index >= 0 && index < this.length && Number.isInteger(index)) return this.from + index
    throw invalidArgument('index', index, `an integer from 0 to ${this.length - 1}`)
  }
}
