import { Column, noHashKey } from '../log/log.ts'
import type { ReadBlock } from '../log/read-block.ts'
import { type Codec, decodeWith } from './codec.ts'
import { readHashKey } from './hash-key.ts'
import type { BatchShard } from './record-batch.ts'
import type { RecordSource } from './record.ts'
import type { SequenceNumber } from './sequence-number.ts'

/** One record by itself, with a copy of what it needs: nothing else stays in memory with it. */
export class FoundRecord<T> implements RecordSource<T> {
  private readonly shard: BatchShard
  private readonly codec: Codec<T>
  private readonly offset: number
  private readonly timeMs: number
  /** The record's key, payload and hash key, `keyAt` and the like being positions in it. */
  private readonly memory: Buffer
  private readonly keyAt: number
  private readonly keyBytes: number
  private readonly dataAt: number
  private readonly dataBytes: number
  private readonly hashKeyAt: number

  /** Copies the first record of `block`. */
  constructor(shard: BatchShard, block: ReadBlock, codec: Codec<T>) {
    const { columns } = block
    this.shard = shard
    this.codec = codec
    this.offset = block.offsets[0] as number
    this.timeMs = block.timesMs[0] as number
    this.keyAt = columns[Column.keyAt] as number
    this.keyBytes = columns[Column.keyBytes] as number
    this.dataAt = columns[Column.dataAt] as number
    this.dataBytes = columns[Column.dataBytes] as number
    this.hashKeyAt = columns[Column.hashKeyAt] as number
    const end = Math.max(
      this.keyAt + this.keyBytes,
      this.dataAt + this.dataBytes,
      this.hashKeyAt === noHashKey ? 0 : this.hashKeyAt + 16,
    )
    this.memory = Buffer.allocUnsafe(end)
    this.memory.set(block.bytes.length === end ? block.bytes : block.bytes.subarray(0, end))
  }

  get released(): false {
    return false
  }

  get shardId(): string {
    return this.shard.id
  }

  sequenceNumber(): SequenceNumber {
    return this.shard.sequence.at(this.offset, this.timeMs)
  }

  arrivedAtMs(): number {
    return this.timeMs
  }

  partitionKey(): string {
    return this.memory.toString('utf8', this.keyAt, this.keyAt + this.keyBytes)
  }

  explicitHashKey(): string | undefined {
    return this.hashKeyAt === noHashKey ? undefined : readHashKey(this.memory, this.hashKeyAt)
  }

  bytes(): Uint8Array {
    return new Uint8Array(this.memory.buffer, this.memory.byteOffset + this.dataAt, this.dataBytes)
  }

  data(): T {
    return decodeWith(this.codec, this.bytes(), this, 0)
  }
}
