import type { Clock } from '../clock.ts'
import { invalidArgument, MillraceError } from '../errors.ts'
import type { NativeAddon, NativeEngine as NativeHandle, NativeMemoryImage } from '../native/addon.ts'
import { awaitNative, callNative } from '../native/failure.ts'
import { GroupAppender } from './group-appender.ts'
import type { DirectAppender, LogCaps, LogEngine, Router, Slot } from './log.ts'
import { NativeBucketTable } from './native-bucket-table.ts'
import { NativeDirectAppender } from './native-direct-appender.ts'
import { NativeLog, type NativeLogHost } from './native-log.ts'
import { NativeMetaLog } from './native-meta-log.ts'
import { createNativeRouter, packedStarts } from './native-router.ts'
import type { Sharing } from './sharing.ts'
import type { SyncStats } from './sync-stats.ts'
import { type NativeSlot, requireNativeSlot } from './native-slot.ts'

/** Bounds how long one append may hold the event loop. */
const maxBatchRecords = 65_536

/** The metadata log among the open ones. No slot has this name. */
const metaName = 'meta'

/** What an engine in memory held at one moment. Never changes; costs what its engine has changed since. */
export type MemoryImage = NativeMemoryImage

/** The embedded engine: logs in one folder, or in memory. */
export class NativeEngine implements LogEngine {
  readonly caps: LogCaps
  readonly buckets: NativeBucketTable
  readonly #addon: NativeAddon
  readonly #native: NativeHandle
  readonly #clock: Clock
  readonly #sharing: Sharing
  readonly #group: GroupAppender | undefined
  /** By the name of the slot, from `open` until the close is done. */
  readonly #openLogs: Map<string, NativeLog> = new Map()
  #closing: Promise<void> | undefined

  /**
   * @param grouped appends wait for the disk, those of all logs together
   * @param sharing told by the addon
   */
  constructor(
    addon: NativeAddon,
    native: NativeHandle,
    clock: Clock,
    durability: LogCaps['durability'],
    grouped: boolean,
    sharing: Sharing,
  ) {
    this.#addon = addon
    this.#native = native
    this.buckets = new NativeBucketTable(native)
    this.#clock = clock
    this.#sharing = sharing
    if (native.isShared()) sharing.joined()
    this.#group = grouped ? new GroupAppender(native) : undefined
    this.caps = {
      maxRecordBytes: addon.recordBytesMax,
      maxBatchRecords,
      synchronous: !grouped,
      readsWithinCall: true,
      durability,
    }
  }

  create(_stream: string, shards: number, _retentionMs: number, firstIndex = 0): readonly NativeSlot[] {
    this.#requireOpen()
    return Array.from({ length: shards }, (_, place) => {
      const shard = firstIndex + place
      return { kind: 'native', id: callNative(() => this.#native.newIdentity(shard)), shard }
    })
  }

  open(slot: Slot): NativeLog {
    this.#requireOpen()
    const { id, shard } = requireNativeSlot(slot)
    return this.#openOnce(
      id,
      slot,
      (host) =>
        new NativeLog(
          callNative(() => this.#native.openLog(id, shard)),
          host,
        ),
    )
  }

  openMeta(): NativeMetaLog {
    this.#requireOpen()
    return this.#openOnce(
      metaName,
      metaName,
      (host) =>
        new NativeMetaLog(
          callNative(() => this.#native.openMeta()),
          host,
        ),
    )
  }

  /** Retention is decided above (streams trim); an embedded log only frees space. */
  setRetention(_stream: string, _retentionMs: number): void {
    this.#requireOpen()
  }

  drop(_stream: string, slots: readonly Slot[]): void {
    this.#requireOpen()
    const named = slots.map(requireNativeSlot)
    const open = named.find(({ id }) => this.#openLogs.has(id))
    if (open !== undefined) throw invalidArgument('slots', open, 'logs that are not open')
    for (const { id, shard } of named) callNative(() => this.#native.drop(id, shard))
  }

  sweep(live: readonly Slot[]): void {
    this.#requireOpen()
    const ids = live.map((slot) => requireNativeSlot(slot).id)
    callNative(() => this.#native.sweep(ids)) // which keeps the open ones, too
  }

  syncStats(): SyncStats {
    this.#requireOpen()
    return callNative(() => this.#native.syncStats())
  }

  /**
   * What it holds now, metadata and all logs at one moment, for `openNativeEngine`.
   *
   * @throws `ERR_MILLRACE_CLOSED`, `ERR_MILLRACE_NO_SPACE`; `ERR_MILLRACE_UNSUPPORTED` of a folder
   */
  image(): MemoryImage {
    this.#requireOpen()
    return callNative(() => this.#native.image())
  }

  /** For the metadata: other threads of this process that have the engine open. */
  get sharing(): Sharing {
    return this.#sharing
  }

  /** Whether no other thread of this process has ever had it open: as of now, where `sharing` is told a moment later. */
  get alone(): boolean {
    return !this.#sharing.shared && !callNative(() => this.#native.isShared())
  }

  /** The right to write metadata; false while another thread has it. */
  takeTurn(): boolean {
    return callNative(() => this.#native.takeTurn())
  }

  giveTurn(): void {
    callNative(() => this.#native.giveTurn())
  }

  takeDuty(): boolean {
    this.#requireOpen()
    return callNative(() => this.#native.takeDuty())
  }

  giveDuty(): void {
    callNative(() => this.#native.giveDuty())
  }

  router(starts: readonly bigint[]): Router {
    this.#requireOpen()
    return createNativeRouter(this.#addon, starts)
  }

  /** Not where appends wait for the disk, and not in runtimes that have no memory to share. */
  directAppender(starts: readonly bigint[]): DirectAppender | undefined {
    this.#requireOpen()
    if (this.#group !== undefined || typeof SharedArrayBuffer === 'undefined') return undefined
    return callNative(() => new NativeDirectAppender(this.#addon, packedStarts(starts)))
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  /** Every log is closed even when one of them fails; the first failure is what the caller learns. */
  async #close(): Promise<void> {
    const logs = await Promise.allSettled([...this.#openLogs.values()].map((log) => log.close()))
    await awaitNative(this.#native.close())
    const failed = logs.find((log) => log.status === 'rejected')
    if (failed !== undefined) throw failed.reason
  }

  #openOnce<Log extends NativeLog>(name: string, given: unknown, open: (host: NativeLogHost) => Log): Log {
    if (this.#openLogs.has(name)) throw invalidArgument('slot', given, 'a log that is not open')
    const log = open({
      clock: this.#clock,
      maxBatchRecords,
      group: this.#group,
      sharing: this.#sharing,
      closed: () => this.#openLogs.delete(name),
    })
    this.#openLogs.set(name, log)
    return log
  }

  #requireOpen(): void {
    if (this.#closing !== undefined) throw new MillraceError('ERR_MILLRACE_CLOSED', 'the engine is closed')
  }
}
