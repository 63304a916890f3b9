import { nextTurn } from '../clock.ts'
import { MiB, minuteMs, secondMs } from '../units.ts'
import { onAbort } from './abort-fan-out.ts'
import type { Alarms } from './alarms.ts'
import { isLater } from './maybe.ts'
import type { SequenceNumber } from './sequence-number.ts'
import type { Shard } from './shard.ts'
import type { ShardIterator } from './shard-iterator.ts'
import { type PageSize, type ShardPage, shardPage } from './shard-page.ts'
import type { StreamCore } from './stream-core.ts'
import { idleEvent, type SubscriptionEvent } from './subscription-event.ts'
import { TailSleep } from './tail-sleep.ts'
import { Turns } from './turns.ts'

/** How long a subscription lasts (AWS API model, SubscribeToShard). */
export const subscriptionLifeMs: number = 5 * minuteMs
/** An idle subscription says so this often. AWS does not document how often it does; seen is about that. */
export const idleEventMs: number = 5 * secondMs
/** Keys and data of one event at most, but always one record; bytes. */
const eventBytesMax: number = MiB

/**
 * Why a subscription ended without an error: its five minutes were over, the shard ended, the same consumer
 * subscribed to the shard again, the consumer was deregistered, or the caller ended it, with a last event or at once.
 */
export type SubscriptionEnd =
  | 'expired'
  | 'shard-end'
  | 'superseded'
  | 'deregistered'
  | 'concluded'
  | 'returned'

/** What a subscription is limited by. */
export interface SubscriptionRate {
  /** Milliseconds until more may be sent; 0 if it may be now. */
  waitMs(): number
  sent(bytes: number): void
}

/** What a subscription needs to know. */
export interface SubscriptionPlan {
  readonly core: StreamCore
  /** Shared by those that may fall idle at the same time. */
  readonly alarms: Alarms
  readonly shard: Shard
  /** The first record. */
  readonly at: ShardIterator
  readonly rate: SubscriptionRate | undefined
  readonly signal: AbortSignal | undefined
  /** The subscription is over. */
  ended(): void
}

/** Idle subscriptions speak at the same moments, so that many of them wake a process once. Milliseconds. */
const gridMs = 250

function gridAfter(ms: number): number {
  return Math.ceil(ms / gridMs) * gridMs
}

function gridBefore(ms: number): number {
  return Math.floor(ms / gridMs) * gridMs
}

const over: IteratorReturnResult<undefined> = { done: true, value: undefined }

/**
 * Pushes the records of one shard: an async iterable of events that come when records are written, without polling,
 * and every five seconds of the store's clock if none are. It ends after five minutes, at the end of the shard, when
 * its consumer subscribes to the shard again or is deregistered, and when it is returned (`end` says which of them) or its
 * signal aborted. While nobody calls `next` no timer is set for it; one that was set before rings once, unheard.
 */
export class Subscription implements AsyncIterableIterator<SubscriptionEvent, undefined> {
  readonly shardId: string
  readonly #plan: SubscriptionPlan
  readonly #turns: Turns = new Turns()
  /** Ends all waits. */
  readonly #stop: AbortController = new AbortController()
  readonly #sleep: TailSleep
  /** The next event is the last one. */
  #concluding = false
  readonly #releaseSignal: (() => void) | undefined
  readonly #endsAtMs: number
  #at: ShardIterator
  #lastEventMs: number
  #bytesInTurn = 0
  #over = false
  #end: SubscriptionEnd | undefined

  /** `Subscriptions.open` makes these. */
  constructor(plan: SubscriptionPlan) {
    const { core, shard, at, alarms, signal } = plan
    this.shardId = shard.id
    this.#plan = plan
    this.#at = at
    this.#sleep = new TailSleep({ core, shard, alarms, signal: this.#stop.signal })
    this.#lastEventMs = core.clock.monotonicMs()
    this.#endsAtMs = this.#lastEventMs + subscriptionLifeMs
    this.#releaseSignal = signal && onAbort(signal, () => this.#stopNow())
  }

  /** Why it ended; `undefined` while it goes on, or if it ended with an error. */
  get end(): SubscriptionEnd | undefined {
    return this.#end
  }

  get shard(): Shard {
    return this.#plan.shard
  }

  /** Offset of the record that comes next. */
  get nextOffset(): number {
    return this.#at.offset
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
    return this.#turns.take(this.#advance)
  }

  /** Ends it at once, also when it waits. */
  async return(): Promise<IteratorReturnResult<undefined>> {
    this.#finish('returned')
    return over
  }

  /** Ends it with one more event, which comes at once: it says how far the subscription came. */
  conclude(): void {
    this.#concluding = true
    this.#sleep.wake()
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

  #stopNow(): void {
    this.#stop.abort()
    this.#sleep.end()
  }

  #finish(end: SubscriptionEnd | undefined): void {
    if (this.#over) return
    this.#over = true
    this.#end = end
    this.#stopNow()
    this.#releaseSignal?.()
    this.#plan.ended()
  }

  readonly #advance = async (): Promise<IteratorResult<SubscriptionEvent, undefined>> => {
    try {
      for (;;) {
        const nowMs = this.#plan.core.clock.monotonicMs()
        if (this.#isOver(nowMs)) return over
        const dueMs = this.#sleepsUntil(nowMs)
        if (dueMs > nowMs) {
          await this.#sleep.until(Math.min(dueMs, this.#endsAtMs))
        } else {
          const event = this.#knowsNothing ? this.#idle(nowMs) : await this.#look(nowMs)
          if (event !== undefined) return { done: false, value: event }
        }
      }
    } catch (error) {
      if (this.#over) return over
      this.#finish(undefined)
      // A log that was closed under the subscription says less than who closed it.
      this.#plan.signal?.throwIfAborted()
      this.#plan.core.requireUsable()
      throw error
    }
  }

  /** Whether it is; throws why it cannot go on. */
  #isOver(nowMs: number): boolean {
    if (this.#over) return true
    this.#plan.signal?.throwIfAborted()
    this.#plan.core.requireUsable()
    this.#sleep.throwIfFailed()
    if (nowMs >= this.#endsAtMs) this.#finish('expired')
    return this.#over
  }

  /** Nothing came since it was looked last, and more need not be said. */
  get #knowsNothing(): boolean {
    return this.#sleep.nothingNew && !this.#concluding
  }

  /** Before this there is nothing to do, as far as is known. */
  #sleepsUntil(nowMs: number): number {
    const throttledMs = this.#concluding ? 0 : (this.#plan.rate?.waitMs() ?? 0)
    if (throttledMs > 0) return nowMs + throttledMs
    return this.#knowsNothing ? gridAfter(this.#lastEventMs + idleEventMs) : nowMs
  }

  /** What is there now as an event. `undefined` if that is nothing; then it is noticed when something comes. */
  async #look(nowMs: number): Promise<SubscriptionEvent | undefined> {
    if (this.#bytesInTurn >= eventBytesMax) {
      await this.#giveTurn()
      if (this.#over) return undefined
    }
    const page = await this.#page({ bytes: eventBytesMax })
    if (page.records > 0 || page.next === undefined || this.#concluding) return this.#turn(page, nowMs)
    this.#at = page.next
    this.#bytesInTurn = 0
    await this.#sleep.watch(this.#at.offset, page.beingClosed)
    return undefined
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
    } catch (error) {
      // Nobody will take a page that comes later.
      void page.then(
        (late) => late.release(),
        () => {},
      )
      throw error
    } finally {
      release?.()
    }
  }

  #turn(page: ShardPage, nowMs: number): SubscriptionEvent {
    const { rate } = this.#plan
    const { batches, records, bytes, next, millisBehindLatest, childShards } = page
    this.#lastEventMs = nowMs
    this.#bytesInTurn += bytes
    rate?.sent(bytes)
    if (next === undefined) this.#finish('shard-end')
    else {
      this.#at = next
      if (this.#concluding) this.#finish('concluded')
    }
    const last = batches.at(-1)
    const reached = last?.sequenceNumber(last.length - 1) ?? this.#reached()
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

  /** An event without records; counted from the moment it was due at, so that it stays on the grid. */
  #idle(nowMs: number): SubscriptionEvent {
    this.#lastEventMs = gridBefore(nowMs)
    return idleEvent(this.#reached())
  }

  /** Where to go on after all that is there now. */
  #reached(): SequenceNumber {
    const { shard, core } = this.#plan
    return shard.sequence.at(this.#at.offset - 1, core.time.nowMs())
  }

  /** A shard that is far behind is a chain of promises that are all settled already. */
  async #giveTurn(): Promise<void> {
    this.#bytesInTurn = 0
    await nextTurn()
  }
}
