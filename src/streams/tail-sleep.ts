import type { Offset } from '../log/log.ts'
import type { Alarms, Sleeper } from './alarms.ts'
import { isLater } from './maybe.ts'
import type { Shard } from './shard.ts'
import type { StreamCore } from './stream-core.ts'

/** Whose tail it is, and what wakes. */
export interface TailSleepPlan {
  readonly core: StreamCore
  readonly shard: Shard
  readonly alarms: Alarms
  /** Aborted when nobody will sleep here any more. */
  readonly signal: AbortSignal
}

/**
 * The sleep of one reader at the tail of a shard. What it is woken by outlasts a sleep: who wakes without anything new,
 * only because it is time to say so, goes on watching and sleeps again at no more cost than a place in a list.
 */
export class TailSleep {
  readonly #plan: TailSleepPlan
  /** It would be noticed if something came. */
  #watching = false
  #failed = false
  #failure: unknown
  #forgetShards: (() => void) | undefined
  #wakeSleeper: (() => void) | undefined
  /** When the alarm rings; one that was set for an earlier sleep is left to ring. */
  #alarmMs: number | undefined
  readonly #sleeper: Sleeper = {
    ring: () => {
      this.#alarmMs = undefined
      this.wake()
    },
  }

  constructor(plan: TailSleepPlan) {
    this.#plan = plan
  }

  /** Nothing came since `watch`, as far as anybody can know without reading. */
  get nothingNew(): boolean {
    return this.#watching && !this.#plan.shard.closed
  }

  /** Throws why nothing more would be noticed, if that went wrong. */
  throwIfFailed(): void {
    if (this.#failed) throw this.#failure
  }

  /**
   * Notices, from now on, what comes at or after an offset; of a shard that is being closed, and will get no more records,
   * that somebody took over.
   */
  async watch(from: Offset, beingClosed: boolean): Promise<void> {
    const { core, shard, signal } = this.#plan
    if (beingClosed) {
      this.#watching = true
      this.#forgetShards = core.onShards(this.#onNews)
      return
    }
    const log = await shard.log()
    const more = log.wait(from, Number.POSITIVE_INFINITY, signal)
    if (!isLater(more)) return
    this.#watching = true
    more.then(this.#onNews, this.#onFailure)
  }

  /** Sleeps until something new is noticed, somebody calls `wake`, or it is `dueMs` of the monotonic clock; perhaps less. */
  until(dueMs: number): Promise<void> {
    if (this.#alarmMs === undefined || this.#alarmMs > dueMs) {
      this.#cancelAlarm()
      this.#alarmMs = dueMs
      this.#plan.alarms.set(this.#sleeper, dueMs)
    }
    return new Promise((resolve) => {
      this.#wakeSleeper = resolve
    })
  }

  /** Ends the sleep, if there is one. */
  wake(): void {
    this.#wakeSleeper?.()
    this.#wakeSleeper = undefined
  }

  /** Nobody will sleep here any more, and `signal` was aborted. */
  end(): void {
    this.#cancelAlarm()
    this.#forgetShards?.()
    this.wake()
  }

  #cancelAlarm(): void {
    if (this.#alarmMs !== undefined) this.#plan.alarms.cancel(this.#sleeper, this.#alarmMs)
    this.#alarmMs = undefined
  }

  readonly #onNews = (): void => {
    this.#watching = false
    this.#forgetShards?.()
    this.#forgetShards = undefined
    this.wake()
  }

  readonly #onFailure = (error: unknown): void => {
    this.#failed = true
    this.#failure = error
    this.#onNews()
  }
}
