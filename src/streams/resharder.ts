import type { Clock } from '../clock.ts'
import { nextTurn } from '../clock.ts'
import type { LogEngine } from '../log/log.ts'
import type { Command, ShardSpec } from '../meta/commands.ts'
import type { MetaStore } from '../meta/meta.ts'
import { nextShardIndex, type Resharding, type StreamState } from '../meta/state.ts'
import { secondMs } from '../units.ts'
import { othersKeepChanging, proposalsMax } from './proposals.ts'
import { isOpen, planMerge, planSplit, type ReshardPlan } from './reshard-plan.ts'
import { retentionMs } from './retention.ts'
import { nextScalingStep, requireTargetShards } from './shard-count.ts'
import { isResharding } from './shard-table.ts'
import { namedShard } from './starting-position.ts'
import { requireActive, transitionEnd } from './status.ts'
import { closedError } from './store-refusals.ts'
import type { StoreTime } from './store-time.ts'
import type { StreamCore } from './stream-core.ts'

/** A step that opens so many shards takes its time: between its parts the event loop gets a turn. */
const shardsInTurn = 1000

/** Who began a reshard gets so long to finish it before others do; who could not finish it tries again then. */
const patienceMs = secondMs

/** What a resharder needs from its store. */
export interface ReshardHost {
  readonly engine: LogEngine
  readonly meta: MetaStore
  readonly time: StoreTime
  readonly clock: Clock
  /** A stream stays UPDATING for so long after its shards have changed; milliseconds. */
  readonly updatingMs: number
  /** Makes a call that proposes changes of the stream while no other one of this store does. */
  inTurn<T>(core: StreamCore, call: () => Promise<T>): Promise<T>
  /** Makes a call that adds to what the account of the stream has: `requireRoom` and the proposal within it. */
  adding<T>(core: StreamCore, call: () => Promise<T>): Promise<T>
  /**
   * Whether the account of the stream may have so many more open shards.
   *
   * @throws `ERR_MILLRACE_LIMIT_EXCEEDED`
   */
  requireRoom(core: StreamCore, shards: number): void
  /** The stream with this id, if it still exists. */
  find(id: string): StreamCore | undefined
}

/** A reshard that survives whatever comes: it is durable, and the stream is updating. */
export interface Reshard {
  /**
   * Resolves once the shards have changed, all steps of it. Rejects with why that did not come about yet: it is
   * tried again. Nobody has to look at it.
   */
  readonly finished: Promise<void>
}

type Begin = Extract<Command, { readonly kind: 'beginReshard' }>

/**
 * Splits and merges shards, in two commands: one that says what is going to happen, and one that it has. In between
 * the logs of the parents are sealed, so that every record of a parent comes before every record of its children.
 * Whoever sees the first command alone, after a crash or because a thread died, does the rest.
 */
export class Resharder {
  readonly #host: ReshardHost
  /** By the id of the stream. */
  readonly #running: Map<string, Promise<void>> = new Map()
  readonly #timers: Map<string, () => void> = new Map()
  #closing = false

  constructor(host: ReshardHost) {
    this.#host = host
  }

  /**
   * Splits a shard; resolves once that is durable.
   *
   * Rejects with what `planSplit` throws, `ERR_MILLRACE_SHARD_NOT_FOUND`, `ERR_MILLRACE_STREAM_NOT_ACTIVE`,
   * `ERR_MILLRACE_READ_ONLY`; then nothing has changed.
   */
  split(core: StreamCore, shardId: unknown, newStartingHashKey: unknown): Promise<Reshard> {
    return this.#begin(core, ({ shards }) => ({
      plan: planSplit(
        shards,
        namedShard(shardId, core.readableShards, core.streamName).spec,
        newStartingHashKey,
      ),
    }))
  }

  /**
   * Merges two neighbours; resolves once that is durable.
   *
   * Rejects with what `planMerge` throws, `ERR_MILLRACE_SHARD_NOT_FOUND`, `ERR_MILLRACE_STREAM_NOT_ACTIVE`,
   * `ERR_MILLRACE_READ_ONLY`; then nothing has changed.
   */
  merge(core: StreamCore, shardId: unknown, adjacentShardId: unknown): Promise<Reshard> {
    return this.#begin(core, () => {
      const lower = namedShard(shardId, core.readableShards, core.streamName)
      const upper = namedShard(adjacentShardId, core.readableShards, core.streamName, 'adjacentShardId')
      return { plan: planMerge(lower.spec, upper.spec) }
    })
  }

  /**
   * Changes the number of open shards; resolves once that is durable. The number that there is changes nothing.
   *
   * Rejects with what `requireTargetShards` throws, `ERR_MILLRACE_STREAM_NOT_ACTIVE`, `ERR_MILLRACE_READ_ONLY`; then
   * nothing has changed.
   */
  scale(core: StreamCore, target: unknown): Promise<Reshard> {
    return this.#begin(core, (state) => {
      const targetShards = requireTargetShards(state, target, this.#host.time.nowMs())
      const plan = nextScalingStep(state.shards, targetShards)
      return plan && { plan, targetShards, startsScaling: true }
    })
  }

  /** Finishes what was begun with the shards of a stream, whoever began it; once at a time. */
  finish(core: StreamCore): Promise<void> {
    const running = this.#running.get(core.id)
    if (running !== undefined) return running
    const finished = this.#goOn(core).then(
      () => this.#over(core),
      (error: unknown) => {
        this.#over(core)
        this.watch(core.id, core.state)
        throw error
      },
    )
    finished.catch(() => {}) // it is tried again; whoever waits for it is told
    this.#running.set(core.id, finished)
    return finished
  }

  /** The metadata say this of a stream: a reshard that somebody has begun and does not finish is finished here. */
  watch(id: string, state: StreamState | undefined): void {
    const waiting = this.#timers.get(id)
    if (state === undefined || !isResharding(state) || this.#closing) {
      waiting?.()
      this.#timers.delete(id)
      return
    }
    if (waiting !== undefined || this.#running.has(id)) return
    const cancel = this.#host.clock.after(patienceMs, () => {
      this.#timers.delete(id)
      const core = this.#host.find(id)
      if (core !== undefined && !core.ended) void this.finish(core).catch(() => {})
    })
    this.#timers.set(id, cancel)
  }

  /** Finishes the step that is under way, and begins no further one. */
  async close(): Promise<void> {
    this.#closing = true
    for (const cancel of this.#timers.values()) cancel()
    this.#timers.clear()
    await Promise.allSettled(this.#running.values())
  }

  #over(core: StreamCore): void {
    this.#running.delete(core.id)
  }

  #begin(core: StreamCore, planOf: (state: StreamState) => Steps | undefined): Promise<Reshard> {
    const propose = (): Promise<Reshard> => this.#proposeFirst(core, planOf)
    return this.#host.adding(core, () => this.#host.inTurn(core, propose))
  }

  /** Proposes the first step until it builds on the stream's present state. Without a plan there is nothing to do. */
  async #proposeFirst(core: StreamCore, planOf: (state: StreamState) => Steps | undefined): Promise<Reshard> {
    for (let proposals = 0; proposals < proposalsMax; proposals++) {
      core.requireWritable()
      core.refresh()
      requireActive(core.state, this.#host.time.nowMs())
      const steps = planOf(core.state)
      if (steps === undefined) return { finished: Promise.resolve() }
      this.#host.requireRoom(core, addedShards(core.state, steps))
      if (await this.#propose(core, steps)) return { finished: this.finish(core) }
    }
    throw othersKeepChanging()
  }

  async #propose(core: StreamCore, { plan, targetShards, startsScaling }: Steps): Promise<boolean> {
    const { engine, meta, time } = this.#host
    const { state } = core
    const first = nextShardIndex(state)
    if (plan.opens.length >= shardsInTurn) await nextTurn()
    const slots = await engine.create(core.id, plan.opens.length, retentionMs(state), first)
    const atMs = time.nowMs()
    const createdAtSecondsOf = creations(state)
    const opens = plan.opens.map((planned, place): ShardSpec => {
      const createdAtSeconds =
        1 + Math.max(Math.floor(atMs / 1000), ...planned.parents.map(createdAtSecondsOf))
      const slot = slots[place] as ShardSpec['slot']
      return { index: first + place, createdAtSeconds, slot, ...planned }
    })
    if (opens.length >= shardsInTurn) await nextTurn()
    const outcome = await meta.propose({
      kind: 'beginReshard',
      key: state.key,
      revision: state.revision,
      atMs,
      closes: plan.closes,
      opens,
      ...(targetShards !== undefined && { targetShards }),
      ...(startsScaling && { startsScaling }),
    })
    if (outcome === 'stale') await engine.drop(core.id, slots)
    return outcome === 'applied'
  }

  /** One step after the other, until the stream is where it was to go. */
  async #goOn(core: StreamCore): Promise<void> {
    for (;;) {
      core.refresh()
      if (!this.#host.meta.state.streams.has(core.id)) return core.requireUsable()
      const { resharding } = core.state
      if (resharding !== undefined) await this.#finishStep(core, resharding)
      else if (await this.#host.inTurn(core, () => this.#isThere(core))) return
    }
  }

  /** Whether the stream is where it was to go; begins the next step otherwise. Rejects when the store is closed. */
  async #isThere(core: StreamCore): Promise<boolean> {
    core.refresh()
    const { resharding, targetShards, shards } = core.state
    if (resharding !== undefined) return false
    const plan = targetShards === undefined ? undefined : nextScalingStep(shards, targetShards)
    if (plan === undefined) return true
    if (this.#closing) throw closedError()
    await this.#propose(core, { plan, targetShards })
    return false
  }

  async #finishStep(core: StreamCore, { closes }: Resharding): Promise<void> {
    let closedAtMs = this.#host.time.nowMs()
    const closedAtMsOf = closings(core.state)
    for (const index of closes) {
      // A seal may take as long as the disk does.
      await nextTurn()
      const shard = core.table.at(index)
      // Somebody else has been through all of it meanwhile.
      if (shard === undefined) return
      const { lastTimeMs } = await shard.visit(async (log) => {
        await log.seal()
        return log.stats()
      })
      closedAtMs = Math.max(closedAtMs, lastTimeMs, ...(shard.spec.parents ?? []).map(closedAtMsOf))
    }
    await this.#host.inTurn(core, () => this.#proposeFinish(core, closes, closedAtMs))
  }

  async #proposeFinish(core: StreamCore, closes: Resharding['closes'], closedAtMs: number): Promise<void> {
    core.refresh()
    const { key, revision, resharding } = core.state
    if (resharding?.closes[0] !== closes[0]) return
    const updatingUntilMs = transitionEnd(this.#host.time.nowMs(), this.#host.updatingMs)
    const updating = updatingUntilMs !== undefined && { updatingUntilMs }
    await this.#host.meta.propose({ kind: 'finishReshard', key, revision, closedAtMs, ...updating })
  }
}

/** A step, and where it leads. */
interface Steps {
  readonly plan: ReshardPlan
  readonly targetShards?: Begin['targetShards'] | undefined
  readonly startsScaling?: Begin['startsScaling'] | undefined
}

/** How many open shards there will be more, in the end. */
function addedShards({ shards }: StreamState, { plan, targetShards }: Steps): number {
  if (targetShards === undefined) return plan.opens.length - plan.closes.length
  return targetShards - shards.filter(isOpen).length
}

/** When shards were closed, by their indexes: none is closed before its parents, whatever the clock says. */
function closings({ shards }: StreamState): (index: number) => number {
  const closed = new Map(shards.map(({ index, closedAtMs = 0 }) => [index, closedAtMs]))
  return (index) => closed.get(index) ?? 0
}

/** When shards were created, by their indexes. */
function creations({ shards }: StreamState): (index: number) => number {
  const created = new Map(shards.map(({ index, createdAtSeconds }) => [index, createdAtSeconds]))
  return (index) => created.get(index) ?? 0
}
