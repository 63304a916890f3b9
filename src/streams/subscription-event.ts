import type { RecordBatch } from './record-batch.ts'
import type { SequenceNumber } from './sequence-number.ts'
import type { Shard } from './shard.ts'

/** Records that were pushed, or none: then only the position has moved on. */
export interface SubscriptionEvent {
  /** The records in order, a batch for each part that was read. */
  readonly batches: readonly RecordBatch[]
  readonly records: number
  /** Keys and data, bytes. */
  readonly bytes: number
  /**
   * Resume after this one: every record up to it was delivered. Moves on even without records. `undefined` at the
   * end of the shard: this is the last event, and the shard's children follow.
   */
  readonly continuationSequenceNumber: SequenceNumber | undefined
  /** At the end of the shard, those that took over. */
  readonly childShards: readonly Shard[]
  /** As in `ShardPage`. */
  readonly millisBehindLatest: number
  /** As in `ShardPage`. */
  release(): void
}

const none: readonly never[] = []

/** Nothing came, and there is nothing more to read now. */
export function idleEvent(continuationSequenceNumber: SequenceNumber): SubscriptionEvent {
  return {
    batches: none,
    records: 0,
    bytes: 0,
    continuationSequenceNumber,
    childShards: none,
    millisBehindLatest: 0,
    release: nothingToRelease,
  }
}

function nothingToRelease(): void {}
