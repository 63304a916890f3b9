import type { Shard } from './shard.ts'
import type { Staging } from './staging.ts'
import type { StreamCore } from './stream-core.ts'

/** Stands before the logs of a stream, where somebody judges or counts what is put. */
export interface WriteGate {
  /**
   * Judges the records `order[from .. from + count)` of `staging`, all of one shard, in their order. Moves those that
   * may be stored to the front, keeping their order, notes why the others are not, and answers how many may.
   */
  admit(staging: Staging, shard: Shard, from: number, count: number): number
}

/** How test support puts a gate before those of a store's streams. One for each store. */
export interface GateHook {
  /** Answers the gate that is passed first, if any is; it hands what it lets pass on to `core.ownGate`. */
  before: ((core: StreamCore) => WriteGate | undefined) | undefined
}
