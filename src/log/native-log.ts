import type { Clock } from '../clock.ts'
import { invalidArgument, MillraceError } from '../errors.ts'
import type { NativeShardLog } from '../native/addon.ts'
import { awaitNative, callNative, fromNative } from '../native/failure.ts'
import type { GroupAppender } from './group-appender.ts'
import {
  type AppendBatch,
  type Appended,
  type LogStats,
  type Maybe,
  type Offset,
  type ShardLog,
} from './log.ts'
import { type Kept, NativePages } from './native-pages.ts'
import type { ReadBlock } from './read-block.ts'
import type { RecordSlab } from './record-slab.ts'
import type { Sharing } from './sharing.ts'
import { TailWatch } from './tail-watch.ts'
import { Waiters } from './waiters.ts'

/** What a log may ask of the engine that opened it. */
export interface NativeLogHost {
  /** Times the waits, and the mark of a shard's end. */
  readonly clock: Clock
  readonly maxBatchRecords: number
  /** Appends in the engine's stead where that waits for the disk; otherwise the log does it itself. */
  readonly group: GroupAppender | undefined
  readonly sharing: Sharing
  /** The log is closed. */
  closed(): void
}

/**
 * A log of the embedded engine. It wakes its waiters itself, without a thread or a poll, for what it appends and
 * what a direct appender tells it of (`grown`); what other threads append, it learns by its `TailWatch`.
 */
export class NativeLog implements ShardLog {
  readonly #native: NativeShardLog
  readonly #host: NativeLogHost
  readonly #waiters: Waiters
  readonly #tail: TailWatch
  readonly #stopListening: () => void
  readonly #pages: NativePages
  readonly #kept: Kept
  #closing: Promise<void> | undefined

  /** @param kept what the log keeps: a wait for records of others keeps the event loop alive, one for metadata does not */
  constructor(native: NativeShardLog, host: NativeLogHost, kept: Kept = 'records') {
    this.#native = native
    this.#host = host
    this.#waiters = new Waiters(host.clock)
    this.#pages = new NativePages(native)
    this.#kept = kept
    this.#tail = new TailWatch(
      native,
      this.#waiters,
      // Whoever waits for what is not in memory has to look for himself.
      (from) => this.#hasMore(from) ?? true,
      kept === 'records',
    )
    this.#stopListening = host.sharing.onJoined(() => this.#tail.begin())
  }

  append(batch: AppendBatch, out: Appended): Maybe<number> {
    if (this.#host.group !== undefined) return this.#appendLater(this.#host.group, batch, out)
    const { bytes, columns, order, from, timeMs } = batch
    const { offsets, timesMs } = out
    const count = Math.min(batch.count, this.#host.maxBatchRecords)
    let appended: number
    try {
      appended = this.#native.append(bytes, columns, order, from, count, timeMs, offsets, timesMs)
    } catch (error) {
      throw fromNative(error)
    }
    if (appended <= 0) return appended
    this.#waiters.grown(offsets[order[from + appended - 1] as number] as number)
    return appended
  }

  async #appendLater(group: GroupAppender, batch: AppendBatch, out: Appended): Promise<number> {
    if (this.#closing !== undefined) throw new MillraceError('ERR_MILLRACE_CLOSED', 'the log is closed')
    const count = Math.min(batch.count, this.#host.maxBatchRecords)
    const appended = await group.append(this.#native, { ...batch, count }, out)
    if (appended > 0)
      this.#waiters.grown(out.offsets[batch.order[batch.from + appended - 1] as number] as number)
    return appended
  }

  /** For a direct appender, which stores without this object: hands it the log of the addon. */
  serveDirectly(serve: (native: NativeShardLog) => void): void {
    callNative(() => serve(this.#native))
  }

  /** A direct appender has stored records up to `last`. */
  grown(last: Offset): void {
    this.#waiters.grown(last)
  }

  read(from: Offset, maxBytes: number, maxRecords: number, into: ReadBlock): Maybe<number> {
    return this.#pages.read(from, maxBytes, maxRecords, into)
  }

  /** `read`, within the call even if that waits for the disk. */
  readNow(from: Offset, maxBytes: number, maxRecords: number, into: ReadBlock): number {
    return this.#pages.readNow(from, maxBytes, maxRecords, into)
  }

  readInPlace(from: Offset, maxBytes: number, maxRecords: number, into: ReadBlock): number | undefined {
    return this.#pages.readInPlace(from, maxBytes, maxRecords, into)
  }

  readRecord(offset: Offset, into: RecordSlab, mayWait: boolean): number {
    return this.#pages.readRecord(offset, into, mayWait)
  }

  seek(timeMs: number): Offset {
    return this.#pages.seek(timeMs)
  }

  wait(from: Offset, ms: number, signal?: AbortSignal): true | false | Promise<boolean> {
    if (Number.isNaN(ms)) throw invalidArgument('ms', ms, 'a number of milliseconds or Infinity')
    if (signal?.aborted) return Promise.reject(signal.reason)
    const more = this.#hasMore(from)
    if (more === undefined) return this.#waitLoaded(from, ms, signal)
    if (more) return true
    if (ms <= 0) return false
    const waited = this.#waiters.wait(from, ms, signal)
    return this.#host.sharing.shared ? this.#watched(waited) : waited
  }

  /** Others append, too: the addon tells of what this object does not see. */
  #watched(waited: Promise<boolean>): Promise<boolean> {
    this.#tail.begin()
    return waited.finally(() => this.#tail.rest())
  }

  look(): void {
    this.#waiters.ended()
  }

  /** Metadata is read within the call, whatever is in memory. */
  #hasMore(from: Offset): boolean | undefined {
    return this.#pages.hasMore(from, this.#kept === 'metadata')
  }

  async #waitLoaded(from: Offset, ms: number, signal: AbortSignal | undefined): Promise<boolean> {
    await this.#pages.load()
    return this.wait(from, ms, signal)
  }

  trim(before: Offset): void {
    callNative(() => this.#native.trim(Math.ceil(before)))
  }

  seal(): Maybe<Offset> {
    const timeMs = this.#host.clock.nowMs()
    if (this.#host.group !== undefined) return this.#sealLater(timeMs)
    const end = callNative(() => this.#native.seal(timeMs))
    this.#waiters.ended()
    return end
  }

  async #sealLater(timeMs: number): Promise<Offset> {
    const end = await awaitNative(callNative(() => this.#native.sealLater(timeMs)))
    this.#waiters.ended()
    return end
  }

  flush(): Promise<void> {
    return awaitNative(callNative(() => this.#native.flush()))
  }

  stats(): LogStats {
    return this.#pages.stats()
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    this.#stopListening()
    this.#tail.end()
    await this.#host.group?.settled()
    const closed = callNative(() => this.#native.close())
    this.#waiters.closed()
    try {
      await awaitNative(closed)
    } finally {
      this.#host.closed()
    }
  }
}
