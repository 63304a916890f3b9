import type { Clock } from '../clock.ts'
import { MillraceError } from '../errors.ts'
import type { LogEngine } from '../log/log.ts'
import type { Command, ShardSpec, StreamKey } from '../meta/commands.ts'
import type { MetaStore } from '../meta/meta.ts'
import { slotsOf, streamId, type StreamState } from '../meta/state.ts'
import { requireOptions } from '../options.ts'
import { LeaseWatch } from './batch-lease.ts'
import { describeStream, type StreamDescription } from './description.ts'
import { evenSplit } from './hash-key.ts'
import type { Limits } from './limits.ts'
import { limitsOf } from './limit-options.ts'
import { retentionMs } from './retention.ts'
import { isResharding } from './shard-table.ts'
import { StagingPool } from './staging.ts'
import {
  checkedCreateOptions,
  checkedStoreOptions,
  codecOf,
  type CreateStreamOptions,
  requireRetentionHours,
  requireStreamName,
  type StoreOptions,
  type StreamOptions,
} from './store-options.ts'
import { StoreTime } from './store-time.ts'
import { Stream, type StreamOwner } from './stream.ts'
import { readOnlyError, StreamCore, type StreamHost } from './stream-core.ts'
import { Resharder } from './resharder.ts'
import type { Shard } from './shard.ts'
import { Sweeper } from './sweeper.ts'
import type { GateHook } from './write-gate.ts'

/** How often a command is proposed again because somebody else changed the stream at the same time. */
const proposalsMax = 16

/** What the layers above (the AWS layer, test support) find behind `insideOf`. */
export interface StoreInside {
  readonly account: string
  readonly region: string
  /** Sets timers. */
  readonly clock: Clock
  /** Tells the time of arrivals and horizons. */
  readonly time: StoreTime
  readonly meta: MetaStore
  /** `undefined` where they are off. */
  readonly limits: Limits | undefined
  /** Splits and merges shards. */
  readonly resharder: Resharder
  /** For test support. */
  readonly gates: GateHook
  /** @throws `ERR_MILLRACE_CLOSED`, `ERR_MILLRACE_STREAM_NOT_FOUND` */
  core(key: StreamKey): StreamCore
}

/** The door for the layers above from a store to what it is made of. No part of the public surface. */
export let insideOf: (store: Store) => StoreInside

/**
 * All streams of one place, a folder or memory. `open` makes stores. Every method fails with `ERR_MILLRACE_CLOSED`
 * after `close`.
 */
export class Store {
  readonly #engine: LogEngine
  readonly #meta: MetaStore
  readonly #account: string
  readonly #region: string
  readonly #time: StoreTime
  readonly #sweeper: Sweeper
  readonly #resharder: Resharder
  /** Streams that somebody used, by `streamId`. */
  readonly #cores: Map<string, StreamCore> = new Map()
  /** Streams that this store is about to delete. */
  readonly #deleting: Set<string> = new Set()
  readonly #limits: Limits | undefined
  readonly #streamHost: StreamHost
  readonly #streamOwner: StreamOwner
  readonly #inside: StoreInside
  readonly #stopListening: () => void
  #closing: Promise<void> | undefined

  static {
    insideOf = (store) => store.#inside
  }

  private constructor(engine: LogEngine, meta: MetaStore, options: ReturnType<typeof checkedStoreOptions>) {
    this.#engine = engine
    this.#meta = meta
    this.#account = options.account
    this.#region = options.region
    this.#time = new StoreTime(options.clock, options.onWarning)
    this.#sweeper = new Sweeper({
      clock: options.clock,
      time: this.#time,
      warn: options.onWarning,
      find: (id) => this.#coreOf(id),
    })
    this.#limits = limitsOf(options)
    const gates: GateHook = { before: undefined }
    this.#resharder = new Resharder({
      engine,
      meta,
      time: this.#time,
      clock: options.clock,
      find: (id) => this.#coreOf(id),
    })
    this.#streamHost = {
      engine,
      clock: options.clock,
      time: this.#time,
      stagings: new StagingPool(),
      leases: new LeaseWatch(options.onWarning),
      limits: this.#limits,
      gates,
      expects: (core, dueMs) => this.#sweeper.expect(core.id, dueMs),
      refresh: () => this.#refresh(),
      get upToDate() {
        return meta.upToDate
      },
      caughtUp: () => meta.caughtUp(),
      finishReshard: (core) => this.#resharder.finish(core),
      dropShards: (core, shards) => this.#dropShards(core, shards),
    }
    this.#inside = {
      account: options.account,
      region: options.region,
      clock: options.clock,
      time: this.#time,
      meta,
      limits: this.#limits,
      resharder: this.#resharder,
      gates,
      core: (key) => {
        this.#requireOpen()
        return this.#requireCore(key)
      },
    }
    this.#streamOwner = {
      resharder: this.#resharder,
      setRetention: (core, hours) => this.#setRetention(core, hours),
    }
    this.#stopListening = meta.onChange((command) => this.#changed(command))
  }

  /**
   * Makes a store of an engine and its metadata; `close` closes both. `open` is the usual way to one.
   *
   * Rejects with `ERR_MILLRACE_INVALID_ARGUMENT` or `ERR_MILLRACE_UNKNOWN_OPTION`; engine and metadata are then
   * still the caller's to close.
   */
  static async create(engine: LogEngine, meta: MetaStore, options: StoreOptions = {}): Promise<Store> {
    const checked = checkedStoreOptions(options)
    // What is left over, and what expires, is the writer's to remove.
    if (engine.caps.readOnly) return new Store(engine, meta, checked)
    const states = [...meta.state.streams.values()]
    // What a crash left between a command and its effect belongs to no stream.
    await engine.sweep(states.flatMap(slotsOf))
    const store = new Store(engine, meta, checked)
    for (const state of states) {
      const id = streamId(state.key)
      store.#sweeper.expect(id, state.createdAtMs + retentionMs(state))
      // A crash came between the two commands of a reshard. If it cannot be finished now, it is tried again.
      const core = isResharding(state) ? store.#coreOf(id) : undefined
      if (core !== undefined) await store.#resharder.finish(core).catch(() => {})
    }
    return store
  }

  /**
   * Creates a stream; resolves once it would survive a crash.
   *
   * Rejects with `ERR_MILLRACE_STREAM_EXISTS`, `ERR_MILLRACE_INVALID_ARGUMENT`, `ERR_MILLRACE_UNKNOWN_OPTION`,
   * `ERR_MILLRACE_UNSUPPORTED`, `ERR_MILLRACE_NO_SPACE`, `ERR_MILLRACE_READ_ONLY`; then nothing has changed.
   *
   * @param name 1 to 128 characters out of `a-z A-Z 0-9 _ . -`
   */
  async createStream<T = Uint8Array>(name: string, options: CreateStreamOptions<T> = {}): Promise<Stream<T>> {
    this.#requireOpen()
    this.#requireWritable()
    const key = this.#keyOf(name)
    const { shards, retentionHours, maxRecordBytes } = checkedCreateOptions(
      options as CreateStreamOptions<never>,
      this.#engine.caps,
    )
    const codec = codecOf(options)
    const id = streamId(key)
    if (this.#meta.state.streams.has(id)) throw streamExists(key)

    const createdAtMs = this.#time.nowMs()
    const slots = await this.#engine.create(id, shards, retentionMs({ retentionHours }))
    const specs = evenSplit(shards).map(({ start, end }, index): ShardSpec => ({
      index,
      startingHashKey: start.toString(),
      endingHashKey: end.toString(),
      createdAtSeconds: Math.floor(createdAtMs / 1000),
      slot: slots[index] as ShardSpec['slot'],
    }))
    const outcome = await this.#meta.propose({
      kind: 'createStream',
      key,
      createdAtMs,
      retentionHours,
      maxRecordBytes,
      shards: specs,
    })
    if (outcome === 'stale') {
      await this.#engine.drop(id, slots)
      throw streamExists(key)
    }
    return new Stream(this.#requireCore(key), codec, this.#streamOwner)
  }

  /**
   * An existing stream. Costs nothing: a shard's log is opened at its first use.
   *
   * @throws `ERR_MILLRACE_STREAM_NOT_FOUND`, `ERR_MILLRACE_INVALID_ARGUMENT`, `ERR_MILLRACE_UNKNOWN_OPTION`
   */
  stream<T = Uint8Array>(name: string, options: StreamOptions<T> = {}): Stream<T> {
    this.#requireOpen()
    requireOptions('stream options', options, ['codec'])
    const codec = codecOf(options)
    return new Stream(this.#requireCore(this.#keyOf(name)), codec, this.#streamOwner)
  }

  /** The streams of the store's account and region, by name. */
  listStreams(): readonly StreamDescription[] {
    this.#requireOpen()
    return [...this.#meta.state.streams.values()]
      .filter(({ key }) => key.account === this.#account && key.region === this.#region)
      .map(describeStream)
      .toSorted((a, b) => (a.name < b.name ? -1 : 1))
  }

  /**
   * Deletes a stream with all it holds. Whoever uses it meets `ERR_MILLRACE_STREAM_NOT_FOUND`, also readers that
   * wait.
   *
   * Rejects with `ERR_MILLRACE_STREAM_NOT_FOUND`, `ERR_MILLRACE_INVALID_ARGUMENT`, `ERR_MILLRACE_READ_ONLY`; then
   * nothing has changed.
   */
  async deleteStream(name: string): Promise<void> {
    this.#requireOpen()
    this.#requireWritable()
    const key = this.#keyOf(name)
    this.#deleting.add(streamId(key))
    const core = await this.#change(
      () => this.#requireCore(key),
      ({ revision }) => ({ kind: 'deleteStream', key, revision }),
    ).finally(() => this.#deleting.delete(streamId(key)))
    await core.drain()
    await core.close().catch(() => {}) // of a log whose files are going anyway
    // The stream is gone; while the store closes, its files are left for the next opening to sweep.
    if (this.#closing !== undefined) return
    await this.#engine.drop(core.id, slotsOf(core.state))
  }

  /**
   * Closes the store: waits for what was put, ends readers and later calls with `ERR_MILLRACE_CLOSED`, closes logs,
   * metadata and engine. Again: the same promise. Rejects with the first thing that went wrong; everything is
   * closed all the same.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  /** `close`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(): Promise<void> {
    const closed = closedError()
    const cores = [...this.#cores.values()]
    for (const core of cores) core.end(closed)
    const failures: unknown[] = []
    const attempt = async (work: Promise<unknown>): Promise<void> => {
      await work.catch((error: unknown) => failures.push(error))
    }
    await Promise.all(cores.map((core) => attempt(core.drain())))
    await attempt(this.#resharder.close())
    await attempt(this.#sweeper.close())
    if (!this.#engine.caps.readOnly) await Promise.all(cores.map((core) => attempt(core.sweepOpen())))
    await Promise.all(cores.map((core) => attempt(core.close())))
    this.#stopListening()
    await attempt(this.#meta.close())
    await attempt(this.#engine.close())
    if (failures.length > 0) throw failures[0]
  }

  async #setRetention(core: StreamCore, hours: unknown): Promise<void> {
    const retentionHours = requireRetentionHours(hours)
    if (retentionHours === core.state.retentionHours) return
    await this.#change(
      () => core,
      ({ key, revision }) => ({
        kind: 'setRetention',
        key,
        revision,
        retentionHours,
        hiddenBeforeMs: core.horizonMs(),
      }),
    )
    await this.#engine.setRetention(core.id, retentionMs({ retentionHours }))
    this.#sweeper.expect(core.id, this.#time.nowMs())
  }

  async #dropShards(core: StreamCore, shards: readonly Shard[]): Promise<void> {
    for (let proposals = 0; proposals < proposalsMax; proposals++) {
      // Somebody else may have been quicker, with some of them.
      const left = shards.filter((shard) => !shard.dropped)
      if (left.length === 0) return
      const { key, revision } = core.state
      const indexes = left.map(({ index }) => index)
      const outcome = await this.#meta.propose({ kind: 'dropShards', key, revision, shards: indexes })
      if (outcome === 'stale') continue
      await Promise.allSettled(left.map((shard) => shard.close()))
      if (this.#closing !== undefined) return // then the next opening removes the files
      const slots = left.map(({ spec }) => spec.slot)
      return this.#engine.drop(core.id, slots)
    }
  }

  /** Hears of what others wrote. Metadata that cannot be read any more have been warned of. */
  #refresh(): void {
    try {
      void this.#meta.state
    } catch {
      // What is known still holds.
    }
  }

  /** Proposes a command about a stream until it builds on the stream's present state. */
  async #change(find: () => StreamCore, command: (state: StreamState) => Command): Promise<StreamCore> {
    for (let proposals = 0; proposals < proposalsMax; proposals++) {
      const core = find()
      core.requireUsable()
      const outcome = await this.#meta.propose(command(core.state))
      if (outcome === 'applied') return core
    }
    throw new MillraceError('ERR_MILLRACE_BACKLOG', 'others keep changing the stream; try again later')
  }

  /** Follows the metadata, whoever changed it. */
  #changed(command: Command): void {
    const id = streamId(command.key)
    const core = this.#cores.get(id)
    if (command.kind === 'deleteStream') {
      core?.end(streamNotFound(command.key))
      // Somebody else deleted it: its readers have to be told, and its logs let go.
      if (!this.#deleting.has(id))
        void core
          ?.drain()
          .then(() => core.close())
          .catch(() => {}) // of a log whose files are going anyway
      this.#cores.delete(id)
      this.#sweeper.forget(id)
      this.#resharder.watch(id, undefined)
      return
    }
    const state = this.#meta.state.streams.get(id)
    if (state !== undefined) core?.update(state)
    if (!this.#engine.caps.readOnly) this.#resharder.watch(id, state)
  }

  #requireOpen(): void {
    if (this.#closing !== undefined) throw closedError()
  }

  #requireWritable(): void {
    if (this.#engine.caps.readOnly) throw readOnlyError()
  }

  #keyOf(name: unknown): StreamKey {
    return { account: this.#account, region: this.#region, name: requireStreamName(name) }
  }

  #requireCore(key: StreamKey): StreamCore {
    const core = this.#coreOf(streamId(key))
    if (core === undefined) throw streamNotFound(key)
    return core
  }

  #coreOf(id: string): StreamCore | undefined {
    // First: a reader hears of changes here at the latest.
    const state = this.#meta.state.streams.get(id)
    const known = this.#cores.get(id)
    if (known !== undefined) return known
    if (state === undefined) return undefined
    const core = new StreamCore(this.#streamHost, state)
    // Whoever closes the store closes the streams that were used before.
    if (this.#closing === undefined) this.#cores.set(id, core)
    else core.end(closedError())
    return core
  }
}

function closedError(): MillraceError {
  return new MillraceError('ERR_MILLRACE_CLOSED', 'the store is closed')
}

function streamNotFound(key: StreamKey): MillraceError {
  return new MillraceError('ERR_MILLRACE_STREAM_NOT_FOUND', `there is no stream ${key.name}`, {
    details: { ...key },
  })
}

function streamExists(key: StreamKey): MillraceError {
  return new MillraceError('ERR_MILLRACE_STREAM_EXISTS', `there is a stream ${key.name} already`, {
    details: { ...key },
  })
}
