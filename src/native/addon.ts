import type { Buckets } from '../log/buckets.ts'
import type { SyncStats } from '../log/sync-stats.ts'
import type { FolderRepair, LogRepair } from '../repair-report.ts'
import type { FolderReport } from '../store-report.ts'

/**
 * The native addon as TypeScript sees it: the table of `native/binding/addon.cc`. Nothing else describes it.
 *
 * Arguments are checked on this side. The addon refuses what it cannot use with `ERR_MILLRACE_INVALID_ARGUMENT`
 * rather than converting it, and a failure of the engine is thrown as a `NativeFailure`: callers translate
 * both with `fromNative` (failure.ts).
 */
export interface NativeAddon {
  /** Equals `interfaceVersion` below, or the binary was built from other sources. */
  readonly interfaceVersion: number
  /** Key and payload of one record together, bytes. */
  readonly recordBytesMax: number
  /**
   * Opens the store in a folder, which is created when missing. Without `sync` nothing is ever synced.
   *
   * The other arguments come together and make `append` and `seal` of its logs wait for the disk: then
   * `appendTogether` and `sealLater` take their place. A checkpoint follows `checkpointMs` after a record, or
   * once half of `backlogBytes` wait for it; more than those are refused with `Refusal.busy`.
   *
   * Each environment of a process may open a folder once, all with the same arguments; they share the engine.
   *
   * @param joined called once, when another environment has it open, too
   * @param syncCommits what was appended is durable
   * @param showCommitted readers see it even before
   */
  openFolder(
    path: string,
    sync: boolean,
    syncCommits?: boolean,
    showCommitted?: boolean,
    checkpointMs?: number,
    backlogBytes?: number,
    joined?: () => void,
  ): Promise<NativeEngine>
  /** A store that is gone when its engine is. It begins with what the image says, and never changes that. */
  openMemory(image?: NativeMemoryImage): NativeEngine
  /** A store that exists, only to be read: takes no lock, changes nothing; somebody may be writing it. */
  openReader(path: string): Promise<NativeStoreReader>
  /** What the files of a store say of themselves; no record is read. Takes no lock, changes nothing. */
  inspectFolder(path: string): Promise<FolderReport>
  /**
   * The same, with every byte checked, on a thread of its own. `onProgress` learns now and then how many bytes are
   * done, and of how many; it must not throw.
   */
  verifyFolder(
    path: string,
    onProgress: ((done: number, total: number) => void) | undefined,
  ): NativeScan<FolderReport>
  /**
   * Repairs what is damaged in a store that nobody writes, on a thread of its own; with `dryRun` it only says what it
   * would do. The metadata is refused rather than repaired with a loss, unless all of that lies before
   * `metadataBegin`, which is 0 for none.
   */
  repairFolder(
    path: string,
    dryRun: boolean,
    metadataBegin: number,
    onProgress: ((done: number, total: number) => void) | undefined,
  ): NativeScan<NativeRepair>
  /**
   * Records of a store's metadata, in order, from `from` or the first one on: at least one, and no more once they
   * hold `maxBytes`. Takes no lock, changes nothing, ends where the metadata is damaged at or behind `from`.
   */
  readMetadata(path: string, from: number, maxBytes: number): Promise<NativeMetaRecords>
  /** Ranges of hash keys: 16 bytes each (big-endian), where they begin; ascending, the first is 0. */
  createRouter(starts: Uint8Array): NativeRouter
  /**
   * Over ranges that begin as those of `createRouter`.
   *
   * @param answer offset and arrival of the record that was appended last; two numbers in a `SharedArrayBuffer`
   */
  createDirectAppender(starts: Uint8Array, answer: Float64Array): NativeDirectAppender
}

/** The version of the boundary that this file describes. */
export const interfaceVersion = 16

/** A check of every byte, under way. */
export interface NativeScan<Report> {
  /** Not the whole of it when a check was stopped; a repair that was stopped rejects. */
  readonly report: Promise<Report>
  /** Ends the scan soon. */
  stop(): void
}

/** A failure as the addon tells it in a report. */
type Told<Part extends LogRepair> = Omit<Part, 'refusal'> & { readonly refusal: NativeFailure | null }

/** A repair's report; failures in it are the addon's own. */
export interface NativeRepair extends Omit<FolderRepair, 'store' | 'logs'> {
  readonly store: Told<LogRepair>
  readonly logs: readonly Told<LogRepair>[]
}

/** A page of metadata records. */
export interface NativeMetaRecords {
  /** The records' payloads, one behind the other, and where each ends. */
  readonly payloads: Uint8Array
  readonly ends: Float64Array
  readonly offsets: Float64Array
  /** Where the next page begins. */
  readonly next: number
  /** Nothing readable follows. */
  readonly atEnd: boolean
}

/** An open store. Every call after `close()` throws. */
export interface NativeEngine {
  /** A new log's name: 32 hexadecimal digits. Nothing is created on disk. */
  newIdentity(shard: number): string
  openLog(id: string, shard: number): NativeShardLog
  openMeta(): NativeShardLog
  /**
   * Appends batches to several logs on a helper thread, which waits for the disk once for all of them. Nine values
   * a batch: the log, and the arguments of its `append`, whose arrays must be left alone meanwhile. Answers what
   * each `append` answers, or the failure that it throws.
   */
  appendTogether(parts: readonly unknown[]): Promise<readonly (number | NativeFailure)[]>
  /** Removes a log; one that another environment has open, as soon as it is closed. */
  drop(id: string, shard: number): void
  /** Removes the logs that are neither listed nor open. */
  sweep(ids: readonly string[]): void
  /** What a store in memory holds now, all of it at one moment; a folder throws. */
  image(): NativeMemoryImage
  /** Syncs of the store's files and folders, whichever environment they were for. */
  syncStats(): SyncStats
  /** Whether another environment has it open, too; once so, for good. */
  isShared(): boolean
  /** The right to write metadata, of one environment at a time. False: another one has it; try again later. */
  takeTurn(): boolean
  giveTurn(): void
  /**
   * The duty to do what is to be done once for all environments. Whoever takes it keeps it, until it is given back, the engine
   * is closed or the environment ends. False: another one has it; try again later.
   */
  takeDuty(): boolean
  giveDuty(): void
  /**
   * Buckets, good for longer than their engine, that all environments which have the engine open count in, by name: new ones are full. At most 16 of a name.
   *
   * @param name at most 4,096 bytes of UTF-8
   * @param rates two numbers a bucket, from 1 to 2^42: tokens in a second, tokens at most
   */
  openBuckets(name: string, rates: Float64Array, nowMs: number): Buckets
  /** After all logs are closed. */
  close(): Promise<void>
}

declare const isImage: unique symbol

/** For `openMemory`, any number of times. Takes memory until it is collected. */
export interface NativeMemoryImage {
  readonly [isImage]: true
}

/** A store that is only read. Every call after `close()` throws. */
export interface NativeStoreReader {
  openLog(id: string, shard: number): NativeLogFollower
  openMeta(): NativeLogFollower
  close(): Promise<void>
}

/** The part of a log that reads. */
export interface NativeLogReading {
  /**
   * How many records were read, `Refusal.trimmed`, or `growBytes`: the next record takes
   * `header[PageField.bytesNeeded]` bytes. `header` holds `PageField.count` numbers.
   */
  read(
    from: number,
    maxBytes: number,
    maxRecords: number,
    bytes: Uint8Array,
    columns: Uint32Array,
    offsets: Float64Array,
    timesMs: Float64Array,
    header: Float64Array,
  ): number
  /** `read` that never waits for the disk: where it would have to, it answers `coldPages`, and `load` helps. */
  readResident(
    from: number,
    maxBytes: number,
    maxRecords: number,
    bytes: Uint8Array,
    columns: Uint32Array,
    offsets: Float64Array,
    timesMs: Float64Array,
    header: Float64Array,
  ): number
  /**
   * The finished segment that holds `from`, or would; `null` where there is none: in the segment that is still
   * written, in memory, and where the runtime forbids external buffers. Each call maps it anew.
   */
  lease(from: number): NativeLease | null
  /**
   * As `read`, of the records of a leased segment, where they are: positions in `columns` count from the start of
   * its buffer. A page of 0 records that is not at the tail: go on at `next`. Throws where `read` is to be asked.
   */
  readLeased(
    from: number,
    maxBytes: number,
    maxRecords: number,
    lease: NativeLease,
    columns: Uint32Array,
    offsets: Float64Array,
    timesMs: Float64Array,
    header: Float64Array,
  ): number
  /**
   * Brings what the last `readResident` lacked into memory, on a helper thread. Resolves when that read may be made
   * again; what cannot be read, it will tell.
   */
  load(): Promise<void>
  /**
   * Reads the record with exactly this offset to `memory`, from byte `at` on (a multiple of 8), as `RecordField` says
   * (src/log/record-slab.ts). Answers where it ends; 0 if there is none; `growBytes`: it takes so many bytes behind
   * what lies in front of it as the double at `at` says; and, unless it may wait for the disk, `coldPages`.
   */
  readRecord(offset: number, memory: ArrayBuffer, at: number, mayWait: boolean): number
  seek(timeMs: number): number
  /** Fills nine numbers in the order of `LogStats`; the last is 1 when the log is sealed. */
  stats(out: Float64Array): void
}

/** A log that is only read; somebody else may be writing it. Every call after `close()` throws. */
export interface NativeLogFollower extends NativeLogReading {
  /**
   * Calls `grown` once, when there is more than the last `read` of this log saw; it must not throw. False when that is
   * so already: then it will not be called. A second call replaces the first. Until then the event loop is kept alive
   * if `holdsLoop`.
   */
  watch(grown: () => void, holdsLoop: boolean): boolean
  unwatch(): void
  close(): void
}

/** One log. Every call after `close()` throws. */
export interface NativeShardLog extends NativeLogReading {
  /** How many records were stored, or a `Refusal`. */
  append(
    bytes: Uint8Array,
    columns: Uint32Array,
    order: Uint32Array,
    from: number,
    count: number,
    timeMs: number,
    offsets: Float64Array,
    timesMs: Float64Array,
  ): number
  trim(before: number): void
  seal(timeMs: number): number
  /** `seal` on a helper thread. */
  sealLater(timeMs: number): Promise<number>
  /**
   * Calls `grown` once, when there is more than the last `read` saw, whoever wrote it. False when that is so
   * already: then it will not be called. Until then the event loop is kept alive if `holdsLoop`.
   */
  watch(grown: () => void, holdsLoop: boolean): boolean
  unwatch(): void
  flush(): Promise<void>
  close(): Promise<void>
}

/** A finished segment, mapped copy-on-write. After `release()` there is no buffer any more. */
export interface NativeLease {
  /** Its first offset, and that of the segment behind it. */
  first(): number
  next(): number
  /** The segment's bytes. What is stored there changes nothing but this buffer. */
  buffer(): ArrayBuffer
  /** Detaches the buffer; the mapping goes soon after. */
  release(): void
}

/** Chooses a shard for each record of a batch: `Router` of the contract. */
export interface NativeRouter {
  route(bytes: Uint8Array, columns: Uint32Array, count: number, shardOf: Uint32Array): void
}

/** Stores single records: `DirectAppender` of the contract. Of logs whose appends do not wait for the disk. */
export interface NativeDirectAppender {
  /** Holds the log for as long as it lives itself. */
  serve(range: number, log: NativeShardLog): void
  /** The range that the record went to; a `Refusal`; or `elsewhere`. Takes any value for the first two. */
  append(partitionKey: unknown, data: unknown, timeMs: number, recordBytesMax: number): number
}

/** Answer of `NativeShardLog.read`: the next record does not fit `bytes`. Not a count and not a `Refusal`. */
export const growBytes = -100

/** Answer of `NativeShardLog.readResident`: pages are not in memory. Not a count and not a `Refusal`. */
export const coldPages = -101

/** Answer of `NativeDirectAppender.append`: nothing was done, the record takes the long way. No `Refusal`. */
export const elsewhere = -102

/** Places in the `header` of `NativeShardLog.read`. */
export const PageField = {
  next: 0,
  first: 1,
  tail: 2,
  /** 1 or 0. */
  atTail: 3,
  /** 1 or 0. */
  ended: 4,
  /** Set only with `growBytes`. */
  bytesNeeded: 5,
  count: 6,
} as const

/** What the addon throws, and rejects with, when the engine fails. */
export interface NativeFailure extends Error {
  /** One of `errorCodes` (errors.ts), spelt the same. */
  readonly code: string
  /** The failed system call's errno; 0 when none failed. */
  readonly errno: number
  /** What the code says more: bytes for a record that is too large, the first offset for a trimmed one; or 0. */
  readonly detail: number
}
