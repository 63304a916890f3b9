import type { LogEngine, LogStats } from '../log/log.ts'
import type { SyncStats } from '../log/sync-stats.ts'
import type { Shard } from './shard.ts'

/** What a shard holds. */
export interface ShardStats {
  readonly shardId: string
  /** Records that can be read, at most: a shard's sequence may have holes. */
  readonly recordsMax: number
  /** Records that are stored, with their frames, also expired ones whose space is not free yet. Bytes. */
  readonly bytes: number
  /** What its files take at most; 0 for a shard that has none. Bytes. */
  readonly fileBytes: number
  readonly segments: number
  /** Arrival of the oldest and newest stored record, milliseconds since 1970; `undefined` if there is none. */
  readonly oldestArrivedAtMs: number | undefined
  readonly newestArrivedAtMs: number | undefined
  /** Every record would survive the loss of power. */
  readonly durable: boolean
  /** The shard has ended: it takes no records any more. */
  readonly sealed: boolean
}

/** What a stream holds: its shards, and their sums. */
export interface StreamStats {
  readonly shards: readonly ShardStats[]
  /** As in `ShardStats`. */
  readonly recordsMax: number
  /** As in `ShardStats`. Bytes. */
  readonly bytes: number
  /** As in `ShardStats`. Bytes. */
  readonly fileBytes: number
}

/** What a store has done since this process opened it. */
export interface StoreStats {
  /** Of all its streams and its metadata, whichever thread of the process used them; none of a store in memory. */
  readonly syncs: SyncStats
}

export async function storeStats(engine: LogEngine): Promise<StoreStats> {
  return { syncs: await engine.syncStats() }
}

/** @param visible offset of the first record that is not hidden */
export function shardStats(shard: Shard, stats: LogStats, visible: number): ShardStats {
  const empty = stats.first === stats.next
  return {
    shardId: shard.id,
    recordsMax: Math.max(0, stats.next - Math.max(visible, stats.first)),
    bytes: stats.bytes,
    fileBytes: stats.fileBytes,
    segments: stats.segments,
    oldestArrivedAtMs: empty ? undefined : stats.firstTimeMs,
    newestArrivedAtMs: empty ? undefined : stats.lastTimeMs,
    durable: stats.durable >= stats.next,
    sealed: stats.sealed,
  }
}

/** Adds up what the shards hold. */
export function streamStats(shards: readonly ShardStats[]): StreamStats {
  let recordsMax = 0
  let bytes = 0
  let fileBytes = 0
  for (const shard of shards) {
    recordsMax += shard.recordsMax
    bytes += shard.bytes
    fileBytes += shard.fileBytes
  }
  return { shards, recordsMax, bytes, fileBytes }
}
