import type { Shard } from './shard.ts'
import type { Staging } from './staging.ts'

/** Stands before the logs of a stream, where somebody judges or counts what is put. */
export interface WriteGate {
  /**
   * Judges the records `order[from .. from + count)` of `staging`, all of one shard, in their order. Moves those that
   * may be stored to the front, keeping their order, notes why the others are not, and answers how many may.
   */
  admit(staging: Staging, shard: Shard, from: number, count: number): number
}
