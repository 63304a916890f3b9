import type { Clock } from '../clock.ts'
import { invalidArgument, MillraceError } from '../errors.ts'
import type { NativeAddon, NativeStoreReader } from '../native/addon.ts'
import { awaitNative, callNative } from '../native/failure.ts'
import type { LogCaps, LogEngine, Router, Slot } from './log.ts'
import { NativeReaderMetaLog } from './native-meta-log.ts'
import { type NativeReaderHost, NativeReaderLog, readOnly } from './native-reader-log.ts'
import { createNativeRouter } from './native-router.ts'
import { requireNativeSlot } from './native-slot.ts'
import { noSyncs, type SyncStats } from './sync-stats.ts'

/** The metadata log among the open ones. No slot has this name. */
const metaName = 'meta'

/** A store that somebody else may be writing, as an engine whose writing methods throw `ERR_MILLRACE_READ_ONLY`. */
export class NativeReaderEngine implements LogEngine {
  readonly caps: LogCaps
  readonly #addon: NativeAddon
  readonly #native: NativeStoreReader
  readonly #clock: Clock
  /** By the name of the slot. */
  readonly #openLogs: Map<string, NativeReaderLog> = new Map()
  #closed = false

  constructor(addon: NativeAddon, native: NativeStoreReader, clock: Clock) {
    this.#addon = addon
    this.#native = native
    this.#clock = clock
    this.caps = {
      maxRecordBytes: addon.recordBytesMax,
      maxBatchRecords: 0,
      synchronous: true,
      readsWithinCall: true,
      durability: 'process',
      readOnly: true,
    }
  }

  create(): never {
    throw readOnly()
  }

  open(slot: Slot): NativeReaderLog {
    this.#requireOpen()
    const { id, shard } = requireNativeSlot(slot)
    return this.#openOnce(
      id,
      slot,
      (host) =>
        new NativeReaderLog(
          callNative(() => this.#native.openLog(id, shard)),
          host,
        ),
    )
  }

  openMeta(): NativeReaderMetaLog {
    this.#requireOpen()
    return this.#openOnce(
      metaName,
      metaName,
      (host) =>
        new NativeReaderMetaLog(
          callNative(() => this.#native.openMeta()),
          host,
        ),
    )
  }

  setRetention(): never {
    throw readOnly()
  }

  drop(): never {
    throw readOnly()
  }

  sweep(): never {
    throw readOnly()
  }

  /** Whoever writes the store syncs it. */
  syncStats(): SyncStats {
    this.#requireOpen()
    return noSyncs
  }

  router(starts: readonly bigint[]): Router {
    this.#requireOpen()
    return createNativeRouter(this.#addon, starts)
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    for (const log of this.#openLogs.values()) log.close()
    await awaitNative(callNative(() => this.#native.close()))
  }

  #openOnce<Log extends NativeReaderLog>(
    name: string,
    given: unknown,
    open: (host: NativeReaderHost) => Log,
  ): Log {
    if (this.#openLogs.has(name)) throw invalidArgument('slot', given, 'a log that is not open')
    const log = open({
      clock: this.#clock,
      closed: () => this.#openLogs.delete(name),
    })
    this.#openLogs.set(name, log)
    return log
  }

  #requireOpen(): void {
    if (this.#closed) throw new MillraceError('ERR_MILLRACE_CLOSED', 'the engine is closed')
  }
}
