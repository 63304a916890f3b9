/** Syncs that took about as long. */
export interface SyncBucket {
  /** None of them took longer; the bucket before ends where this one begins. Seconds; `Infinity` for the last. */
  readonly upToSeconds: number
  readonly count: number
}

/**
 * How often files and folders of a store were made durable, and how long that took: each call that waited for the
 * disk. What several shards commit together counts once, its writing included.
 */
export interface SyncStats {
  /** Those that failed included. */
  readonly count: number
  readonly failed: number
  /** All of them together, those that ran beside one another each for itself. Seconds. */
  readonly seconds: number
  /** By how long one took, ascending; their counts add up to `count`. */
  readonly buckets: readonly SyncBucket[]
}

/** Of an engine that never syncs. */
export const noSyncs: SyncStats = {
  count: 0,
  failed: 0,
  seconds: 0,
  buckets: [{ upToSeconds: Number.POSITIVE_INFINITY, count: 0 }],
}
