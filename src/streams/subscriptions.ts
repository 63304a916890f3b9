import { MillraceError } from '../errors.ts'
import { secondMs } from '../units.ts'
import { Alarms } from './alarms.ts'
import type { Shard } from './shard.ts'
import { iteratorAt, type IteratorStart, type ShardIterator } from './shard-iterator.ts'
import { Subscription } from './subscription.ts'
import type { StreamCore } from './stream-core.ts'

/** A consumer cannot subscribe to a shard again this soon (AWS API model, SubscribeToShard). */
export const resubscribeMs: number = 5 * secondMs

/** What a subscription is asked for with. */
export interface SubscribeOptions {
  /** ARN of who subscribes: one subscription of a consumer to a shard goes on at a time. */
  readonly consumer: string
  readonly start: IteratorStart
  readonly signal?: AbortSignal | undefined
}

/** A subscription that goes on, as of a moment. */
export interface LiveSubscription {
  /** ARN. */
  readonly consumer: string
  readonly shard: Shard
  /** Offset of the record that comes next: those before it were pushed. */
  readonly nextOffset: number
}

/** The subscription that a consumer has or had to a shard. */
interface Held {
  readonly consumer: string
  readonly subscription: Subscription
  /** Monotonic, milliseconds. */
  readonly openedAtMs: number
}

/**
 * The subscriptions to one stream, and the rule between them: a consumer that subscribes to a shard again within five
 * seconds of a success is refused; later, the new subscription takes over and the old one ends.
 */
export class Subscriptions {
  readonly #core: StreamCore
  readonly #alarms: Alarms
  /** By shard and consumer; also those that ended less than five seconds after they were opened. */
  readonly #held: Map<string, Held> = new Map()
  /** Old entries are looked for when there are so many. */
  #pruneAt = 64

  constructor(core: StreamCore) {
    this.#core = core
    this.#alarms = new Alarms(core.clock)
  }

  /**
   * Subscribes to a shard, from its start on.
   *
   * Rejects with `ERR_MILLRACE_THROTTLED` where limits are enforced, `ERR_MILLRACE_SUBSCRIBED` within five seconds of the last success, with what `iteratorAt` throws,
   * `ERR_MILLRACE_CLOSED`, `ERR_MILLRACE_STREAM_NOT_FOUND`, and the signal's reason.
   */
  async open(shard: Shard, options: SubscribeOptions): Promise<Subscription> {
    const at = await this.judge(shard, options)
    const { consumer, signal } = options
    const core = this.#core
    const key = keyOf(shard, consumer)
    signal?.throwIfAborted()
    core.requireUsable()
    // Somebody else may have come first, while the log was asked.
    this.#requireRested(key, shard)
    const openedAtMs = core.clock.monotonicMs()
    const subscription: Subscription = new Subscription({
      core,
      alarms: this.#alarms,
      shard,
      at,
      rate: core.limits?.pushRate(shard, consumer),
      signal,
      ended: () => this.#ended(key, subscription),
    })
    const previous = this.#held.get(key)
    this.#held.set(key, { consumer, subscription, openedAtMs })
    previous?.subscription.finish('superseded')
    if (this.#held.size >= this.#pruneAt) this.#prune()
    return subscription
  }

  /** Everything that `open` refuses, without a subscription: answers where one would begin. Rejects as `open`. */
  async judge(shard: Shard, { consumer, start, signal }: SubscribeOptions): Promise<ShardIterator> {
    const core = this.#core
    signal?.throwIfAborted()
    core.requireUsable()
    core.limits?.subscribe(shard, consumer)
    this.#requireRested(keyOf(shard, consumer), shard)
    return iteratorAt(core, shard, start)
  }

  /** Ends the subscriptions of a consumer that is no more. */
  deregister(consumer: string): void {
    for (const [key, held] of this.#held) {
      if (held.consumer !== consumer) continue
      this.#held.delete(key)
      held.subscription.finish('deregistered')
    }
  }

  /** The stream's consumers changed: ends the subscriptions of ARNs that are none any more. */
  retain(arns: readonly string[]): void {
    for (const { consumer } of this.#held.values()) if (!arns.includes(consumer)) this.deregister(consumer)
  }

  /** Those that go on. */
  live(): readonly LiveSubscription[] {
    return [...this.#held.values()]
      .filter(({ subscription }) => !subscription.over)
      .map(({ consumer, subscription: { shard, nextOffset } }) => ({ consumer, shard, nextOffset }))
  }

  #requireRested(key: string, shard: Shard): void {
    const held = this.#held.get(key)
    if (held === undefined) return
    const leftMs = held.openedAtMs + resubscribeMs - this.#core.clock.monotonicMs()
    if (leftMs <= 0) return
    throw new MillraceError(
      'ERR_MILLRACE_SUBSCRIBED',
      `the consumer subscribed to ${shard.id} of ${this.#core.streamName} less than 5 seconds ago`,
      { details: { stream: this.#core.streamName, shardId: shard.id, consumer: held.consumer, leftMs } },
    )
  }

  #ended(key: string, subscription: Subscription): void {
    const held = this.#held.get(key)
    if (held?.subscription !== subscription) return
    if (this.#core.clock.monotonicMs() - held.openedAtMs >= resubscribeMs) this.#held.delete(key)
  }

  /** Forgets those that ended and forbid nothing any more. */
  #prune(): void {
    const nowMs = this.#core.clock.monotonicMs()
    for (const [key, { subscription, openedAtMs }] of this.#held) {
      if (subscription.over && nowMs - openedAtMs >= resubscribeMs) this.#held.delete(key)
    }
    this.#pruneAt = 2 * this.#held.size + 64
  }
}

function keyOf(shard: Shard, consumer: string): string {
  return `${shard.index}/${consumer}`
}
