import type {
  AppendBatch,
  Appended,
  LogCaps,
  LogEngine,
  LogStats,
  Maybe,
  Offset,
  Router,
  ShardLog,
  Slot,
} from '../../src/log/log.ts'
import type { ReadBlock } from '../../src/log/read-block.ts'
import { RecordAnswer, type RecordSlab } from '../../src/log/record-slab.ts'
import type { SyncStats } from '../../src/log/sync-stats.ts'

/**
 * Two engines of one store as one: the first writes, the second, which knows nothing of the first, reads. Each call
 * that appends is over when those have been told who wait for what it appended.
 */
export class PairedEngine implements LogEngine {
  readonly #writer: LogEngine
  readonly #reader: LogEngine

  constructor(writer: LogEngine, reader: LogEngine) {
    this.#writer = writer
    this.#reader = reader
  }

  get caps(): LogCaps {
    return { ...this.#writer.caps, synchronous: false, readsWithinCall: false }
  }

  create(stream: string, shards: number, retentionMs: number, firstIndex?: number): Maybe<readonly Slot[]> {
    return this.#writer.create(stream, shards, retentionMs, firstIndex)
  }

  async open(slot: Slot): Promise<ShardLog> {
    return new PairedLog(await this.#writer.open(slot), await this.#reader.open(slot))
  }

  async openMeta(): Promise<ShardLog> {
    return new PairedLog(await this.#writer.openMeta(), await this.#reader.openMeta())
  }

  setRetention(stream: string, retentionMs: number): Maybe<void> {
    return this.#writer.setRetention(stream, retentionMs)
  }

  drop(stream: string, slots: readonly Slot[]): Maybe<void> {
    return this.#writer.drop(stream, slots)
  }

  sweep(live: readonly Slot[]): Maybe<void> {
    return this.#writer.sweep(live)
  }

  syncStats(): Maybe<SyncStats> {
    return this.#writer.syncStats()
  }

  router(starts: readonly bigint[]): Router {
    return this.#reader.router(starts)
  }

  async close(): Promise<void> {
    await this.#writer.close()
    await this.#reader.close()
  }
}

class PairedLog implements ShardLog {
  readonly #writer: ShardLog
  readonly #reader: ShardLog
  readonly #waits: Map<Promise<boolean>, Offset> = new Map()

  constructor(writer: ShardLog, reader: ShardLog) {
    this.#writer = writer
    this.#reader = reader
  }

  async append(batch: AppendBatch, out: Appended): Promise<number> {
    const appended = await this.#writer.append(batch, out)
    await this.#told()
    return appended
  }

  read(from: Offset, maxBytes: number, maxRecords: number, into: ReadBlock): Maybe<number> {
    return this.#reader.read(from, maxBytes, maxRecords, into)
  }

  readRecord(offset: Offset, into: RecordSlab, mayWait: boolean): number {
    return this.#reader.readRecord?.(offset, into, mayWait) ?? RecordAnswer.notInMemory
  }

  seek(timeMs: number): Maybe<Offset> {
    return this.#reader.seek(timeMs)
  }

  wait(from: Offset, ms: number, signal?: AbortSignal): Maybe<boolean> {
    const waited = this.#reader.wait(from, ms, signal)
    if (waited instanceof Promise) {
      this.#waits.set(waited, from)
      const over = (): void => void this.#waits.delete(waited)
      waited.then(over, over)
    }
    return waited
  }

  trim(before: Offset): Maybe<void> {
    return this.#writer.trim(before)
  }

  async seal(): Promise<Offset> {
    const end = await this.#writer.seal()
    await this.#told()
    return end
  }

  flush(): Maybe<void> {
    return this.#writer.flush()
  }

  stats(): Maybe<LogStats> {
    return this.#reader.stats()
  }

  async close(): Promise<void> {
    await this.#writer.close()
    await this.#reader.close()
  }

  /** Everybody who waits for what is there by now has been told. */
  async #told(): Promise<void> {
    for (const [wait, from] of Array.from(this.#waits)) {
      if ((await this.#reader.wait(from, 0)) === true) await wait
    }
  }
}
