import { Column, noHashKey } from '../log/log.ts'
import { RecordField, type RecordSlab } from '../log/record-slab.ts'
import { type Codec, decodeWith } from './codec.ts'
import { encryptionIn } from './encryption.ts'
import { readHashKey } from './hash-key.ts'
import type { BatchShard } from './record-batch.ts'
import type { RecordSource } from './record.ts'
import type { SequenceNumber } from './sequence-number.ts'

/** One record by itself, in memory that only records share which were found at about the same time. */
export class FoundRecord<T> implements RecordSource<T> {
  private readonly shard: BatchShard
  private readonly offset: number
  private readonly slab: RecordSlab
  /** Where the record begins in the slab. */
  private readonly at: number
  private readonly codec: Codec<T>

  constructor(shard: BatchShard, offset: number, slab: RecordSlab, at: number, codec: Codec<T>) {
    this.shard = shard
    this.offset = offset
    this.slab = slab
    this.at = at
    this.codec = codec
  }

  get released(): false {
    return false
  }

  get shardId(): string {
    return this.shard.id
  }

  sequenceNumber(): SequenceNumber {
    return this.shard.sequence.at(this.offset, this.arrivedAtMs())
  }

  arrivedAtMs(): number {
    return this.slab.doubles[(this.at + RecordField.timeMs) >>> 3] as number
  }

  partitionKey(): string {
    const keyAt = this.word(Column.keyAt)
    return this.slab.buffer.toString('utf8', keyAt, keyAt + this.word(Column.keyBytes))
  }

  explicitHashKey(): string | undefined {
    const hashKeyAt = this.word(Column.hashKeyAt)
    return hashKeyAt === noHashKey ? undefined : readHashKey(this.slab.buffer, hashKeyAt)
  }

  encryptionType(): 'NONE' | 'KMS' {
    return encryptionIn(this.word(Column.flags))
  }

  bytes(): Uint8Array {
    return new Uint8Array(this.slab.memory, this.word(Column.dataAt), this.word(Column.dataBytes))
  }

  data(): T {
    return decodeWith(this.codec, this.bytes(), this, 0)
  }

  private word(column: number): number {
    return this.slab.words[((this.at + RecordField.columns) >>> 2) + column] as number
  }
}
