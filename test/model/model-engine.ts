import { type Clock, systemClock } from '../../src/clock.ts'
import { invalidArgument, MillraceError } from '../../src/errors.ts'
import type { LogCaps, LogEngine, Router, ShardLog, Slot } from '../../src/log/log.ts'
import { noSyncs, type SyncStats } from '../../src/log/sync-stats.ts'
import { ModelLog } from './model-log.ts'
import { ModelRouter } from './model-router.ts'
import { ModelDisk, StoredLog } from './stored-log.ts'

/** What a model engine can do unless told otherwise. */
export const modelCaps: LogCaps = {
  maxRecordBytes: 10 * 1024 * 1024,
  maxBatchRecords: 65_536,
  synchronous: true,
  readsWithinCall: true,
  durability: 'memory',
}

export interface ModelEngineOptions {
  /** Times the waits. @defaultValue the system's clock */
  readonly clock?: Clock
  /** What an earlier engine left behind. @defaultValue a new, endless one */
  readonly disk?: ModelDisk
  readonly caps?: Partial<LogCaps>
}

const metaName = 'meta'

/** The contract of an engine over maps and arrays: the oracle of the tests. */
export class ModelEngine implements LogEngine {
  readonly caps: LogCaps
  readonly disk: ModelDisk
  readonly #clock: Clock
  readonly #openLogs: Map<string, ModelLog> = new Map()
  #open = true

  constructor(options: ModelEngineOptions = {}) {
    this.caps = { ...modelCaps, ...options.caps }
    this.disk = options.disk ?? new ModelDisk()
    this.#clock = options.clock ?? systemClock
  }

  create(_stream: string, shards: number, _retentionMs: number): readonly Slot[] {
    this.#requireOpen()
    return Array.from({ length: shards }, () => this.disk.nameSlot())
  }

  open(slot: Slot): ShardLog {
    this.#requireOpen()
    const name = nameOf(slot)
    const stored = this.disk.logs.get(name) ?? new StoredLog()
    const log = this.#openOnce(name, stored)
    this.disk.logs.set(name, stored)
    return log
  }

  openMeta(): ShardLog {
    this.#requireOpen()
    return this.#openOnce(metaName, this.disk.meta)
  }

  setRetention(_stream: string, _retentionMs: number): void {
    this.#requireOpen()
  }

  drop(_stream: string, slots: readonly Slot[]): void {
    this.#requireOpen()
    for (const slot of slots) {
      if (this.#openLogs.has(nameOf(slot))) throw invalidArgument('slots', slot, 'logs that are not open')
    }
    for (const slot of slots) this.disk.logs.delete(nameOf(slot))
  }

  sweep(live: readonly Slot[]): void {
    this.#requireOpen()
    const kept = new Set([...live.map(nameOf), ...this.#openLogs.keys()])
    for (const name of this.disk.logs.keys()) if (!kept.has(name)) this.disk.logs.delete(name)
  }

  syncStats(): SyncStats {
    this.#requireOpen()
    return noSyncs
  }

  router(starts: readonly bigint[]): Router {
    this.#requireOpen()
    return new ModelRouter(starts)
  }

  async close(): Promise<void> {
    for (const log of this.#openLogs.values()) log.close()
    this.#open = false
  }

  #openOnce(name: string, stored: StoredLog): ModelLog {
    if (this.#openLogs.has(name)) throw invalidArgument('slot', name, 'a log that is not open')
    const log = new ModelLog(stored, {
      clock: this.#clock,
      caps: this.caps,
      freeBytes: () => this.disk.freeBytes,
      closed: () => this.#openLogs.delete(name),
    })
    this.#openLogs.set(name, log)
    return log
  }

  #requireOpen(): void {
    if (!this.#open) throw new MillraceError('ERR_MILLRACE_CLOSED', 'the engine is closed')
  }
}

function nameOf(slot: Slot): string {
  if (slot.kind !== 'model' || typeof slot['id'] !== 'number')
    throw invalidArgument('slot', slot, 'of this engine')
  return `${slot.kind}/${slot['id']}`
}
