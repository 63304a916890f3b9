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
import type { SyncStats } from '../../src/log/sync-stats.ts'

/**
 * Makes calls one after the other, none before the turn in which it was asked for is over: so a caller that
 * reuses a batch or block before it has its answer is found out.
 */
class Turns {
  #last: Promise<unknown> = Promise.resolve()

  take<T>(call: () => Maybe<T>): Promise<T> {
    const answer = this.#last.then(call)
    this.#last = answer.catch(() => {})
    return answer
  }

  /** A call that keeps its place but holds nobody up. */
  takeAside<T>(call: () => Maybe<T>): Promise<T> {
    return this.#last.then(call)
  }
}

/** A log that answers promises only, as a remote one does. */
export class AsyncLog implements ShardLog {
  readonly #log: ShardLog
  readonly #turns: Turns = new Turns()

  constructor(log: ShardLog) {
    this.#log = log
  }

  append(batch: AppendBatch, out: Appended): Promise<number> {
    return this.#turns.take(() => this.#log.append(batch, out))
  }

  read(from: Offset, maxBytes: number, maxRecords: number, into: ReadBlock): Promise<number> {
    return this.#turns.take(() => this.#log.read(from, maxBytes, maxRecords, into))
  }

  seek(timeMs: number): Promise<Offset> {
    return this.#turns.take(() => this.#log.seek(timeMs))
  }

  wait(from: Offset, ms: number, signal?: AbortSignal): Promise<boolean> {
    return this.#turns.takeAside(() => this.#log.wait(from, ms, signal))
  }

  trim(before: Offset): Promise<void> {
    return this.#turns.take(() => this.#log.trim(before))
  }

  seal(): Promise<Offset> {
    return this.#turns.take(() => this.#log.seal())
  }

  flush(): Promise<void> {
    return this.#turns.take(() => this.#log.flush())
  }

  stats(): Promise<LogStats> {
    return this.#turns.take(() => this.#log.stats())
  }

  close(): Promise<void> {
    return this.#turns.take(() => this.#log.close())
  }
}

/** Any engine, but every method that may answer a promise does. */
export class AsyncEngine implements LogEngine {
  readonly caps: LogCaps
  readonly #engine: LogEngine
  readonly #turns: Turns = new Turns()

  constructor(engine: LogEngine) {
    this.#engine = engine
    this.caps = { ...engine.caps, synchronous: false, readsWithinCall: false }
  }

  create(stream: string, shards: number, retentionMs: number, firstIndex?: number): Promise<readonly Slot[]> {
    return this.#turns.take(() => this.#engine.create(stream, shards, retentionMs, firstIndex))
  }

  open(slot: Slot): Promise<ShardLog> {
    return this.#turns.take(async () => new AsyncLog(await this.#engine.open(slot)))
  }

  openMeta(): Promise<ShardLog> {
    return this.#turns.take(async () => new AsyncLog(await this.#engine.openMeta()))
  }

  setRetention(stream: string, retentionMs: number): Promise<void> {
    return this.#turns.take(() => this.#engine.setRetention(stream, retentionMs))
  }

  drop(stream: string, slots: readonly Slot[]): Promise<void> {
    return this.#turns.take(() => this.#engine.drop(stream, slots))
  }

  sweep(live: readonly Slot[]): Promise<void> {
    return this.#turns.take(() => this.#engine.sweep(live))
  }

  syncStats(): Promise<SyncStats> {
    return this.#turns.take(() => this.#engine.syncStats())
  }

  router(starts: readonly bigint[]): Router {
    return this.#engine.router(starts)
  }

  close(): Promise<void> {
    return this.#turns.take(() => this.#engine.close())
  }
}
