import type { Buckets, BucketTable } from '../log/buckets.ts'

/** What `Buckets.take` is passed for one call; never kept beyond it. */
const amounts: Float64Array = new Float64Array(2)
const lacks: Uint8Array = new Uint8Array(1)

/** How often something may be called in a second; a second's worth may go at once after a quiet time. */
export class CallRate {
  readonly #buckets: Buckets
  readonly #perSecond: number

  /** @param name whoever counts under the same name in the same table counts together */
  constructor(table: BucketTable, name: string, perSecond: number, nowMs: number) {
    this.#buckets = table.open(name, [secondsWorth(perSecond)], nowMs)
    this.#perSecond = perSecond
  }

  /** Counts one call if it may be made; answers whether it may. */
  take(nowMs: number): boolean {
    amounts[0] = this.#perSecond
    amounts[1] = 1
    return this.#buckets.take(0, 1, amounts, lacks, 1, nowMs) === 0
  }

  /** Whether it is as if nothing had been called. */
  full(nowMs: number): boolean {
    return this.#buckets.full(nowMs)
  }
}

/** The rate of a bucket that holds what comes in within a second. */
export function secondsWorth(tokens: number): { readonly perSecond: number; readonly capacity: number } {
  return { perSecond: tokens, capacity: tokens }
}
