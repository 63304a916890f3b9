import { nextTurn } from '../clock.ts'
import { MiB, minuteMs, secondMs } from '../units.ts'
import { onAbort } from './abort-fan-out.ts'
import { isLater } from './maybe.ts'
import type { RecordBatch } from './record-batch.ts'
import type { SequenceNumber } from './sequence-number.ts'
import type { Shard } from './shard.ts'
import type { ShardIterator } from './shard-iterator.ts'
import { type PageSize, type ShardPage, shardPage } from './shard-page.ts'
import type { StreamCore } from './stream-core.ts'
import { Turns } from './turns.ts'

/** How long a subscription lasts (AWS API model, SubscribeToShard). */
export const subscriptionLifeMs: number = 5 * minuteMs
/** An idle subscription says so this often. AWS does not document how often it does; seen is about that. */
export const idleEventMs: number = 5 * secondMs
/** Keys and data of one event at most, but always one record; bytes. */
const eventBytesMax: number = MiB

/** Records that were pushed, or none: then only the position has moved on. */
export interface SubscriptionEvent {
  /** The records in order, a batch for each part that was read. */
  readonly batches: readonly RecordBatch[]
  readonly records: number
  /** Keys and data, bytes. */
  readonly bytes: number
  /**
   * Resume after this one: every record up to it was delivered. Moves on even without records. `undefined` at the
   * end of the shard: this is the last event, and the shard's children follow.
   */
  readonly continuationSequenceNumber: SequenceNumber | undefined
  /** At the end of the shard, those that took over. */
  readonly childShards: readonly Shard[]
  /** As in `ShardPage`. */
  readonly millisBehindLatest: number
  /** As in `ShardPage`. */
  release(): void
}

/**
 * Why a subscription ended without an error: its five minutes were over, the shard ended, the same consumer
 * subscribed to the shard again, the consumer was deregistered, or the caller ended it.
 */
export type SubscriptionEnd = 'expired' | 'shard-end' | 'superseded' | 'deregistered' | 'returned'

/** What a subscription is limited by. */
export interface SubscriptionRate {
  /** Milliseconds until more may be sent; 0 if it may be now. */
  waitMs(): number
  sent(bytes: number): void
}

/** What a subscription needs to know. */
export interface SubscriptionPlan {
  readonly core: StreamCore
  readonly shard: Shard
  /** The first record. */
  readonly at: ShardIterator
  readonly rate: SubscriptionRate | undefined
  readonly signal: AbortSignal | undefined
  /** The subscription is over. */
  ended(): void
}

const over: IteratorReturnResult<undefined> = { done: true, value: undefined }

/**
 * Pushes the records of one shard: an async iterable of events that come when records are written, without polling,
 * and every five seconds of the store's clock if none are. It ends after five minutes, at the end of the shard, when
 * its consumer subscribes to the shard again or is deregistered, and when it is returned (`end` says which of them) or its
 * signal aborted. Between two calls of `next` it costs nothing, timers included.
 */
export class Subscription implements AsyncIterableIterator<SubscriptionEvent, undefined> {
  readonly shardId: string
  readonly #plan: SubscriptionPlan
  readonly #turns: Turns = new Turns()
  /** Ends all waits. */
  readonly #stop: AbortController = new AbortController()
  readonly #releaseSignal: (() => void) | undefined
  readonly #endsAtMs: number
  #at: ShardIterator
  #lastEventMs: number
  #bytesInTurn = 0
  #over = false
  #end: SubscriptionEnd | undefined

  /** `Subscriptions.open` makes these. */
  constructor(plan: SubscriptionPlan) {
    const { core, shard, at, signal } = plan
    this.shardId = shard.id
    this.#plan = plan
    this.#at = at
    this.#lastEventMs = core.clock.monotonicMs()
    this.#endsAtMs = this.#lastEventMs + subscriptionLifeMs
    this.#releaseSignal = signal && onAbort(signal, () => this.#stop.abort())
  }

  /** Why it ended; `undefined` while it goes on, or if it ended with an error. */
  get end(): SubscriptionEnd | undefined {
    return this.#end
  }

  /** No further event will come. */
  get over(): boolean {
    return this.#over || this.#plan.core.ended || this.#plan.core.clock.monotonicMs() >= this.#endsAtMs
  }

  /**
   * The next event; waits for it.
   *
   * @throws the signal's reason; `ERR_MILLRACE_CLOSED` or `ERR_MILLRACE_STREAM_NOT_FOUND` once the store was closed
   *   or the stream deleted; what goes wrong when reading
   */
  next(): Promise<IteratorResult<SubscriptionEvent, undefined>> {
    return this.#turns.take(() => this.#advance())
  }

  /** Ends it at once, also when it waits. */
  async return(): Promise<IteratorReturnResult<undefined>> {
    this.#finish('returned')
    return over
  }

  /** Ends it from outside; what `next` waits for is over. */
  finish(end: SubscriptionEnd): void {
    this.#finish(end)
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#finish('returned')
  }

  #finish(end: SubscriptionEnd | undefined): void {
    if (this.#over) return
    this.#over = true
    this.#end = end
    this.#stop.abort()
    this.#releaseSignal?.()
    this.#plan.ended()
  }

  async #advance(): Promise<IteratorResult<SubscriptionEvent, undefined>> {
    try {
      const event = await this.#event()
      return event === undefined ? over : { done: false, value: event }
    } catch (error) {
      if (this.#over) return over
      this.#finish(undefined)
      // A log that was closed under the subscription says less than who closed it.
      this.#plan.signal?.throwIfAborted()
      this.#plan.core.requireUsable()
      throw error
    }
  }

  /** The next event, or `undefined` when it is over. */
  async #event(): Promise<SubscriptionEvent | undefined> {
    const { core, signal, rate } = this.#plan
    for (;;) {
      if (this.#over) return undefined
      signal?.throwIfAborted()
      core.requireUsable()
      const nowMs = core.clock.monotonicMs()
      if (nowMs >= this.#endsAtMs) {
        this.#finish('expired')
        return undefined
      }
      const throttledMs = rate?.waitMs() ?? 0
      if (throttledMs > 0) {
        await this.#pause(Math.min(throttledMs, this.#endsAtMs - nowMs))
        continue
      }
      if (this.#bytesInTurn >= eventBytesMax) {
        await this.#giveTurn()
        if (this.#over) return undefined
      }
      const page = await this.#page({ bytes: eventBytesMax })
      if (page.records > 0 || page.next === undefined) return this.#turn(page, nowMs)
      const idleMs = Math.min(this.#lastEventMs + idleEventMs, this.#endsAtMs) - nowMs
      if (idleMs <= 0) return this.#turn(page, nowMs)
      this.#at = page.next
      this.#bytesInTurn = 0
      await this.#wait(page, idleMs)
    }
  }

  /** Waits until a page has something to say; not longer than `ms`, nor than until everything ends. */
  async #wait({ beingClosed }: ShardPage, ms: number): Promise<void> {
    if (beingClosed) {
      await this.#pause(ms, (done) => this.#plan.core.onShards(done))
      return
    }
    const log = await this.#plan.shard.log()
    await log.wait(this.#at.offset, ms, this.#stop.signal)
  }

  /** A page; rejects at once when everything ends, whoever brings it then. */
  async #page(size: PageSize): Promise<ShardPage> {
    const page = shardPage(this.#plan.core, this.#at, size)
    if (!isLater(page)) return page
    const { signal } = this.#stop
    let release: (() => void) | undefined
    const stopped = new Promise<never>((_resolve, reject) => {
      release = onAbort(signal, () => reject(signal.reason as Error))
    })
    try {
      return await Promise.race([page, stopped])
    } finally {
      release?.()
    }
  }

  #turn(page: ShardPage, nowMs: number): SubscriptionEvent {
    const { core, shard, rate } = this.#plan
    const { batches, records, bytes, next, millisBehindLatest, childShards } = page
    this.#lastEventMs = nowMs
    this.#bytesInTurn += bytes
    rate?.sent(bytes)
    if (next === undefined) this.#finish('shard-end')
    else this.#at = next
    const last = batches.at(-1)
    const reached =
      last?.sequenceNumber(last.length - 1) ?? shard.sequence.at(this.#at.offset - 1, core.time.nowMs())
    const continuationSequenceNumber = next === undefined ? undefined : reached
    return {
      batches,
      records,
      bytes,
      continuationSequenceNumber,
      childShards,
      millisBehindLatest,
      release: () => page.release(),
    }
  }

  /**
   * Waits, not longer than until everything ends.
   *
   * @param listen calls its argument when the wait is over before its time; answers a function that forgets it
   */
  async #pause(ms: number, listen?: (done: () => void) => () => void): Promise<void> {
    const releases: (() => void)[] = []
    await new Promise<void>((resolve) => {
      const done = (): void => resolve()
      releases.push(this.#plan.core.clock.after(ms, done), onAbort(this.#stop.signal, done))
      if (listen !== undefined) releases.push(listen(done))
    })
    for (const release of releases) release()
  }

  /** A shard that is far behind is a chain of promises that are all settled already. */
  async #giveTurn(): Promise<void> {
    this.#bytesInTurn = 0
    await nextTurn()
  }
}
