import { MillraceError } from '../errors.ts'
import {
  type DirectAppender,
  type LogCaps,
  type LogEngine,
  type Maybe,
  Refusal,
  type Router,
  type ShardLog,
} from '../log/log.ts'
import { isLater } from './maybe.ts'
import type { Meter } from './meter.ts'
import { Stored } from './put.ts'
import type { Shard } from './shard.ts'
import type { ShardMap } from './shard-map.ts'
import { SpreadRouter } from './spread-router.ts'
import type { Staging } from './staging.ts'
import type { StoreTime } from './store-time.ts'
import type { WriteGate } from './write-gate.ts'

/** How often a batch is offered again to a log that waits for its disk. */
const busyTriesMax = 64

/** What a stream tells its committer. */
export interface CommitHost {
  readonly streamName: string
  readonly map: ShardMap
  readonly time: StoreTime
  /** Counts what is stored, where that is monitored. */
  readonly meter: Meter | undefined
  /** Records go to any shard, whatever their keys. */
  readonly spreads: boolean
  /** `RecordFlag` bits of what is put now. */
  readonly recordFlags: number
  /** Judges or counts what is put, if anybody does now. */
  readonly gate: WriteGate | undefined
  /** Something was stored that may expire one day. */
  stored(): void
  /** Shards are being replaced by others, as far as is known. */
  readonly mayBeResharding: boolean
  /** Takes over what others did to the shards, if they did. */
  refresh(): void
  /**
   * Resolves once `map` says who takes the records of a shard whose log has ended, and this one is closed.
   *
   * Rejects with `ERR_MILLRACE_SHARD_SEALED` if nobody will, and with why the reshard cannot go on.
   */
  resharded(shard: Shard): Promise<void>
}

/**
 * Takes staged records to the logs of one stream: routes them once, sorts them by shard, and appends each shard's
 * records with one call. Every record ends up with an offset or with an error; nothing here throws for a batch.
 *
 * It belongs to the open shards and the settings of one moment. Records that meet a shard which was closed meanwhile wait for the
 * shards that took over, and go there.
 */
export class Committer {
  readonly #host: CommitHost
  /** The open shards, as the router counts them; behind them those that records were routed to anew. */
  readonly #shards: Shard[]
  readonly #map: ShardMap
  readonly #router: Router | undefined
  /** Made when a record that may take it is not the first one: streams that get few, or batches only, are spared it. */
  #direct: DirectAppender | undefined
  #hasTaken = false
  readonly #engine: LogEngine
  readonly #durable: boolean
  readonly #synchronous: boolean
  /** When the youngest open shard's parents ended: no record of a child arrives before those of its parents. */
  readonly #notBeforeMs: number
  readonly #recordFlags: number
  readonly #meter: Meter | undefined
  /** Records may go by the engine's short way, which routes by keys, sets no flags and counts nothing. */
  readonly #mayGoDirectly: boolean
  /** Per open shard; zeros between two batches. */
  readonly #counts: Uint32Array
  /** Open shards that the batch at hand touches, and where the records of each end in `order`. */
  readonly #touched: Uint32Array
  readonly #ends: Uint32Array

  constructor(host: CommitHost, engine: LogEngine) {
    this.#host = host
    this.#map = host.map
    this.#shards = [...host.map.open]
    this.#router = routerOf(host, engine)
    this.#engine = engine
    this.#notBeforeMs = notBeforeMs(host.map)
    this.#recordFlags = host.recordFlags
    this.#meter = host.meter
    this.#mayGoDirectly = !host.spreads && host.recordFlags === 0 && host.meter === undefined
    this.#durable = survivesPowerLoss(engine.caps)
    this.#synchronous = engine.caps.synchronous
    const open = host.map.open.length
    this.#counts = new Uint32Array(open)
    this.#touched = new Uint32Array(open)
    this.#ends = new Uint32Array(open)
  }

  /** Stores a batch; afterwards `staging.offsets` and `staging.errors` say what became of each record. */
  commit(staging: Staging): Maybe<void> {
    if (staging.count === 0) return undefined
    try {
      staging.timeMs = this.#nowMs()
    } catch (error) {
      staging.refuseAll(error as MillraceError)
      return undefined
    }
    if (this.#recordFlags !== 0) staging.flag(this.#recordFlags)
    let later: Promise<void>[] | undefined
    const { gate } = this.#host
    const shards = this.#sort(staging)
    for (let index = 0, from = 0; index < shards; index++) {
      const place = this.#touched[index] as number
      const shard = this.#shards[place] as Shard
      const end = this.#ends[place] as number
      const count = gate === undefined ? end - from : this.#admit(gate, staging, shard, from, end - from)
      const answer = count === 0 ? undefined : this.#append(staging, shard, from, count)
      if (answer !== undefined) (later ??= []).push(answer)
      else if (count > 0) this.#taken(place, shard.opened)
      from = end
    }
    return later && allOf(later)
  }

  /** The log of an open shard has taken records the long way; the next ones may go directly. */
  #taken(place: number, log: ShardLog | undefined): void {
    this.#hasTaken = true
    if (log !== undefined) this.#direct?.serve(place, log)
  }

  /** As `WriteGate.admit`; a gate that fails refuses all of them. */
  #admit(gate: WriteGate, staging: Staging, shard: Shard, from: number, count: number): number {
    try {
      return gate.admit(staging, shard, from, count)
    } catch (error) {
      staging.refuse(from, count, asMillraceError(error))
      return 0
    }
  }

  /** Refuses, by name, to store within a call on an engine that cannot. */
  requireSynchronous(): void {
    if (!this.#synchronous) throw notSynchronous()
  }

  /**
   * Stores one record before it returns, unstaged. `undefined`: nothing was stored, `commitNow` does it or says why
   * not.
   */
  commitDirectly(partitionKey: unknown, data: Uint8Array, recordBytesMax: number): Stored | undefined {
    // Whose shard is known only when it is stored.
    if (!this.#mayGoDirectly || !this.#hasTaken || this.#host.gate !== undefined) return undefined
    const direct = (this.#direct ??= this.#engine.directAppender?.(this.#map.starts))
    if (direct === undefined) return undefined
    const place = direct.append(partitionKey, data, recordBytesMax, this.#nowMs())
    if (place === undefined || place < 0) return undefined
    // First: whoever is told next may put a record.
    const stored = new Stored(this.#shards[place] as Shard, direct.offset, direct.timeMs, this.#durable)
    this.#host.stored()
    return stored
  }

  /**
   * Stores the one staged record before it returns; `undefined` if its shard was closed and another committer knows
   * who took over.
   *
   * @throws why it was not stored
   */
  commitNow(staging: Staging): Stored | undefined {
    staging.timeMs = this.#nowMs()
    if (this.#recordFlags !== 0) staging.flag(this.#recordFlags)
    staging.order[0] = 0
    staging.shardOf[0] = 0
    this.#router?.route(staging, 1, staging.shardOf)
    const place = staging.shardOf[0] as number
    const shard = this.#shards[place] as Shard
    const log = shard.log()
    if (isLater(log)) throw backlog(shard, 'its log is still being opened')
    if (this.#host.gate?.admit(staging, shard, 0, 1) === 0) throw staging.errorOf(0) as MillraceError
    const answer = log.append(staging.window(0, 1), staging)
    if (isLater(answer)) throw notSynchronous()
    if (answer === Refusal.sealed) {
      this.#host.refresh()
      if (this.#host.map !== this.#map) return undefined
      if (this.#host.mayBeResharding) throw backlog(shard, 'it is being split or merged')
    }
    if (answer !== 1) throw this.#refused(answer, shard)
    this.#taken(place, log)
    this.#host.stored()
    this.#meter?.stored(shard, staging, 0, 1)
    return this.storedAt(staging, 0)
  }

  /** The time of what is put now. @throws `ERR_MILLRACE_IO` where the store's clock throws */
  #nowMs(): number {
    try {
      return Math.max(this.#host.time.nowMs(), this.#notBeforeMs)
    } catch (cause) {
      throw new MillraceError('ERR_MILLRACE_IO', 'the clock does not tell the time', { cause })
    }
  }

  /** The result of a record that was stored. */
  storedAt(staging: Staging, record: number): Stored {
    return new Stored(
      this.#shards[staging.shardOf[record] as number] as Shard,
      staging.offsets[record] as number,
      staging.timesMs[record] as number,
      this.#durable,
    )
  }

  /**
   * Fills `order` so that the records of a shard lie side by side in the order they came, and answers how many
   * shards there are. A counting sort whose cost depends on the records only, however many shards the stream has.
   */
  #sort(staging: Staging): number {
    const { count, order, shardOf } = staging
    if (this.#router === undefined) {
      for (let record = 0; record < count; record++) {
        order[record] = record
        shardOf[record] = 0
      }
      this.#touched[0] = 0
      this.#ends[0] = count
      return 1
    }
    this.#router.route(staging, count, shardOf)
    const counts = this.#counts
    const ends = this.#ends
    let shards = 0
    for (let record = 0; record < count; record++) {
      const place = shardOf[record] as number
      if (counts[place] === 0) this.#touched[shards++] = place
      counts[place] = (counts[place] as number) + 1
    }
    for (let index = 0, from = 0; index < shards; index++) {
      const place = this.#touched[index] as number
      ends[place] = from
      from += counts[place] as number
      counts[place] = 0
    }
    for (let record = 0; record < count; record++) {
      const place = shardOf[record] as number
      const at = ends[place] as number
      order[at] = record
      ends[place] = at + 1
    }
    return shards
  }

  /** Appends one shard's records; answers nothing if that is done. */
  #append(staging: Staging, shard: Shard, from: number, count: number): Promise<void> | undefined {
    try {
      const log = shard.log()
      if (isLater(log)) return this.#persist(staging, shard, from, count, log)
      const answer = log.append(staging.window(from, count), staging)
      if (answer === count) {
        this.#host.stored()
        this.#meter?.stored(shard, staging, from, count)
        return undefined
      }
      return this.#persist(staging, shard, from, count, log, answer)
    } catch (error) {
      staging.refuse(from, count, asMillraceError(error))
      return undefined
    }
  }

  /** Goes on until all of a shard's records are stored or refused. Never rejects. */
  async #persist(
    staging: Staging,
    shard: Shard,
    from: number,
    count: number,
    opening: Maybe<ShardLog>,
    firstAnswer?: Maybe<number>,
  ): Promise<void> {
    let done = 0
    try {
      const log = await opening
      let answer = await (firstAnswer ?? log.append(staging.window(from, count), staging))
      for (let tries = 0; ;) {
        if (answer > 0) {
          this.#meter?.stored(shard, staging, from + done, answer)
          done += answer
          tries = 0
          this.#host.stored()
        } else if (answer === Refusal.sealed) {
          return await this.#reroute(staging, shard, from + done, count - done)
        } else if (answer === Refusal.busy && tries < busyTriesMax) {
          tries += 1
          await log.flush()
        } else {
          throw this.#refused(answer, shard)
        }
        if (done >= count) return
        answer = await log.append(staging.window(from + done, count - done), staging)
      }
    } catch (error) {
      staging.refuse(from + done, count - done, asMillraceError(error))
    }
  }

  /** Takes records whose shard has ended to those that took over. Rejects, with none stored, with why none did. */
  async #reroute(staging: Staging, ended: Shard, from: number, count: number): Promise<void> {
    await this.#host.resharded(ended)
    const { map } = this.#host
    staging.timeMs = Math.max(staging.timeMs, notBeforeMs(map))
    const places = new Uint32Array(staging.count)
    routerOf(this.#host, this.#engine)?.route(staging, staging.count, places)
    const placeOf = (record: number): number => places[record] as number
    // Stable: records of one shard keep their order.
    const moved = staging.order.slice(from, from + count).toSorted((a, b) => placeOf(a) - placeOf(b))
    staging.order.set(moved, from)
    for (let start = 0; start < count;) {
      const place = placeOf(moved[start] as number)
      let end = start + 1
      while (end < count && placeOf(moved[end] as number) === place) end++
      const shard = map.open[place] as Shard
      const known = this.#adopt(shard)
      for (const record of moved.subarray(start, end)) staging.shardOf[record] = known
      await this.#append(staging, shard, from + start, end - start)
      start = end
    }
  }

  /** The place of a shard, which may have been opened after this was made. */
  #adopt(shard: Shard): number {
    const known = this.#shards.indexOf(shard)
    return known < 0 ? this.#shards.push(shard) - 1 : known
  }

  #refused(answer: number, shard: Shard): MillraceError {
    const details = { stream: this.#host.streamName, shardId: shard.id }
    const where = `${shard.id} of ${this.#host.streamName}`
    switch (answer) {
      case Refusal.sealed:
        return new MillraceError('ERR_MILLRACE_SHARD_SEALED', `${where} has ended`, { details })
      case Refusal.full:
        return new MillraceError('ERR_MILLRACE_NO_SPACE', `no space left for records of ${where}`, {
          details,
        })
      case Refusal.busy:
        return new MillraceError(
          'ERR_MILLRACE_BACKLOG',
          `too many bytes of ${where} wait for the disk; await flush(), or try again later`,
          { details },
        )
      case Refusal.unknown:
        return new MillraceError(
          'ERR_MILLRACE_UNKNOWN_OUTCOME',
          `${where} did not answer: the record may have been stored`,
          { details },
        )
      default:
        return new MillraceError('ERR_MILLRACE_IO', `${where} stored nothing and answered ${answer}`, {
          details,
        })
    }
  }
}

/** The end of the shards that the youngest open one goes on from, milliseconds since 1970; 0 if none goes on. */
function notBeforeMs({ open }: ShardMap): number {
  let openedAtMs = 1
  for (const { spec } of open) openedAtMs = Math.max(openedAtMs, spec.openedAtMs ?? 0)
  return openedAtMs - 1
}

/** With one shard there is nothing to choose. */
function routerOf({ map, spreads }: CommitHost, engine: LogEngine): Router | undefined {
  const { starts } = map
  if (starts.length === 1) return undefined
  return spreads ? new SpreadRouter(starts.length) : engine.router(starts)
}

async function allOf(answers: readonly Promise<void>[]): Promise<void> {
  await Promise.all(answers)
}

function survivesPowerLoss(caps: LogCaps): boolean {
  return caps.durability === 'synced' || caps.durability === 'replicated'
}

function notSynchronous(): MillraceError {
  return new MillraceError(
    'ERR_MILLRACE_UNSUPPORTED',
    'append() cannot keep its promise on this store, which stores asynchronously: use put()',
    { details: { method: 'append', instead: 'put' } },
  )
}

/** A synchronous append that cannot go ahead of what is already under way. */
export function backlog(shard: Shard | undefined, why: string): MillraceError {
  const where = shard === undefined ? 'append()' : shard.id
  return new MillraceError('ERR_MILLRACE_BACKLOG', `${where}: ${why}; use put(), or try again later`, {
    details: shard === undefined ? {} : { shardId: shard.id },
  })
}

/** An engine's own error as it is; anything else is wrapped, so that callers meet one class. */
function asMillraceError(error: unknown): MillraceError {
  if (error instanceof MillraceError) return error
  const message = error instanceof Error ? error.message : String(error)
  return new MillraceError('ERR_MILLRACE_IO', `the engine failed: ${message}`, { cause: error })
}
