import type { BucketRate } from '../log/buckets.ts'
import { secondMs } from '../units.ts'

/**
 * A token bucket without a clock: every call says what time it is, in whole milliseconds. Full at first. When the time
 * was set back, nothing comes in by that, and it goes on from there. Exact: it counts thousandths of tokens, of which
 * each millisecond brings a whole number. `native/core/token_buckets.h` is the same for several threads.
 */
export class TokenBucket {
  readonly #perSecond: number
  #capacity: number
  /** Thousandths of tokens; below zero after `spend`. */
  #thousandths: number
  #atMs: number

  constructor({ perSecond, capacity }: BucketRate, nowMs: number) {
    this.#perSecond = perSecond
    this.#capacity = capacity * secondMs
    this.#thousandths = this.#capacity
    this.#atMs = nowMs
  }

  /**
   * From now on it holds so many tokens; what is there too much is lost. What has come in since it was last asked counts
   * towards a larger one.
   */
  resize(capacity: number, nowMs: number): void {
    const wanted = capacity * secondMs
    if (wanted === this.#capacity) return
    this.#capacity = Math.max(wanted, this.#capacity)
    this.#fill(nowMs)
    this.#capacity = wanted
    this.#thousandths = Math.min(this.#thousandths, wanted)
  }

  /** Tokens that are there; below zero while what was spent too much comes in again. */
  tokens(nowMs: number): number {
    this.#fill(nowMs)
    return this.#thousandths / secondMs
  }

  /** Whether it holds all it can. */
  full(nowMs: number): boolean {
    this.#fill(nowMs)
    return this.#thousandths === this.#capacity
  }

  /** Whether `take` would succeed. */
  has(tokens: number, nowMs: number): boolean {
    this.#fill(nowMs)
    return this.#thousandths >= tokens * secondMs
  }

  /** Takes tokens if all of them are there; answers whether they were. */
  take(tokens: number, nowMs: number): boolean {
    if (!this.has(tokens, nowMs)) return false
    this.#thousandths -= tokens * secondMs
    return true
  }

  /** Takes tokens whether they are there or not. */
  spend(tokens: number, nowMs: number): void {
    this.#fill(nowMs)
    this.#thousandths -= tokens * secondMs
  }

  /** Whole milliseconds until `has(tokens)`; 0 if it has them now, `Infinity` if it never will. */
  waitMs(tokens: number, nowMs: number): number {
    this.#fill(nowMs)
    const lacking = tokens * secondMs - this.#thousandths
    if (lacking <= 0) return 0
    return tokens * secondMs > this.#capacity
      ? Number.POSITIVE_INFINITY
      : Math.ceil(lacking / this.#perSecond)
  }

  #fill(nowMs: number): void {
    const elapsedMs = Math.max(0, nowMs - this.#atMs)
    this.#thousandths = Math.min(this.#capacity, this.#thousandths + elapsedMs * this.#perSecond)
    this.#atMs = nowMs
  }
}
