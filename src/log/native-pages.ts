import { coldPages, growBytes, type NativeLogReading, PageField } from '../native/addon.ts'
import { awaitNative, callNative, fromNative } from '../native/failure.ts'
import { readCold } from './cold-pages.ts'
import { Column, type LogStats, type Maybe, type Offset, Refusal } from './log.ts'
import type { ReadBlock } from './read-block.ts'
import type { RecordSlab } from './record-slab.ts'
import { SegmentLeases } from './segment-lease.ts'

/** A smaller block grows rather than cut many pages short. Above it, reading a page again costs more than it gains. */
const smallBlockBytes = 65_536

/** What a page's frames add to its keys and payloads when it is small. */
const framesBytes = 4_096

/** Room for a page that is not looked at: `hasMore` asks whether there is one. */
interface Probe {
  readonly bytes: Uint8Array
  readonly columns: Uint32Array
  readonly doubles: Float64Array
}

/** What a log keeps. Metadata is small, and is read within calls that answer at once. */
export type Kept = 'records' | 'metadata'

/** Reads a log of the addon as `ShardLog` of the contract promises it. */
export class NativePages {
  readonly #native: NativeLogReading
  readonly #header: Float64Array = new Float64Array(PageField.count)
  readonly #stats: Float64Array = new Float64Array(9)
  readonly #leases: SegmentLeases
  #probe: Probe | undefined

  constructor(native: NativeLogReading) {
    this.#native = native
    this.#leases = new SegmentLeases(native)
  }

  /** `ShardLog.read`: at once if what it touches is in memory; otherwise a helper thread waits for the disk. */
  read(from: Offset, maxBytes: number, maxRecords: number, into: ReadBlock): Maybe<number> {
    const answer = this.#readResident(from, maxBytes, maxRecords, into)
    if (answer !== coldPages) return answer
    return readCold(this.#native, () => this.#readResident(from, maxBytes, maxRecords, into))
  }

  /** `ShardLog.read`, within the call even if that waits for the disk. */
  readNow(from: Offset, maxBytes: number, maxRecords: number, into: ReadBlock): number {
    return this.#fill(into, maxBytes, maxRecords, ({ bytes, columns, offsets, timesMs }, header) =>
      this.#native.read(from, maxBytes, maxRecords, bytes, columns, offsets, timesMs, header),
    )
  }

  #readResident(from: Offset, maxBytes: number, maxRecords: number, into: ReadBlock): number {
    return this.#fill(into, maxBytes, maxRecords, ({ bytes, columns, offsets, timesMs }, header) =>
      this.#native.readResident(from, maxBytes, maxRecords, bytes, columns, offsets, timesMs, header),
    )
  }

  #fill(
    into: ReadBlock,
    maxBytes: number,
    maxRecords: number,
    read: (into: ReadBlock, header: Float64Array) => number,
  ): number {
    const header = this.#header
    let answer: number
    try {
      for (;;) {
        const { bytes } = into
        answer = read(into, header)
        if (answer === coldPages) return answer
        const wantedBytes = this.#wantedBytes(answer, maxBytes, Math.min(maxRecords, into.recordCapacity))
        if (bytes.length >= wantedBytes) break
        into.reserveBytes(wantedBytes)
      }
    } catch (error) {
      throw fromNative(error)
    }
    return this.#turn(answer, into)
  }

  /** `ShardLog.readInPlace`. */
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
          if (answer !== 0 || header[PageField.atTail] === 1) return this.#turn(answer, into)
          if ((header[PageField.next] as number) <= at) return undefined
        } finally {
          lease.release()
        }
      }
    } catch {
      // Damage, or a page that the device does not give: `read` finds out and says so.
      return undefined
    }
  }

  /** Sets what the block says of the page that was just read. */
  #turn(answer: number, into: ReadBlock): number {
    const header = this.#header
    into.count = answer === Refusal.trimmed ? 0 : answer
    into.next = header[PageField.next] as number
    into.first = header[PageField.first] as number
    into.tail = header[PageField.tail] as number
    into.atTail = header[PageField.atTail] === 1
    into.ended = header[PageField.ended] === 1
    return answer
  }

  /** `ShardLog.readRecord`. */
  readRecord(offset: Offset, into: RecordSlab, mayWait: boolean): number {
    try {
      return this.#native.readRecord(offset, into.memory, into.at, mayWait)
    } catch (error) {
      throw fromNative(error)
    }
  }

  /** `ShardLog.seek`. */
  seek(timeMs: number): Offset {
    // The first whole millisecond at or after it: the engine counts nothing finer.
    return callNative(() => this.#native.seek(Math.ceil(timeMs)))
  }

  /** `ShardLog.stats`. */
  stats(): LogStats {
    const fields = this.#stats
    try {
      this.#native.stats(fields)
    } catch (error) {
      throw fromNative(error)
    }
    // One by one: taking an array apart goes through its iterator.
    const first = fields[0] as number
    const end = fields[1] as number
    const synced = fields[2] as number
    const bytes = fields[3] as number
    const fileBytes = fields[4] as number
    const segments = fields[5] as number
    const firstTimeMs = fields[6] as number
    const lastTimeMs = fields[7] as number
    const sealed = fields[8] === 1
    // The mark at the end of a log has a number, and is no record.
    const next = sealed && end > first ? end - 1 : end
    const durable = Math.min(synced, next)
    return { first, next, durable, bytes, fileBytes, segments, firstTimeMs, lastTimeMs, sealed }
  }

  /**
   * Whether `ShardLog.wait` has nothing to wait for: a record at or after `from`, or the log's end. `undefined` where
   * that is not in memory.
   *
   * @param mayWait for the disk, within the call
   */
  hasMore(from: Offset, mayWait: boolean): boolean | undefined {
    this.#probe ??= {
      bytes: new Uint8Array(),
      columns: new Uint32Array(Column.stride),
      doubles: new Float64Array(1),
    }
    const { bytes, columns, doubles } = this.#probe
    const header = this.#header
    const answer = callNative(() =>
      mayWait
        ? this.#native.read(from, 0, 1, bytes, columns, doubles, doubles, header)
        : this.#native.readResident(from, 0, 1, bytes, columns, doubles, doubles, header),
    )
    if (answer === coldPages) return undefined
    if (answer === growBytes || answer > 0) return true
    if (answer !== Refusal.trimmed) return header[PageField.ended] === 1
    return header[PageField.atTail] === 0 || header[PageField.ended] === 1
  }

  /** Loads what the last answer lacked in memory. */
  async load(): Promise<void> {
    await awaitNative(this.#native.load())
  }

  /** How large a block has to be for a better page than the one just read; 0 when that one is good. */
  #wantedBytes(answer: number, maxBytes: number, records: number): number {
    const header = this.#header
    if (answer === growBytes) return header[PageField.bytesNeeded] as number
    const cutShort = answer > 0 && answer < records && header[PageField.atTail] === 0
    return cutShort ? Math.min(maxBytes + framesBytes, smallBlockBytes) : 0
  }
}
