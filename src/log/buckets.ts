/** How fast a bucket fills and how much it holds; whole tokens, at most 2^42. */
export interface BucketRate {
  /** Tokens that come in a second. */
  readonly perSecond: number
  /** Tokens at most: what may go at once after a quiet time. */
  readonly capacity: number
}

/**
 * Token buckets that are asked for together, each as `TokenBucket` (src/streams/token-bucket.ts) says. Every call says
 * what time it is, in whole milliseconds, and is whole by itself: who ends between two calls leaves nothing half done.
 */
export interface Buckets {
  /**
   * Takes rows of amounts from the `width` buckets that begin with `first`: of each row all, or nothing if a bucket lacks
   * something or is paused. Answers how many rows were not taken.
   *
   * @param amounts first what each of these buckets holds at most from now on, then row behind row
   * @param lacks for each row 0, or 1 + the place in the row of the first bucket that lacks something
   */
  take(
    first: number,
    width: number,
    amounts: Float64Array,
    lacks: Uint8Array,
    rows: number,
    nowMs: number,
  ): number
  /**
   * Takes tokens whether they are there or not. If they were not, the bucket gives nothing for `pauseMs` from now, unless
   * that is 0; a pause that lasts longer than 10 seconds was begun before the clock was set back, and is forgotten.
   */
  spend(bucket: number, tokens: number, pauseMs: number, nowMs: number): void
  /** Whole milliseconds until so many tokens are there, pauses aside; `Infinity` if they never will be. */
  waitMs(bucket: number, tokens: number, nowMs: number): number
  /** Whether all hold all they can. */
  full(nowMs: number): boolean
}

/** Buckets by name: whoever opens the same name counts in the same ones. */
export interface BucketTable {
  /** New ones are full; of those that are there, the rates stay. A name has always as many. */
  open(name: string, rates: readonly BucketRate[], nowMs: number): Buckets
}
