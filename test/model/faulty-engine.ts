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
import { Faults, type LogMethod } from './faults.ts'

/** Any log, whose calls go wrong as scripted. */
export class FaultyLog implements ShardLog {
  readonly #log: ShardLog
  readonly #faults: Faults

  constructor(log: ShardLog, faults: Faults) {
    this.#log = log
    this.#faults = faults
  }

  append(batch: AppendBatch, out: Appended): Maybe<number> {
    const fault = this.#faults.take('append')
    if (fault?.kind !== 'refuse') return this.#met(fault, () => this.#log.append(batch, out))
    const answer = fault.landed ? this.#log.append(batch, out) : 0
    return typeof answer === 'number' ? fault.refusal : answer.then(() => fault.refusal)
  }

  read(from: Offset, maxBytes: number, maxRecords: number, into: ReadBlock): Maybe<number> {
    return this.#meeting('read', () => this.#log.read(from, maxBytes, maxRecords, into))
  }

  /** Always goes well. */
  readRecord(offset: Offset, into: RecordSlab, mayWait: boolean): number {
    return this.#log.readRecord?.(offset, into, mayWait) ?? RecordAnswer.notInMemory
  }

  seek(timeMs: number): Maybe<Offset> {
    return this.#meeting('seek', () => this.#log.seek(timeMs))
  }

  wait(from: Offset, ms: number, signal?: AbortSignal): Maybe<boolean> {
    return this.#meeting('wait', () => this.#log.wait(from, ms, signal))
  }

  trim(before: Offset): Maybe<void> {
    return this.#meeting('trim', () => this.#log.trim(before))
  }

  seal(): Maybe<Offset> {
    return this.#meeting('seal', () => this.#log.seal())
  }

  flush(): Maybe<void> {
    return this.#meeting('flush', () => this.#log.flush())
  }

  stats(): Maybe<LogStats> {
    return this.#meeting('stats', () => this.#log.stats())
  }

  close(): Maybe<void> {
    return this.#meeting('close', () => this.#log.close())
  }

  #meeting<T>(method: LogMethod, call: () => Maybe<T>): Maybe<T> {
    return this.#met(this.#faults.take(method), call)
  }

  #met<T>(fault: ReturnType<Faults['take']>, call: () => Maybe<T>): Maybe<T> {
    if (fault?.kind === 'hold') return fault.until.then(call)
    if (fault?.kind !== 'fail') return call()
    const answer = fault.landed ? call() : undefined
    if (!(answer instanceof Promise)) throw fault.error
    return answer.then(() => {
      throw fault.error
    })
  }
}

/** Any engine, whose logs go wrong as scripted: those of streams and that of the metadata apart. */
export class FaultyEngine implements LogEngine {
  readonly faults: Faults = new Faults()
  readonly metaFaults: Faults = new Faults()
  readonly #engine: LogEngine

  constructor(engine: LogEngine) {
    this.#engine = engine
  }

  get caps(): LogCaps {
    return this.#engine.caps
  }

  create(stream: string, shards: number, retentionMs: number, firstIndex?: number): Maybe<readonly Slot[]> {
    return this.#engine.create(stream, shards, retentionMs, firstIndex)
  }

  open(slot: Slot): Maybe<ShardLog> {
    return wrapped(this.#engine.open(slot), this.faults)
  }

  openMeta(): Maybe<ShardLog> {
    return wrapped(this.#engine.openMeta(), this.metaFaults)
  }

  setRetention(stream: string, retentionMs: number): Maybe<void> {
    return this.#engine.setRetention(stream, retentionMs)
  }

  drop(stream: string, slots: readonly Slot[]): Maybe<void> {
    return this.#engine.drop(stream, slots)
  }

  sweep(live: readonly Slot[]): Maybe<void> {
    return this.#engine.sweep(live)
  }

  syncStats(): Maybe<SyncStats> {
    return this.#engine.syncStats()
  }

  router(starts: readonly bigint[]): Router {
    return this.#engine.router(starts)
  }

  close(): Promise<void> {
    return this.#engine.close()
  }
}

function wrapped(log: Maybe<ShardLog>, faults: Faults): Maybe<ShardLog> {
  return log instanceof Promise
    ? log.then((opened) => new FaultyLog(opened, faults))
    : new FaultyLog(log, faults)
}
