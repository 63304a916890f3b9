import type { BucketRate, Buckets, BucketTable } from '../log/buckets.ts'
import { secondMs } from '../units.ts'
import { TokenBucket } from './token-bucket.ts'

/** A pause that lasts longer was begun before the clock was set back. */
const pauseMsMax = 10 * secondMs

/** Buckets that one store object counts in by itself, where its engine has none that are shared. */
export class OwnBuckets implements Buckets {
  readonly #buckets: readonly TokenBucket[]
  /** Each gives nothing before. Milliseconds. */
  readonly #pausedUntilMs: number[]

  constructor(rates: readonly BucketRate[], nowMs: number) {
    this.#buckets = rates.map((rate) => new TokenBucket(rate, nowMs))
    this.#pausedUntilMs = rates.map(() => Number.NEGATIVE_INFINITY)
  }

  take(
    first: number,
    width: number,
    amounts: Float64Array,
    lacks: Uint8Array,
    rows: number,
    nowMs: number,
  ): number {
    for (let place = 0; place < width; place++) {
      this.#bucket(first + place).resize(amounts[place] as number, nowMs)
    }
    let refused = 0
    for (let row = 0; row < rows; row++) {
      const lacking = this.#lacking(first, width, amounts, width * (row + 1), nowMs)
      lacks[row] = lacking
      if (lacking !== 0) {
        refused += 1
        continue
      }
      for (let place = 0; place < width; place++) {
        this.#bucket(first + place).spend(amounts[width * (row + 1) + place] as number, nowMs)
      }
    }
    return refused
  }

  spend(bucket: number, tokens: number, pauseMs: number, nowMs: number): void {
    const spent = this.#bucket(bucket)
    spent.spend(tokens, nowMs)
    if (pauseMs > 0 && spent.tokens(nowMs) < 0) this.#pausedUntilMs[bucket] = nowMs + pauseMs
  }

  waitMs(bucket: number, tokens: number, nowMs: number): number {
    return this.#bucket(bucket).waitMs(tokens, nowMs)
  }

  full(nowMs: number): boolean {
    let full = true
    for (const bucket of this.#buckets) full = bucket.full(nowMs) && full
    return full
  }

  /** 1 + the place of the first bucket that lacks its amount, or 0. */
  #lacking(first: number, width: number, amounts: Float64Array, at: number, nowMs: number): number {
    for (let place = 0; place < width; place++) {
      const index = first + place
      const paused = this.#isPaused(index, nowMs)
      if (!this.#bucket(index).has(amounts[at + place] as number, nowMs) || paused) return place + 1
    }
    return 0
  }

  #isPaused(bucket: number, nowMs: number): boolean {
    if ((this.#pausedUntilMs[bucket] as number) - nowMs > pauseMsMax) this.#pausedUntilMs[bucket] = nowMs
    return nowMs < (this.#pausedUntilMs[bucket] as number)
  }

  #bucket(index: number): TokenBucket {
    return this.#buckets[index] as TokenBucket
  }
}

/** Keeps nothing: whoever opens buckets has them alone. */
export const ownBuckets: BucketTable = {
  open: (_name, rates, nowMs) => new OwnBuckets(rates, nowMs),
}
