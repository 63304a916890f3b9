import { MillraceError } from '../errors.ts'
import type { LogEngine } from '../log/log.ts'
import { type Command, isStreamCommand, type StreamKey } from '../meta/commands.ts'
import type { MetaStore } from '../meta/meta.ts'
import { slotsOf, streamId } from '../meta/state.ts'
import { requireOptions } from '../options.ts'
import { Account, type AccountHost, type AccountKey, type ListStreamsOptions } from './account.ts'
import { requireRoomToCreate } from './account-limits.ts'
import { AccountStates } from './account-states.ts'
import { LeaseWatch } from './batch-lease.ts'
import { ClosingHooks } from './closing-hooks.ts'
import {
  checkedCreateOptions,
  type CreateStreamOptions,
  requireRetentionHours,
  requireTakes,
  type StreamPlan,
} from './create-options.ts'
import { createFor } from './creation.ts'
import { type DeleteStreamOptions, enforcesConsumerDeletion } from './delete-options.ts'
import { Departures } from './departures.ts'
import type { StreamDescription } from './description.ts'
import type { Limits } from './limits.ts'
import { limitsOf } from './limit-options.ts'
import { scalerHost } from './load-scaler.ts'
import { dropShards } from './dropped-shards.ts'
import { Proposals } from './proposals.ts'
import { retentionMs } from './retention.ts'
import { isResharding } from './shard-table.ts'
import { StagingPool } from './staging.ts'
import { requireActive } from './status.ts'
import {
  checkedStoreOptions,
  type ChosenStoreOptions,
  codecOf,
  requireAccount,
  requireStreamKey,
  type StoreOptions,
  type StreamOptions,
} from './store-options.ts'
import { closedError, requireDeletable, streamExists, streamNotFound } from './store-refusals.ts'
import { insideFor, type StoreInside } from './store-inside.ts'
import { StoreTime } from './store-time.ts'
import { Stream } from './stream.ts'
import { type Decision, settingsChanged, type StreamOwner } from './stream-changes.ts'
import { readOnlyError, StreamCore, type StreamHost } from './stream-core.ts'
import { Resharder } from './resharder.ts'
import { type StoreStats, storeStats } from './stats.ts'
import { Sweeper } from './sweeper.ts'

export type { StoreInside } from './store-inside.ts'

/** The door for the layers above from a store to what it is made of. No part of the public surface. */
export let insideOf: (store: Store) => StoreInside

/**
 * All streams of one place, a folder or memory. `open` makes stores. Every method fails with `ERR_MILLRACE_CLOSED`
 * after `close`.
 */
export class Store {
  readonly #engine: LogEngine
  readonly #meta: MetaStore
  readonly #options: ChosenStoreOptions
  readonly #folder: string | undefined
  readonly #accounts: AccountStates
  readonly #proposals: Proposals
  readonly #own: Account
  readonly #accountHost: AccountHost
  readonly #departures: Departures
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
  readonly #hooks: ClosingHooks = new ClosingHooks()
  #closed = false
  #closing: Promise<void> | undefined

  static {
    insideOf = (store) => store.#inside
  }

  private constructor(engine: LogEngine, meta: MetaStore, options: ChosenStoreOptions, folder?: string) {
    this.#folder = folder
    this.#engine = engine
    this.#meta = meta
    this.#options = options
    this.#time = new StoreTime(options.clock, options.onWarning)
    this.#sweeper = new Sweeper({
      clock: options.clock,
      time: this.#time,
      warn: options.onWarning,
      find: (id) => this.#coreOf(id),
    })
    this.#limits = limitsOf(options, engine.buckets)
    this.#resharder = new Resharder({
      engine,
      meta,
      time: this.#time,
      clock: options.clock,
      updatingMs: options.transitions.updatingMs,
      inTurn: (core, call) => this.#proposals.inTurn(core.id, call),
      adding: (core, call) => this.#accounts.adding(core.state.key, call),
      requireRoom: (core, shards) => this.#accounts.requireRoom(core.state.key, { shards }),
      find: (id) => this.#coreOf(id),
    })
    this.#streamHost = {
      engine,
      clock: options.clock,
      time: this.#time,
      stagings: new StagingPool(),
      leases: new LeaseWatch(options.onWarning),
      limits: this.#limits,
      gates: { before: undefined },
      scaler: scalerHost(this.#resharder, options.onWarning),
      expects: (core, dueMs) => this.#sweeper.expect(core.id, dueMs),
      refresh: () => this.#refresh(),
      get upToDate() {
        return meta.upToDate
      },
      caughtUp: () => meta.caughtUp(),
      finishReshard: (core) => this.#resharder.finish(core),
      dropShards: (core, shards) =>
        this.#proposals.inTurn(core.id, () =>
          dropShards({ engine, meta, isClosed: () => this.#closed }, core, shards),
        ),
    }
    this.#inside = this.#makeInside()
    this.#departures = new Departures({
      clock: options.clock,
      time: this.#time,
      warn: options.onWarning,
      remove: (id) => this.#depart(id),
    })
    this.#accounts = new AccountStates(meta, this.#time)
    this.#proposals = new Proposals(meta, this.#time)
    this.#streamOwner = this.#makeStreamOwner()
    this.#accountHost = this.#makeAccountHost()
    this.#own = new Account(this.#accountHost, options)
    this.#stopListening = meta.onChange((command) => this.#changed(command))
  }

  /**
   * Makes a store of an engine and its metadata; `close` closes both. `open` is the usual way to one.
   *
   * Rejects with `ERR_MILLRACE_INVALID_ARGUMENT` or `ERR_MILLRACE_UNKNOWN_OPTION`; engine and metadata are then
   * still the caller's to close.
   *
   * @param folder where layers above may keep what needs files, if the store has such a place
   */
  static async create(
    engine: LogEngine,
    meta: MetaStore,
    options: StoreOptions = {},
    folder?: string,
  ): Promise<Store> {
    const checked = checkedStoreOptions(options)
    // What is left over, and what expires, is the writer's to remove.
    if (engine.caps.readOnly) return new Store(engine, meta, checked, folder)
    const states = [...meta.state.streams.values()]
    // What a crash left between a command and its effect belongs to no stream.
    await engine.sweep(states.flatMap(slotsOf))
    const store = new Store(engine, meta, checked, folder)
    for (const state of states) {
      const id = streamId(state.key)
      store.#sweeper.expect(id, state.createdAtMs + retentionMs(state))
      const deletingUntilMs = state.settings?.deletingUntilMs
      if (deletingUntilMs !== undefined) store.#departures.expect(id, deletingUntilMs)
      // A crash came between the two commands of a reshard. If it cannot be finished now, it is tried again.
      const core = isResharding(state) ? store.#coreOf(id) : undefined
      if (core !== undefined) await store.#resharder.finish(core).catch(() => {})
    }
    return store
  }

  /**
   * The streams of another account or region, which are a name space of their own. What the store was opened with is
   * the one that its own methods mean.
   *
   * @throws `ERR_MILLRACE_INVALID_ARGUMENT`, `ERR_MILLRACE_UNKNOWN_OPTION`
   */
  within(key: AccountKey): Account {
    this.#requireOpen()
    return new Account(this.#accountHost, requireAccount(key))
  }

  /** The store's own account. */
  get account(): Account {
    return this.#own
  }

  /**
   * Creates a stream; resolves once it would survive a crash.
   *
   * Rejects with `ERR_MILLRACE_STREAM_EXISTS`, `ERR_MILLRACE_INVALID_ARGUMENT`, `ERR_MILLRACE_UNKNOWN_OPTION`,
   * `ERR_MILLRACE_UNSUPPORTED`, `ERR_MILLRACE_NO_SPACE`, `ERR_MILLRACE_READ_ONLY`; with
   * `ERR_MILLRACE_LIMIT_EXCEEDED` while 5 streams are CREATING, or beyond a limit that was set; then nothing has changed.
   *
   * @param name 1 to 128 characters out of `a-z A-Z 0-9 _ . -`
   */
  createStream<T = Uint8Array>(name: string, options: CreateStreamOptions<T> = {}): Promise<Stream<T>> {
    return this.#createStream(this.#own, name, options)
  }

  /**
   * An existing stream. Costs nothing: a shard's log is opened at its first use.
   *
   * @throws `ERR_MILLRACE_STREAM_NOT_FOUND`, `ERR_MILLRACE_INVALID_ARGUMENT`, `ERR_MILLRACE_UNKNOWN_OPTION`
   */
  stream<T = Uint8Array>(name: string, options: StreamOptions<T> = {}): Stream<T> {
    return this.#stream(this.#own, name, options)
  }

  /** The streams of the store's account and region, by name, or a page of them. As `account.listStreams`. */
  listStreams(options: ListStreamsOptions = {}): readonly StreamDescription[] {
    return this.#own.listStreams(options)
  }

  /**
   * Deletes a stream with all it holds. Whoever uses it meets `ERR_MILLRACE_STREAM_NOT_FOUND`, also readers that
   * wait. In a store with `transitions` it is DELETING first, and goes when that is over.
   *
   * Rejects with `ERR_MILLRACE_STREAM_NOT_FOUND`; `ERR_MILLRACE_STREAM_IN_USE` while it has registered consumers, unless
   * they may go, too; `ERR_MILLRACE_STREAM_NOT_ACTIVE` for one that is DELETING already;
   * `ERR_MILLRACE_INVALID_ARGUMENT`, `ERR_MILLRACE_READ_ONLY`; then nothing has changed.
   */
  deleteStream(name: string, options: DeleteStreamOptions = {}): Promise<void> {
    return this.#deleteStream(this.#own, name, options)
  }

  /** What the store has done since this process opened it. Rejects with `ERR_MILLRACE_CLOSED` only. */
  async stats(): Promise<StoreStats> {
    this.#requireOpen()
    return storeStats(this.#engine)
  }

  /**
   * Closes the store: waits for what was put, ends readers and later calls with `ERR_MILLRACE_CLOSED`, closes logs,
   * metadata and engine. Where delivery streams run they end first, and the store can be used until they have. Again:
   * the same promise. Rejects with the first thing that went wrong; everything is closed all the same.
   */
  close(): Promise<void> {
    this.#closing ??= this.#hooks.empty
      ? this.#close([])
      : this.#hooks.run().then((went) => this.#close(went))
    return this.#closing
  }

  /** `close`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(failed: readonly unknown[]): Promise<void> {
    this.#closed = true
    const closed = closedError()
    const cores = [...this.#cores.values()]
    for (const core of cores) core.end(closed)
    const failures = [...failed]
    const attempt = async (work: Promise<unknown>): Promise<void> => {
      await work.catch((error: unknown) => failures.push(error))
    }
    // At once: what goes from now on goes at the next opening.
    const departed = attempt(this.#departures.close())
    await Promise.all(cores.map((core) => attempt(core.drain())))
    await departed
    await attempt(this.#resharder.close())
    await attempt(this.#sweeper.close())
    if (!this.#engine.caps.readOnly) await Promise.all(cores.map((core) => attempt(core.sweepOpen())))
    await Promise.all(cores.map((core) => attempt(core.close())))
    this.#stopListening()
    await attempt(this.#meta.close())
    await attempt(this.#engine.close())
    if (failures.length > 0) throw failures[0]
  }

  #makeInside(): StoreInside {
    return insideFor({
      options: this.#options,
      folder: this.#folder,
      engine: this.#engine,
      meta: this.#meta,
      time: this.#time,
      limits: this.#limits,
      resharder: this.#resharder,
      gates: this.#streamHost.gates,
      hooks: this.#hooks,
      owner: () => this.#streamOwner,
      requireOpen: () => this.#requireOpen(),
      requireWritable: () => this.#requireWritable(),
      core: (key) => this.#requireCore(key),
      remove: (key) => this.#remove(key, ({ revision }) => ({ kind: 'deleteStream', key, revision })),
    })
  }

  #makeStreamOwner(): StreamOwner {
    const { transitions } = this.#options
    return {
      resharder: this.#resharder,
      transitions,
      nowMs: () => this.#time.nowMs(),
      present: (core) => this.#proposals.present(core),
      isCommitted: (core) => this.#accounts.isCommitted(core.state.key),
      adding: (core, call) => this.#accounts.adding(core.state.key, call),
      requireRoom: (core, added) => this.#accounts.requireRoom(core.state.key, added),
      change: async (core, decide) => {
        core.requireWritable()
        await this.#proposals.change(() => core, decide)
      },
      setRetention: (core, hours) => this.#setRetention(core, hours),
      requireTakes: (maxRecordBytes) => requireTakes(this.#engine.caps, maxRecordBytes),
    }
  }

  #makeAccountHost(): AccountHost {
    return {
      createStream: (at, name, options) => this.#createStream(at, name, options),
      stream: (at, name, options) => this.#stream(at, name, options),
      deleteStream: (at, name, options) => this.#deleteStream(at, name, options),
      nowMs: () => this.#time.nowMs(),
      streamsByName: (at) => this.#openAccounts().streamsByName(at),
      streamsOf: (at) => this.#openAccounts().streamsOf(at),
      settingsOf: (at) => this.#openAccounts().settingsOf(at),
      change: async (at, decide) => {
        const accounts = this.#openAccounts()
        this.#requireWritable()
        await accounts.change(at, decide)
      },
    }
  }

  #openAccounts(): AccountStates {
    this.#requireOpen()
    return this.#accounts
  }

  async #createStream<T>(at: AccountKey, name: unknown, options: CreateStreamOptions<T>): Promise<Stream<T>> {
    this.#requireOpen()
    this.#requireWritable()
    const key = requireStreamKey(at, name)
    const plan = checkedCreateOptions(
      options as CreateStreamOptions<never>,
      this.#engine.caps,
      this.#accounts.isCommitted(at),
    )
    const codec = codecOf(options)
    const bounded = this.#options.transitions.creatingMs > 0
    await this.#accounts.adding(at, () => this.#create(key, plan), bounded)
    return new Stream(this.#requireCore(key), codec, this.#streamOwner)
  }

  async #create(key: StreamKey, plan: StreamPlan): Promise<void> {
    this.#requireOpen()
    if (this.#meta.state.streams.has(streamId(key))) throw streamExists(key)
    const createdAtMs = this.#time.nowMs()
    const { creatingMs } = this.#options.transitions
    const onDemandStreams = plan.settings.mode === 'ON_DEMAND' ? 1 : 0
    this.#accounts.requireRoom(key, { shards: plan.shards, onDemandStreams })
    if (creatingMs > 0) requireRoomToCreate(this.#accounts.streamsOf(key), createdAtMs)
    await createFor({ engine: this.#engine, meta: this.#meta }, key, plan, createdAtMs, creatingMs)
  }

  #stream<T>(at: AccountKey, name: unknown, options: StreamOptions<T>): Stream<T> {
    this.#requireOpen()
    requireOptions('stream options', options, ['codec'])
    const codec = codecOf(options)
    return new Stream(this.#requireCore(requireStreamKey(at, name)), codec, this.#streamOwner)
  }

  async #deleteStream(at: AccountKey, name: unknown, options: DeleteStreamOptions): Promise<void> {
    this.#requireOpen()
    this.#requireWritable()
    const key = requireStreamKey(at, name)
    const withConsumers = enforcesConsumerDeletion(options)
    const { deletingMs } = this.#options.transitions
    const decide: Decision = (state, nowMs) => {
      requireDeletable(state, nowMs, withConsumers)
      if (deletingMs > 0) return settingsChanged(state, { deletingUntilMs: nowMs + deletingMs })
      return { kind: 'deleteStream', key, revision: state.revision }
    }
    if (deletingMs > 0) await this.#proposals.change(() => this.#requireCore(key), decide)
    else await this.#remove(key, decide)
  }

  /** A stream that is DELETING has been so for long enough. */
  async #depart(id: string): Promise<void> {
    const state = this.#meta.state.streams.get(id)
    // Somebody else was quicker; and perhaps there is another stream of that name.
    if (state?.settings?.deletingUntilMs === undefined) return
    try {
      await this.#remove(state.key, ({ key, revision, settings }) =>
        settings?.deletingUntilMs === undefined ? undefined : { kind: 'deleteStream', key, revision },
      )
    } catch (error) {
      const gone = error instanceof MillraceError && error.code === 'ERR_MILLRACE_STREAM_NOT_FOUND'
      if (!gone) throw error
    }
  }

  async #remove(key: StreamKey, decide: Decision): Promise<void> {
    const id = streamId(key)
    this.#deleting.add(id)
    const core = await this.#proposals
      .change(() => this.#requireCore(key), decide)
      .finally(() => this.#deleting.delete(id))
    if (core === undefined) return
    await core.drain()
    await core.close().catch(() => {}) // of a log whose files are going anyway
    // The stream is gone; while the store closes, its files are left for the next opening to sweep.
    if (this.#closed) return
    await this.#engine.drop(core.id, slotsOf(core.state))
  }

  async #setRetention(core: StreamCore, hours: unknown): Promise<void> {
    const retentionHours = requireRetentionHours(hours)
    const changed = await this.#proposals.change(
      () => core,
      (state, nowMs) => {
        requireActive(state, nowMs)
        const { key, revision } = state
        if (retentionHours === state.retentionHours) return undefined
        return { kind: 'setRetention', key, revision, retentionHours, hiddenBeforeMs: core.horizonMs() }
      },
    )
    if (changed === undefined) return
    await this.#engine.setRetention(core.id, retentionMs({ retentionHours }))
    this.#sweeper.expect(core.id, this.#time.nowMs())
  }

  /** Hears of what others wrote. Metadata that cannot be read any more have been warned of. */
  #refresh(): void {
    try {
      void this.#meta.state
    } catch {
      // What is known still holds.
    }
  }

  /** Follows the metadata, whoever changed it. */
  #changed(command: Command): void {
    if (!isStreamCommand(command)) return
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
      this.#departures.forget(id)
      this.#resharder.watch(id, undefined)
      return
    }
    const state = this.#meta.state.streams.get(id)
    if (state === undefined) return
    core?.update(state)
    if (this.#engine.caps.readOnly) return
    this.#resharder.watch(id, state)
    const deletingUntilMs = state.settings?.deletingUntilMs
    if (deletingUntilMs !== undefined) this.#departures.expect(id, deletingUntilMs)
  }

  #requireOpen(): void {
    if (this.#closed) throw closedError()
  }

  #requireWritable(): void {
    if (this.#engine.caps.readOnly) throw readOnlyError()
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
    if (!this.#closed) this.#cores.set(id, core)
    else core.end(closedError())
    return core
  }
}
