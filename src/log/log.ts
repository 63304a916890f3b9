/**
 * The contract of one ordered log and of the engine that keeps many of them.
 *
 * Everything above (streams, iterators, limits, retention, metadata) is written against this file and
 * never sees an implementation. Methods answer `Maybe<T>`: an embedded engine answers directly, a remote
 * one with a promise. Expected refusals are negative numbers; only the unexpected (I/O errors,
 * corruption, misuse) throws a `MillraceError`. No object, BigInt or promise per record.
 */
import type { BucketTable } from './buckets.ts'
import type { ReadBlock } from './read-block.ts'
import type { RecordSlab } from './record-slab.ts'
import type { SyncStats } from './sync-stats.ts'

/** A value now, or a promise of it. Hot loops test `typeof`, everyone else awaits. */
export type Maybe<T> = T | Promise<T>

/** A record's place in its log: starts at 1, grows strictly, gaps are allowed, below 2^53. */
export type Offset = number

/** Answers of `append` and `read` that are not a count. All are below zero. */
export const Refusal = {
  /** The log has ended (shard end); nothing may follow. */
  sealed: -1,
  /** No space left on the device. Nothing of the refused records was written. */
  full: -2,
  /** Too many bytes wait for the disk: `flush()`, then try again. */
  busy: -3,
  /** The answer was lost; the records may have landed. Never resend blindly. */
  unknown: -4,
  /** `read` was asked for an offset before the first record; `ReadBlock.first` says where to go on. */
  trimmed: -5,
} as const

/** Words of one record in `AppendBatch.columns` and `ReadBlock.columns`. */
export const Column = {
  /** Where the partition key's UTF-8 bytes start in `bytes`. */
  keyAt: 0,
  keyBytes: 1,
  /** Where the payload starts in `bytes`. */
  dataAt: 2,
  dataBytes: 3,
  /** Where 16 bytes of explicit hash key (big-endian) start in `bytes`, or `noHashKey`. */
  hashKeyAt: 4,
  /** `RecordFlag` bits. */
  flags: 5,
  /** Words a record. */
  stride: 6,
} as const

/** Value of `Column.hashKeyAt` for a record that is routed by its partition key. */
export const noHashKey = 0xffff_ffff

/** Bits of `Column.flags`, stored with the record. */
export const RecordFlag = { compressed: 2, kms: 4 } as const

/**
 * Records on their way into one or more logs: packed once, reused. The batch may hold records of several
 * logs; `order[from .. from + count)` lists those that the called log takes, in order.
 */
export interface AppendBatch {
  readonly bytes: Uint8Array
  readonly columns: Uint32Array
  /** Indices of records. */
  readonly order: Uint32Array
  /** First entry of `order` for the called log. */
  readonly from: number
  /** Entries of `order` for the called log. */
  readonly count: number
  /** Arrival time, integer milliseconds since 1970. The log clamps it so that it never goes back. */
  readonly timeMs: number
}

/** Where `append` writes its answers: one slot per record of the batch, at the record's own index. */
export interface Appended {
  readonly offsets: Float64Array
  readonly timesMs: Float64Array
}

/** What a log holds. */
export interface LogStats {
  /** Offset of the first readable record; equals `next` when empty. */
  readonly first: Offset
  /** The offset after the last record: where the next record may go at the earliest. */
  readonly next: Offset
  /** Every record below this offset survives power loss. */
  readonly durable: Offset
  /** Bytes of the stored records with their frames. */
  readonly bytes: number
  /** Bytes that the log's files occupy at most; 0 for a log that has no files yet. */
  readonly fileBytes: number
  readonly segments: number
  /** Arrival of the first and last record, milliseconds; 0 when empty. */
  readonly firstTimeMs: number
  readonly lastTimeMs: number
  /** No record can follow. */
  readonly sealed: boolean
}

/** One ordered log. Calls of one caller keep their order. */
export interface ShardLog {
  /**
   * Appends the selected records. Answers how many of them, from the first on, are stored and readable;
   * fewer than `batch.count` when the log had to stop in between (ask again to learn why), or a `Refusal`.
   */
  append(batch: AppendBatch, out: Appended): Maybe<number>
  /**
   * Fills `into` with records at or after `from`: at most `maxRecords` and `into.recordCapacity`, and at most
   * `maxBytes` of keys and payloads but always at least one record if there is one. Answers their count (0 at
   * the tail) or `Refusal.trimmed`, then with a count of 0. Sets every field of `into` but replaces its bytes
   * only to make room.
   */
  read(from: Offset, maxBytes: number, maxRecords: number, into: ReadBlock): Maybe<number>
  /**
   * As `read`, but leaves the records where they are: `into.lease` is what `into.bytes` is a view of, until
   * `into.giveBack()`. `undefined` where that cannot be: `read` can. Engines without such a thing leave it out.
   */
  readInPlace?(from: Offset, maxBytes: number, maxRecords: number, into: ReadBlock): Maybe<number | undefined>
  /**
   * Reads the record with exactly this offset behind what `into` keeps, within the call: into `into.memory` from
   * `into.at` on, as `RecordField` says. Answers where it ends there, more than 0, or a `RecordAnswer`. Waits for the
   * disk only if it may. Engines that cannot answer within the call leave it out; `caps.readsWithinCall` says so.
   */
  readRecord?(offset: Offset, into: RecordSlab, mayWait: boolean): number
  /** The first record that arrived at or after `timeMs`; the tail's offset if there is none. */
  seek(timeMs: number): Maybe<Offset>
  /**
   * Waits until a record at or after `from` is readable or the log is sealed: true; false after `ms`
   * (`Infinity` waits for ever). Rejects with the signal's reason when aborted. Costs nothing meanwhile.
   */
  wait(from: Offset, ms: number, signal?: AbortSignal): Maybe<boolean>
  /**
   * Ends every `wait` that was made through this object with true, for whoever knows otherwise that the log has ended:
   * where other threads seal, a wait that begins in that very moment may miss it. Engines that miss nothing leave it out.
   */
  look?(): void
  /**
   * Hides records before this offset at once and for good; frees the space of whole segments later. An offset
   * past the tail counts as the tail: records that come later are not hidden.
   */
  trim(before: Offset): Maybe<void>
  /** Ends the log: appends a shard-end mark and answers its offset. Again: the same offset. */
  seal(): Maybe<Offset>
  /** After it, every record appended before the call survives power loss. */
  flush(): Maybe<void>
  stats(): Maybe<LogStats>
  /** Idempotent; later calls throw `ERR_MILLRACE_CLOSED`, pending waits reject with it. */
  close(): Maybe<void>
}

/** What an engine can do. */
export interface LogCaps {
  /** Key and payload of one record together, bytes. `append` throws `ERR_MILLRACE_RECORD_TOO_LARGE` above. */
  readonly maxRecordBytes: number
  /** Records stored by one `append`. */
  readonly maxBatchRecords: number
  /** True when `append` answers directly, so that a synchronous `append()` can keep its promise. */
  readonly synchronous: boolean
  /** True when logs have `readRecord`, and are opened within the call unless they are just being closed. */
  readonly readsWithinCall: boolean
  /** What an appended record survives before `flush`. */
  readonly durability: 'memory' | 'process' | 'synced' | 'replicated'
  /** Nothing can be written: every method that would throws `ERR_MILLRACE_READ_ONLY`. */
  readonly readOnly?: true
}

/** The engine's own name of a log, kept in the metadata: plain data. */
export type Slot = Readonly<Record<string, string | number>> & { readonly kind: string }

/** Chooses a shard for each record of a batch. */
export interface Router {
  /**
   * Writes into `shardOf[i]`, for each record i below `count`, the index of the range that holds its
   * explicit hash key, or else the MD5 of its partition key (big-endian, 128 bits).
   */
  route(batch: Pick<AppendBatch, 'bytes' | 'columns'>, count: number, shardOf: Uint32Array): void
}

/**
 * The short way for single records: routed and stored by one call, from the caller's own bytes. It takes what is
 * usual and leaves the rest: then nothing was done, and the record goes by `Router` and `ShardLog.append`.
 */
export interface DirectAppender {
  /** Offset and arrival of the record that was stored last. */
  readonly offset: Offset
  readonly timeMs: number
  /** From now on records of this range go to `log`, until it is closed. A range without a log is left. */
  serve(range: number, log: ShardLog): void
  /**
   * Stores a record as `ShardLog.append` does. Answers its range; a `Refusal` but `unknown`; or `undefined`, having
   * left it: an unusual or invalid partition key, data that is large, empty, or no bytes, a key and data that are
   * longer than `recordBytesMax` together, a range without a log.
   *
   * @param timeMs as `AppendBatch.timeMs`
   */
  append(partitionKey: unknown, data: Uint8Array, recordBytesMax: number, timeMs: number): number | undefined
}

/** Keeps many logs. */
export interface LogEngine {
  readonly caps: LogCaps
  /**
   * Buckets that all who have the store open in this process share, for as long as one of them has. Engines that nobody
   * shares leave it out.
   */
  readonly buckets?: BucketTable
  /**
   * Names `shards` new logs of a stream. Nothing exists on disk before their first record.
   *
   * @param firstIndex of the shards in their stream, for whoever looks at the files @defaultValue 0
   */
  create(stream: string, shards: number, retentionMs: number, firstIndex?: number): Maybe<readonly Slot[]>
  /** Opens a log; of each slot at most one is open at a time (again: `ERR_MILLRACE_INVALID_ARGUMENT`). */
  open(slot: Slot): Maybe<ShardLog>
  /** The log of the metadata; there is one. Same rules as `open`. */
  openMeta(): Maybe<ShardLog>
  setRetention(stream: string, retentionMs: number): Maybe<void>
  /** Removes logs with all they hold. If one of them is open: `ERR_MILLRACE_INVALID_ARGUMENT`, none goes. */
  drop(stream: string, slots: readonly Slot[]): Maybe<void>
  /**
   * Removes every log that is not among `live`: what a crash left between a command and its effect. The log of
   * the metadata and open logs stay.
   */
  sweep(live: readonly Slot[]): Maybe<void>
  /**
   * Syncs since the engine was opened, opening included; of all who have the store open in this process. An engine that
   * never syncs has none.
   */
  syncStats(): Maybe<SyncStats>
  /**
   * Whether it is up to the caller to do what is to be done once for all who have the store open, such as to deliver. Whoever
   * takes this duty keeps it, until it is given back, the engine is closed or the thread ends. False: somebody else has it.
   * Engines that only one can have open leave it out.
   */
  takeDuty?(): boolean
  giveDuty?(): void
  /** A router over consecutive hash ranges: range i begins at `starts[i]`, the first at 0. */
  router(starts: readonly bigint[]): Router
  /** A short way into logs whose ranges begin as those of `router`. Engines without one leave it out. */
  directAppender?(starts: readonly bigint[]): DirectAppender | undefined
  /** Closes every open log, then the engine. Idempotent. */
  close(): Promise<void>
}
