import type { Clock } from '../clock.ts'
import { invalidArgument, MillraceError } from '../errors.ts'
import { growBytes, type NativeShardLog, PageField } from '../native/addon.ts'
import { awaitNative, callNative, fromNative } from '../native/failure.ts'
import type { GroupAppender } from './group-appender.ts'
import {
  type AppendBatch,
  type Appended,
  Column,
  type LogStats,
  type Maybe,
  type Offset,
  Refusal,
  type ShardLog,
} from './log.ts'
import type { ReadBlock } from './read-block.ts'
import { SegmentLeases } from './segment-lease.ts'
import { Waiters } from './waiters.ts'

/** A smaller block grows rather than cut many pages short. Above it, reading a page again costs more than it gains. */
const smallBlockBytes = 65_536

/** What a page's frames add to its keys and payloads when it is small. */
const framesBytes = 4_096

/** What a log may ask of the engine that opened it. */
export interface NativeLogHost {
  /** Times the waits, and the mark of a shard's end. */
  readonly clock: Clock
  readonly maxBatchRecords: number
  /** Appends in the engine's stead where that waits for the disk; otherwise the log does it itself. */
  readonly group: GroupAppender | undefined
  /** The log is closed. */
  closed(): void
}

/** Room for a page that is not looked at: `wait` asks whether there is one. */
interface Probe {
  readonly bytes: Uint8Array
  readonly columns: Uint32Array
  readonly doubles: Float64Array
}

/**
 * A log of the embedded engine. Only this object appends to it, so it knows when the log grows and wakes its
 * waiters itself, without a thread or a poll.
 */
export class NativeLog implements ShardLog {
  readonly #native: NativeShardLog
  readonly #host: NativeLogHost
  readonly #waiters: Waiters
  readonly #leases: SegmentLeases
  readonly #header: Float64Array = new Float64Array(PageField.count)
  /** Arrival of the last record, once this object has appended one: the engine stores none that is earlier. */
  #lastTimeMs = Number.POSITIVE_INFINITY
  #probe: Probe | undefined
  #closing: Promise<void> | undefined

  constructor(native: NativeShardLog, host: NativeLogHost) {
    this.#native = native
    this.#host = host
    this.#leases = new SegmentLeases(native)
    this.#waiters = new Waiters(host.clock)
  }

  append(batch: AppendBatch, out: Appended): Maybe<number> {
    if (this.#host.group !== undefined) return this.#appendLater(this.#host.group, batch, out)
    if (batch.count === 1 && batch.timeMs >= this.#lastTimeMs) return this.#appendOne(batch, out)
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
    const last = order[from + appended - 1] as number
    this.#lastTimeMs = timesMs[last] as number
    this.#waiters.grown(offsets[last] as number)
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

  /** `append` of one record, whose time the engine has no reason to clamp. */
  #appendOne({ bytes, columns, order, from, timeMs }: AppendBatch, out: Appended): number {
    const index = order[from] as number
    const at = index * Column.stride
    const keyAt = columns[at + Column.keyAt] as number
    const keyBytes = columns[at + Column.keyBytes] as number
    const dataAt = columns[at + Column.dataAt] as number
    const dataBytes = columns[at + Column.dataBytes] as number
    const hashKeyAt = columns[at + Column.hashKeyAt] as number
    const flags = columns[at + Column.flags] as number
    let offset: number
    try {
      offset = this.#native.appendOne(bytes, keyAt, keyBytes, dataAt, dataBytes, hashKeyAt, flags, timeMs)
    } catch (error) {
      throw fromNative(error)
    }
    if (offset < 0) return offset
    out.offsets[index] = offset
    out.timesMs[index] = timeMs
    this.#lastTimeMs = timeMs
    this.#waiters.grown(offset)
    return 1
  }

  read(from: Offset, maxBytes: number, maxRecords: number, into: ReadBlock): number {
    const header = this.#header
    let answer: number
    try {
      for (;;) {
        const { bytes, columns, offsets, timesMs } = into
        answer = this.#native.read(from, maxBytes, maxRecords, bytes, columns, offsets, timesMs, header)
        const wantedBytes = this.#wantedBytes(answer, maxBytes, Math.min(maxRecords, into.recordCapacity))
        if (bytes.length >= wantedBytes) break
        into.reserveBytes(wantedBytes)
      }
    } catch (error) {
      throw fromNative(error)
    }
    return this.#answer(answer, into)
  }

  readInPlace(from: Offset, maxBytes: number, maxRecords: number, into: ReadBlock): number | undefined {
    const header = this.#header
    const { columns, offsets, timesMs } = into
    try {
      for (let at = from; ; at = header[PageField.next] as number) {
        const lease = this.#leases.at(at)
        if (lease === undefined) return undefined
        const { native } = lease.share() // also if the read fails, the segment is not left mapped
        try {
          const log = this.#native
          const answer = log.readLeased(at, maxBytes, maxRecords, native, columns, offsets, timesMs, header)
          if (answer > 0) into.borrow(lease)
          if (answer !== 0 || header[PageField.atTail] === 1) return this.#answer(answer, into)
        } finally {
          lease.release()
        }
      }
    } catch {
      // Damage, or a page that the device does not give: `read` finds out and says so.
      return undefined
    }
  }

  /** Sets the fields of a page that was read. */
  #answer(answer: number, into: ReadBlock): number {
    const header = this.#header
    into.count = answer === Refusal.trimmed ? 0 : answer
    into.next = header[PageField.next] as number
    into.first = header[PageField.first] as number
    into.tail = header[PageField.tail] as number
    into.atTail = header[PageField.atTail] === 1
    into.ended = header[PageField.ended] === 1
    return answer
  }

  seek(timeMs: number): Offset {
    // The first whole millisecond at or after it: the engine counts nothing finer.
    return callNative(() => this.#native.seek(Math.ceil(timeMs)))
  }

  wait(from: Offset, ms: number, signal?: AbortSignal): true | false | Promise<boolean> {
    if (Number.isNaN(ms)) throw invalidArgument('ms', ms, 'a number of milliseconds or Infinity')
    if (signal?.aborted) return Promise.reject(signal.reason)
    if (this.#readable(from)) return true
    return ms > 0 ? this.#waiters.wait(from, ms, signal) : false
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
    const fields = new Float64Array(9)
    callNative(() => this.#native.stats(fields))
    const [first, next, durable, bytes, fileBytes, segments, firstTimeMs, lastTimeMs, sealed] =
      fields as unknown as readonly [number, number, number, number, number, number, number, number, number]
    return { first, next, durable, bytes, fileBytes, segments, firstTimeMs, lastTimeMs, sealed: sealed === 1 }
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    await this.#host.group?.settled()
    const closed = callNative(() => this.#native.close())
    this.#waiters.closed()
    try {
      await awaitNative(closed)
    } finally {
      this.#host.closed()
    }
  }

  /** How large a block has to be for a better page than the one just read; 0 when that one is good. */
  #wantedBytes(answer: number, maxBytes: number, records: number): number {
    const header = this.#header
    if (answer === growBytes) return header[PageField.bytesNeeded] as number
    const cutShort = answer > 0 && answer < records && header[PageField.atTail] === 0
    return cutShort ? Math.min(maxBytes + framesBytes, smallBlockBytes) : 0
  }

  /** Whether `wait` has nothing to wait for: a record at or after `from`, or the log's end. */
  #readable(from: Offset): boolean {
    this.#probe ??= {
      bytes: new Uint8Array(),
      columns: new Uint32Array(Column.stride),
      doubles: new Float64Array(1),
    }
    const { bytes, columns, doubles } = this.#probe
    const header = this.#header
    const answer = callNative(() => this.#native.read(from, 0, 1, bytes, columns, doubles, doubles, header))
    if (answer === growBytes || answer > 0) return true
    if (answer !== Refusal.trimmed) return header[PageField.ended] === 1
    return header[PageField.atTail] === 0 || header[PageField.ended] === 1
  }
}
