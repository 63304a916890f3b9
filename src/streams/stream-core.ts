import { type Clock, nextTurn } from '../clock.ts'
import { MillraceError } from '../errors.ts'
import { type LogEngine, RecordFlag, type ShardLog } from '../log/log.ts'
import type { ShardSpec } from '../meta/commands.ts'
import type { StreamState } from '../meta/state.ts'
import { streamId } from '../meta/state.ts'
import type { LeaseWatch } from './batch-lease.ts'
import { BlockPool } from './block-supply.ts'
import { Committer } from './commit.ts'
import { consumerArn } from './consumers.ts'
import { GroupCommit } from './group-commit.ts'
import { isInternal } from './internal-streams.ts'
import type { Limits } from './limits.ts'
import { LoadScaler, type ScalerHost } from './load-scaler.ts'
import { Meter } from './meter.ts'
import { absentKey } from './partition-key.ts'
import { PointRead } from './point-read.ts'
import { expiresAtMs, horizonMs, retentionMs } from './retention.ts'
import { Shard } from './shard.ts'
import type { ShardMap } from './shard-map.ts'
import { isExpired, isResharding, ShardTable } from './shard-table.ts'
import { notActive } from './status.ts'
import { distributionOf } from './stream-mode.ts'
import type { StagingPool } from './staging.ts'
import { type ShardStats, shardStats } from './stats.ts'
import type { StoreTime } from './store-time.ts'
import { StreamLimits } from './stream-limits.ts'
import { modeOf } from './stream-mode.ts'
import { Subscriptions } from './subscriptions.ts'
import type { GateHook, WriteGate } from './write-gate.ts'

/** Shards that a sweep visits before the event loop gets a turn. */
const shardsInTurn = 16

/** What a store shares with its streams. */
export interface StreamHost {
  readonly engine: LogEngine
  readonly clock: Clock
  readonly time: StoreTime
  readonly stagings: StagingPool
  readonly leases: LeaseWatch
  /** `undefined` where they are off. */
  readonly limits: Limits | undefined
  readonly gates: GateHook
  /** Splits the shards of streams on demand. */
  readonly scaler: ScalerHost
  /** Something of this stream expires at `dueMs` at the earliest. */
  expects(core: StreamCore, dueMs: number): void
  /** Takes over what others did to the metadata, so that whoever was told of something finds it. */
  refresh(): void
  /** Whether all is known that others did to the metadata, after `refresh`. */
  readonly upToDate: boolean
  /** `refresh` that sees to it. */
  caughtUp(): Promise<void>
  /** Finishes what was begun with the shards of this stream, whoever began it. Rejects with why that cannot be. */
  finishReshard(core: StreamCore): Promise<void>
  /** Takes these shards, whose records have expired, out of the stream, and removes their logs. */
  dropShards(core: StreamCore, shards: readonly Shard[]): Promise<void>
}

/** One stream of an open store: what all `Stream` objects of it share, whatever their codecs. */
export class StreamCore {
  readonly id: string
  readonly blocks: BlockPool = new BlockPool()
  /** What AWS refuses of this stream; `undefined` where limits are off. */
  readonly limits: StreamLimits | undefined
  /** Judges or counts what is put, if anybody does; behind the gate of test support. */
  ownGate: WriteGate | undefined
  readonly #host: StreamHost
  #state: StreamState
  #table: ShardTable
  /** Told when the shards have changed, or the stream has ended. */
  readonly #listeners: Set<() => void> = new Set()
  #commits: GroupCommit | undefined
  #points: PointRead | undefined
  #subscriptions: Subscriptions | undefined
  /** Why nothing more can be done with this stream. */
  #ended: MillraceError | undefined
  /** No log may be opened any more. */
  #closed = false
  /** The sweeper knows that the stream holds something. */
  #expected = false
  /** Made when the stream is monitored for the first time. */
  #meter: Meter | undefined
  /** Before this the stream is CREATING, milliseconds since 1970; undefined once it is known not to be. */
  #creatingUntilMs: number | undefined

  constructor(host: StreamHost, state: StreamState) {
    this.#host = host
    this.#state = state
    this.#creatingUntilMs = state.settings?.creatingUntilMs
    this.#monitor()
    this.id = streamId(state.key)
    if (!isInternal(state.key)) this.limits = host.limits && new StreamLimits(this, host.limits)
    this.#guard()
    this.#table = ShardTable.of(state.shards, this.#shardOf)
  }

  /** Its shards and their descent, as of now. */
  get table(): ShardTable {
    return this.#table
  }

  /** All its shards, by index: also closed ones whose records expired and that are not dropped yet. */
  get shards(): readonly Shard[] {
    return this.#table.all
  }

  /** The shards that may hold something that can be read: the open ones, and closed ones within retention. */
  get readableShards(): readonly Shard[] {
    const { all, open } = this.#table
    if (all.length === open.open.length) return all
    const horizon = this.horizonMs()
    return all.filter((shard) => !isExpired(shard.spec, horizon))
  }

  /** Who takes which records. */
  get map(): ShardMap {
    return this.#table.open
  }

  /** Records go to any shard, whatever their keys. */
  get spreads(): boolean {
    return distributionOf(this.#state) === 'AUTO'
  }

  /** Stands for the partition key of a record without one; undefined where every record must have one. */
  get keyless(): typeof absentKey | undefined {
    return this.spreads ? absentKey : undefined
  }

  /** Counts what is put and read, where that is monitored now. */
  get meter(): Meter | undefined {
    return this.#state.settings?.monitoring === undefined ? undefined : this.#meter
  }

  /** What was counted while it was monitored. */
  get counted(): Meter | undefined {
    return this.#meter
  }

  /** `RecordFlag` bits of what is put now. */
  get recordFlags(): number {
    return this.#state.settings?.kmsKeyId === undefined ? 0 : RecordFlag.kms
  }

  /** Its shards are changing: splits and merges are refused. */
  get resharding(): boolean {
    return isResharding(this.#state)
  }

  /** Its shards are changing, or may be as far as is known at this moment. */
  get mayBeResharding(): boolean {
    return this.resharding || !this.#host.upToDate
  }

  /** Takes over what others did to the stream. */
  refresh(): void {
    this.#host.refresh()
  }

  /** Calls `listener` when the shards have changed, or the stream has ended. Answers a function that forgets it. */
  onShards(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => {
      this.#listeners.delete(listener)
    }
  }

  /**
   * Resolves once a shard whose log has ended is closed and its children are known.
   *
   * Rejects with `ERR_MILLRACE_SHARD_SEALED` if no reshard is under way, and with why one cannot be finished.
   */
  async resharded(shard: Shard): Promise<void> {
    await this.#host.caughtUp()
    if (!shard.closed && this.#state.resharding !== undefined) await this.#host.finishReshard(this)
    if (shard.closed || shard.dropped) return
    throw new MillraceError('ERR_MILLRACE_SHARD_SEALED', `${shard.id} of ${this.streamName} has ended`, {
      details: { stream: this.streamName, shardId: shard.id },
    })
  }

  get state(): StreamState {
    return this.#state
  }

  get streamName(): string {
    return this.#state.key.name
  }

  /** Sets timers. */
  get clock(): Clock {
    return this.#host.clock
  }

  get time(): StoreTime {
    return this.#host.time
  }

  get leases(): LeaseWatch {
    return this.#host.leases
  }

  /** The way in; made at the first put, so that a stream that is only read needs none. */
  get commits(): GroupCommit {
    this.#commits ??= new GroupCommit(new Committer(this, this.#host.engine), this.#host.stagings)
    return this.#commits
  }

  /** Reads single records; made at the first one, since its memory is not for free. */
  get points(): PointRead {
    this.#points ??= new PointRead()
    return this.#points
  }

  /** Who judges or counts what is put now, if anybody does. */
  get gate(): WriteGate | undefined {
    return this.#host.gates.before?.(this) ?? this.ownGate
  }

  /** Who is pushed the records of this stream. */
  get subscriptions(): Subscriptions {
    this.#subscriptions ??= new Subscriptions(this)
    return this.#subscriptions
  }

  /** Everything that was put so far has its answer. */
  async drain(): Promise<void> {
    await this.#commits?.drain()
  }

  get ended(): boolean {
    return this.#ended !== undefined
  }

  /** Throws `ERR_MILLRACE_CLOSED` or `ERR_MILLRACE_STREAM_NOT_FOUND` once the stream was ended. */
  requireUsable(): void {
    const ended = this.#ended
    if (ended !== undefined) throw new MillraceError(ended.code, ended.message, { details: ended.details })
  }

  /** `requireUsable`, and throws `ERR_MILLRACE_READ_ONLY` where nothing can be written. */
  requireWritable(): void {
    this.requireUsable()
    if (this.#host.engine.caps.readOnly) throw readOnlyError()
  }

  /** `requireWritable`, and throws `ERR_MILLRACE_STREAM_NOT_ACTIVE` while the stream is CREATING. */
  requireTakesRecords(): void {
    this.requireWritable()
    if (this.#creatingUntilMs === undefined) return
    if (this.#host.time.nowMs() < this.#creatingUntilMs) throw notActive(this.#state, 'CREATING')
    this.#creatingUntilMs = undefined
  }

  /** `requireUsable`, and throws `ERR_MILLRACE_UNSUPPORTED` where no record can be read within a call. */
  requireAnswersWithinCall(): void {
    this.requireUsable()
    if (!this.#host.engine.caps.readsWithinCall) throw notWithinCall()
  }

  /** Takes over the state that the metadata has now. */
  update(state: StreamState): void {
    const before = this.#table
    const { spreads, recordFlags, meter } = this
    const { consumers } = this.#state
    this.#state = state
    if (state.consumers !== consumers) this.#subscriptions?.retain(subscribersOf(state))
    this.#monitor()
    this.#guard()
    if (state.shards !== before.specs) this.#table = before.next(state.shards, this.#shardOf)
    const otherwise = spreads !== this.spreads || recordFlags !== this.recordFlags || meter !== this.meter
    if (otherwise || this.#table.open !== before.open) {
      this.#commits?.use(new Committer(this, this.#host.engine))
    }
    if (this.#table === before) return
    // What goes wrong with logs whose files are going anyway is of no interest.
    for (const shard of before.all) {
      if (!shard.dropped) continue
      this.limits?.forget(shard)
      void shard.close().catch(() => {})
    }
    if (!this.#host.engine.caps.readOnly) this.stored()
    this.#tell()
  }

  /** On demand somebody measures what is put. */
  #guard(): void {
    if (modeOf(this.#state) !== 'ON_DEMAND') this.ownGate = this.limits
    else if (!(this.ownGate instanceof LoadScaler)) this.ownGate = new LoadScaler(this, this.#host.scaler)
  }

  /** From now on every call fails with this error. What was put before still goes through. */
  end(error: MillraceError): void {
    this.#ended ??= error
    this.#tell()
  }

  /** Closes the logs of a stream that was ended; readers that wait are told. */
  async close(): Promise<void> {
    this.#closed = true
    const closed = await Promise.allSettled(this.shards.map((shard) => shard.close()))
    for (const outcome of closed) if (outcome.status === 'rejected') throw outcome.reason
  }

  /** Records that arrived before this are hidden; milliseconds since 1970. */
  horizonMs(): number {
    return horizonMs(this.#state, this.#host.time.nowMs())
  }

  /** Records were stored, which will expire one day. */
  stored(): void {
    if (this.#expected) return
    try {
      this.#host.expects(this, this.#host.time.nowMs() + retentionMs(this.#state))
      this.#expected = true
    } catch {
      // A clock that fails takes back nothing that is stored. The next record tries again.
    }
  }

  /**
   * Gives the space of hidden records back, and answers when the next one is due; `Infinity` if the stream holds
   * nothing any more.
   */
  async sweep(): Promise<number> {
    let oldestMs = Number.POSITIVE_INFINITY
    // What is stored while this goes on announces itself.
    this.#expected = false
    const expired = this.#expiredShards()
    if (expired.length > 0) await this.#host.dropShards(this, expired)
    for (const [visited, shard] of this.shards.entries()) {
      if (shard.dropped) continue
      if (visited % shardsInTurn === shardsInTurn - 1) await nextTurn()
      if (this.ended) return Number.POSITIVE_INFINITY
      oldestMs = Math.min(oldestMs, await this.#trimShard(shard))
      // An empty one goes, too, when it expires.
      oldestMs = Math.min(oldestMs, shard.spec.closedAtMs ?? Number.POSITIVE_INFINITY)
    }
    if (oldestMs !== Number.POSITIVE_INFINITY) this.#expected = true
    return expiresAtMs(this.#state, oldestMs)
  }

  /** The same for logs that are open, so that what was hidden stays so whatever the next clock says. */
  async sweepOpen(): Promise<void> {
    for (const shard of this.shards) if (shard.opened !== undefined) await this.#trim(shard.opened)
  }

  async statsOf(shard: Shard): Promise<ShardStats> {
    const log = await shard.log()
    const visible = await log.seek(this.horizonMs())
    return shardStats(shard, await log.stats(), visible)
  }

  #expiredShards(): readonly Shard[] {
    const horizon = this.horizonMs()
    return this.shards.filter((shard) => isExpired(shard.spec, horizon))
  }

  readonly #shardOf = (spec: ShardSpec): Shard =>
    new Shard(spec, (slot) => {
      if (this.#closed) this.requireUsable()
      return this.#host.engine.open(slot)
    })

  #monitor(): void {
    const names = this.#state.settings?.monitoring
    if (names !== undefined) (this.#meter ??= new Meter(this.#host.time)).keep(names)
  }

  #tell(): void {
    for (const listener of Array.from(this.#listeners)) listener()
  }

  async #trimShard(shard: Shard): Promise<number> {
    try {
      return await shard.visit((log) => this.#trim(log))
    } catch (error) {
      // Another thread may have dropped it meanwhile.
      if (shard.dropped) return Number.POSITIVE_INFINITY
      throw error
    }
  }

  /** Hides what expired for good; answers the arrival of the oldest record that is left. */
  async #trim(log: ShardLog): Promise<number> {
    let stats = await log.stats()
    const horizon = this.horizonMs()
    if (stats.first < stats.next && stats.firstTimeMs < horizon) {
      await log.trim(await log.seek(horizon))
      stats = await log.stats()
    }
    return stats.first < stats.next ? stats.firstTimeMs : Number.POSITIVE_INFINITY
  }
}

/** ARNs of the consumers that may go on with their subscriptions. */
function subscribersOf({ key, consumers = [] }: StreamState): readonly string[] {
  return consumers
    .filter(({ deletingUntilMs }) => deletingUntilMs === undefined)
    .map((consumer) => consumerArn(key, consumer))
}

function notWithinCall(): MillraceError {
  return new MillraceError(
    'ERR_MILLRACE_UNSUPPORTED',
    'getSync() cannot answer within the call on this store: use get()',
    { details: { method: 'getSync', instead: 'get' } },
  )
}

/** What every call that would write fails with in a store that was opened to be read. */
export function readOnlyError(): MillraceError {
  return new MillraceError(
    'ERR_MILLRACE_READ_ONLY',
    'the store was opened with readOnly: nothing can be written',
  )
}
