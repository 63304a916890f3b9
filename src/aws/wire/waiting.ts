/**
 * Somebody who waits for an answer: an `AbortController` is one. Most answers are there before anybody asks whether they
 * are still wanted, and a signal takes as long to make as a record to store: whoever does not need it leaves it alone.
 */
export interface Waiting {
  /** Aborted when nobody waits any more. */
  readonly signal: AbortSignal
}
