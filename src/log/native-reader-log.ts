import { invalidArgument, MillraceError } from '../errors.ts'
import type { Clock } from '../clock.ts'
import type { NativeLogFollower } from '../native/addon.ts'
import { callNative } from '../native/failure.ts'
import type { LogStats, Maybe, Offset, ShardLog } from './log.ts'
import { type Kept, NativePages } from './native-pages.ts'
import type { ReadBlock } from './read-block.ts'
import type { RecordSlab } from './record-slab.ts'
import { TailWatch } from './tail-watch.ts'
import { Waiters } from './waiters.ts'

/** What a log may ask of the engine that opened it. */
export interface NativeReaderHost {
  /** Times the waits. */
  readonly clock: Clock
  /** The log is closed. */
  closed(): void
}

/**
 * A log that somebody else may be writing, here or in another process. At its tail one thread of this process waits
 * for all such logs, and this object looks who has something to read.
 */
export class NativeReaderLog implements ShardLog {
  readonly #native: NativeLogFollower
  readonly #host: NativeReaderHost
  readonly #pages: NativePages
  readonly #kept: Kept
  readonly #waiters: Waiters
  readonly #tail: TailWatch
  #closed = false

  /** @param kept what the log keeps: a wait for records of others keeps the event loop alive, one for metadata does not */
  constructor(native: NativeLogFollower, host: NativeReaderHost, kept: Kept = 'records') {
    this.#native = native
    this.#host = host
    this.#pages = new NativePages(native)
    this.#waiters = new Waiters(host.clock)
    this.#kept = kept
    this.#tail = new TailWatch(
      native,
      this.#waiters,
      // Whoever waits for what is not in memory has to look for himself.
      (from) => this.#hasMore(from) ?? true,
      kept === 'records',
    )
  }

  append(): never {
    throw readOnly()
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

  trim(): never {
    throw readOnly()
  }

  seal(): never {
    throw readOnly()
  }

  flush(): never {
    throw readOnly()
  }

  stats(): LogStats {
    return this.#pages.stats()
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#tail.end()
    callNative(() => this.#native.close())
    this.#waiters.closed()
    this.#host.closed()
  }
}

/** What everything that would write throws. */
export function readOnly(): MillraceError {
  return new MillraceError('ERR_MILLRACE_READ_ONLY', 'the store was opened with readOnly: nothing is written')
}
