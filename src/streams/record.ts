import { showAsJson } from './show-as-json.ts'
import type { SequenceNumber } from './sequence-number.ts'

/** Where a record object finds what it shows. Indices are the source's own. */
export interface RecordSource<T> {
  readonly shardId: string
  /** What it showed is gone. */
  readonly released: boolean
  sequenceNumber(index: number): SequenceNumber
  arrivedAtMs(index: number): number
  partitionKey(index: number): string
  explicitHashKey(index: number): string | undefined
  encryptionType(index: number): 'NONE' | 'KMS'
  bytes(index: number): Uint8Array
  data(index: number): T
}

/**
 * A record as it was stored. Everything is made when it is looked at: a reader that wants only the data pays only
 * for the data. Stays valid for ever, and keeps its whole page of records in memory as long as it is kept; in a read
 * with `lease` it is valid as long as its batch. One that `get` or `getSync` answered keeps
 * the records that were got right before and after it: 64 KiB at most, or itself.
 */
export class StoredRecord<T = Uint8Array> {
  private readonly source: RecordSource<T>
  private readonly index: number
  private decoded: { readonly value: T } | undefined = undefined

  static {
    showAsJson(this.prototype)
  }

  /** Readers make records. */
  constructor(source: RecordSource<T>, index: number) {
    this.source = source
    this.index = index
  }

  /** The shard that holds the record, such as `shardId-000000000002`. */
  get shardId(): string {
    return this.source.shardId
  }

  /** Position in the shard: resume with `{ from: 'sequence', sequence }`. */
  get sequenceNumber(): SequenceNumber {
    return this.source.sequenceNumber(this.index)
  }

  /** Arrival, milliseconds since 1970 on the store's clock. Never decreases within a shard. */
  get arrivedAtMs(): number {
    return this.source.arrivedAtMs(this.index)
  }

  /** Empty for a record that was put without one, which the distribution AUTO allows. */
  get partitionKey(): string {
    return this.source.partitionKey(this.index)
  }

  /** The hash key that the producer gave to route the record, decimal; `undefined` if its partition key did. */
  get explicitHashKey(): string | undefined {
    return this.source.explicitHashKey(this.index)
  }

  /** `KMS` for a record that was put while the stream said so; its bytes are not enciphered. */
  get encryptionType(): 'NONE' | 'KMS' {
    return this.source.encryptionType(this.index)
  }

  /**
   * The payload, decoded by the stream's codec once.
   *
   * @throws `ERR_MILLRACE_CODEC` if the stored bytes are nothing that the codec can decode
   */
  get data(): T {
    // A batch that was released says so.
    if (this.decoded === undefined || this.source.released)
      this.decoded = { value: this.source.data(this.index) }
    return this.decoded.value
  }

  /** The payload as it is stored: a view of the page, not a copy. */
  get bytes(): Uint8Array {
    return this.source.bytes(this.index)
  }

  /** What `JSON.stringify` and `console.log` show. */
  toJSON(): Record<string, unknown> {
    const { shardId, sequenceNumber, arrivedAtMs, partitionKey, explicitHashKey, data } = this
    const routed = explicitHashKey === undefined ? {} : { explicitHashKey }
    return { shardId, sequenceNumber, arrivedAtMs, partitionKey, ...routed, data }
  }
}
