import type { Clock } from '../../src/clock.ts'
import { MillraceError } from '../../src/errors.ts'
import {
  type AppendBatch,
  type Appended,
  Column,
  type LogCaps,
  type LogStats,
  noHashKey,
  type Offset,
  Refusal,
  type ShardLog,
} from '../../src/log/log.ts'
import { ReadBlock } from '../../src/log/read-block.ts'
import { RecordAnswer, type RecordSlab } from '../../src/log/record-slab.ts'
import { type PlainRecord, unpack } from './record.ts'
import { type StoredLog, storedBytes } from './stored-log.ts'
import { Waiters } from './waiters.ts'

/** What a log may ask of the engine that opened it. */
export interface ModelLogHost {
  readonly clock: Clock
  readonly caps: LogCaps
  /** Space left for records with their frames. */
  freeBytes(): number
  /** The log was closed. */
  closed(): void
}

/** The contract of a shard log over an array: plain enough to be believed, so that it can judge the others. */
export class ModelLog implements ShardLog {
  readonly #stored: StoredLog
  readonly #host: ModelLogHost
  readonly #waiters: Waiters
  #open = true

  constructor(stored: StoredLog, host: ModelLogHost) {
    this.#stored = stored
    this.#host = host
    this.#waiters = new Waiters(host.clock)
  }

  append(batch: AppendBatch, out: Appended): number {
    const stored = this.#whileOpen()
    const selected = [...batch.order.subarray(batch.from, batch.from + batch.count)]
    const records = selected.map((index) => unpack(batch, index))
    for (const record of records) this.#requireFit(record.key.length + record.data.length)
    if (stored.sealedAt !== undefined) return Refusal.sealed
    let count = 0
    for (const [position, record] of records.entries()) {
      if (count === this.#host.caps.maxBatchRecords || storedBytes(record) > this.#host.freeBytes()) break
      const timeMs = Math.max(batch.timeMs, stored.lastTimeMs)
      const index = selected[position] as number
      out.offsets[index] = stored.next
      out.timesMs[index] = timeMs
      stored.add({ offset: stored.next, timeMs, ...record })
      count += 1
    }
    if (count > 0) this.#waiters.wake(stored.next)
    return count === 0 && batch.count > 0 ? Refusal.full : count
  }

  read(from: Offset, maxBytes: number, maxRecords: number, into: ReadBlock): number {
    const stored = this.#whileOpen()
    const trimmed = from < stored.first
    const page: PlainRecord[] = []
    let bytes = 0
    for (const record of trimmed ? [] : stored.recordsFrom(from)) {
      bytes += record.key.length + record.data.length
      if (page.length === Math.min(maxRecords, into.recordCapacity)) break
      if (page.length > 0 && bytes > maxBytes) break
      page.push(record)
    }
    this.#fill(into, page)
    into.first = stored.first
    into.tail = stored.next
    into.next = trimmed ? stored.first : (page.at(-1)?.offset ?? from - 1) + 1
    into.atTail = into.next >= stored.next
    into.ended = into.atTail && stored.sealedAt !== undefined
    return trimmed ? Refusal.trimmed : page.length
  }

  readRecord(offset: Offset, into: RecordSlab): number {
    const page = new ReadBlock(0, 1)
    const found = this.read(offset, 0, 1, page) > 0 && page.offsets[0] === offset
    return found ? into.put(page) : RecordAnswer.none
  }

  seek(timeMs: number): Offset {
    const stored = this.#whileOpen()
    return stored.records.find((record) => record.timeMs >= timeMs)?.offset ?? stored.next
  }

  async wait(from: Offset, ms: number, signal?: AbortSignal): Promise<boolean> {
    const stored = this.#whileOpen()
    signal?.throwIfAborted()
    if (from < stored.next && stored.records.length > 0) return true
    if (stored.sealedAt !== undefined) return true
    return ms <= 0 ? false : this.#waiters.wait(from, ms, signal)
  }

  trim(before: Offset): void {
    this.#whileOpen().trim(before)
  }

  seal(): Offset {
    const stored = this.#whileOpen()
    stored.sealedAt ??= stored.next
    this.#waiters.wake(Number.POSITIVE_INFINITY)
    return stored.sealedAt
  }

  flush(): void {
    const stored = this.#whileOpen()
    stored.durable = stored.next
  }

  stats(): LogStats {
    const stored = this.#whileOpen()
    return {
      first: stored.first,
      next: stored.next,
      durable: stored.durable,
      bytes: stored.bytes,
      fileBytes: 0,
      segments: 0,
      firstTimeMs: stored.records.at(0)?.timeMs ?? 0,
      lastTimeMs: stored.records.at(-1)?.timeMs ?? 0,
      sealed: stored.sealedAt !== undefined,
    }
  }

  close(): void {
    if (!this.#open) return
    this.#open = false
    this.#waiters.fail(closedError())
    this.#host.closed()
  }

  #whileOpen(): StoredLog {
    if (!this.#open) throw closedError()
    return this.#stored
  }

  #requireFit(bytes: number): void {
    const limit = this.#host.caps.maxRecordBytes
    if (bytes <= limit) return
    throw new MillraceError('ERR_MILLRACE_RECORD_TOO_LARGE', `a record of ${bytes} bytes exceeds ${limit}`, {
      details: { bytes, limit },
    })
  }

  #fill(into: ReadBlock, page: readonly PlainRecord[]): void {
    into.reserveBytes(page.reduce((sum, record) => sum + storedBytes(record), 0))
    into.count = page.length
    let end = 0
    function place(part: Uint8Array): number {
      into.bytes.set(part, end)
      end += part.length
      return end - part.length
    }
    for (const [index, record] of page.entries()) {
      const at = index * Column.stride
      into.columns[at + Column.keyAt] = place(record.key)
      into.columns[at + Column.keyBytes] = record.key.length
      into.columns[at + Column.dataAt] = place(record.data)
      into.columns[at + Column.dataBytes] = record.data.length
      into.columns[at + Column.hashKeyAt] = record.hashKey === undefined ? noHashKey : place(record.hashKey)
      into.columns[at + Column.flags] = record.flags
      into.offsets[index] = record.offset
      into.timesMs[index] = record.timeMs
    }
  }
}

function closedError(): MillraceError {
  return new MillraceError('ERR_MILLRACE_CLOSED', 'the log is closed')
}
