import { MillraceError } from '../errors.ts'
import type { BatchShard } from './record-batch.ts'
import type { SequenceNumber } from './sequence-number.ts'
import { showAsJson } from './show-as-json.ts'

/** Options of `append` and `put`. */
export interface PutOptions {
  /**
   * Routes the record by this number instead of the MD5 of its partition key, which is still stored: a decimal
   * string from 0 to 2^128 - 1.
   */
  readonly explicitHashKey?: string | undefined
}

/** One record of `putBatch`. */
export interface PutEntry<T = Uint8Array> extends PutOptions {
  /** 1 to 256 Unicode characters. Records of one key go to one shard and keep their order. */
  readonly partitionKey: string
  /** The payload, as the stream's codec takes it. */
  readonly data: T
}

/** One record without a partition key, for streams with the distribution AUTO, which ignores keys. */
export interface KeylessEntry<T = Uint8Array> extends PutOptions {
  readonly partitionKey?: undefined
  /** The payload, as the stream's codec takes it. */
  readonly data: T
}

/** Keys of `PutOptions`. */
export const putOptionKeys: readonly string[] = ['explicitHashKey']
/** Keys of `PutEntry`. */
export const putEntryKeys: readonly string[] = ['partitionKey', 'data', ...putOptionKeys]

/** Where a record was stored. The sequence number is made when somebody looks at it. */
export class Stored {
  private readonly shard: BatchShard
  private readonly offset: number
  /** Arrival as it is stored, milliseconds since 1970 on the store's clock. */
  readonly arrivedAtMs: number
  /**
   * The record has already reached the disk (or its replicas). `false` where the store's durability promises
   * less, `flush()` makes up for it.
   */
  readonly durable: boolean

  static {
    showAsJson(this.prototype)
  }

  /** `append`, `put` and `putBatch` make these. */
  constructor(shard: BatchShard, offset: number, arrivedAtMs: number, durable: boolean) {
    this.shard = shard
    this.offset = offset
    this.arrivedAtMs = arrivedAtMs
    this.durable = durable
  }

  /** Tells a stored record from a refused one in the results of `putBatch`. */
  get ok(): true {
    return true
  }

  /** Such as `shardId-000000000002`. */
  get shardId(): string {
    return this.shard.id
  }

  get sequenceNumber(): SequenceNumber {
    return this.shard.sequence.at(this.offset, this.arrivedAtMs)
  }

  /** What `JSON.stringify` and `console.log` show. */
  toJSON(): Record<string, unknown> {
    const { ok, shardId, sequenceNumber, arrivedAtMs, durable } = this
    return { ok, shardId, sequenceNumber, arrivedAtMs, durable }
  }
}

/** A record of `putBatch` that was refused at run time. */
export interface NotStored {
  readonly ok: false
  /**
   * Why: `ERR_MILLRACE_NO_SPACE`, `ERR_MILLRACE_SHARD_SEALED`, `ERR_MILLRACE_BACKLOG`, `ERR_MILLRACE_POISONED`,
   * `ERR_MILLRACE_IO`, `ERR_MILLRACE_CORRUPT`, `ERR_MILLRACE_CLOSED`; or `ERR_MILLRACE_UNKNOWN_OUTCOME`, the one
   * case in which the record may have been stored.
   */
  readonly error: MillraceError
}

/** Result of one entry of `putBatch`: `if (result.ok)` tells. */
export type PutResult = Stored | NotStored

/** Names the entry that a fault of validation belongs to. */
export function atEntry(error: unknown, entry: number): unknown {
  if (!(error instanceof MillraceError)) return error
  const inner = error.details['field']
  const field = typeof inner === 'string' ? `entries[${entry}].${inner}` : `entries[${entry}]`
  return new MillraceError(error.code, `entries[${entry}]: ${error.message}`, {
    cause: error.cause ?? error,
    details: { ...error.details, field, entry },
  })
}
