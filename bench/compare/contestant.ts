import type { PutEntry } from 'millrace'

/** Shards of every store, whoever keeps it. */
export const shards = 8

/** Under which terms a contestant opens its log. */
export interface Terms {
  /**
   * What holds when a call has returned, or its promise is resolved. `process`: the record is in the page cache and
   * survives the process. `commit`: it is on the disk.
   */
  readonly durability: 'process' | 'commit'
  /** What most calls will be, for contestants that are set up differently for the one and the other. */
  readonly calls: 'batches' | 'singles'
  /** Stamps arrivals; milliseconds since 1970, integer. Never goes back. */
  nowMs(): number
}

/** Somebody who keeps records in `shards` ordered logs, with arrival times. */
export interface Contestant {
  /** Opens what is in the folder, or makes it. */
  open(folder: string, terms: Terms): Promise<ContestedLog>
}

/** A record's place, as the contestant's users note it to come back. Means nothing to others. */
export type Place = unknown

/**
 * An open log of one contestant. Methods that read answer a sum over the first and the last byte of each payload:
 * so each was really there, and all contestants must come to the same sum.
 */
export interface ContestedLog {
  /** Stores records in one call or transaction. */
  putBatch(entries: readonly PutEntry[]): void | Promise<void>
  /** Stores one record. */
  append(entry: PutEntry): void | Promise<void>
  /** Reads everything, each shard in its order. */
  sumOfAll(): number | Promise<number>
  /** The places of some records, about `count`, spread evenly over all of them. */
  places(count: number): Promise<readonly Place[]>
  /** Reads the record at a place. */
  sumAt(place: Place): number | Promise<number>
  /** Reads `count` records of a shard, the first being the first that arrived at `timeMs` or later. */
  sumFrom(shard: number, timeMs: number, count: number): number | Promise<number>
  /** Records in all shards. */
  count(): number | Promise<number>
  close(): Promise<void>
}

/** What the contestant does not have yet; its cell then says so. */
export class NotBuilt extends Error {
  override readonly name = 'NotBuilt'
}

/** First and last byte of a payload. */
export function touch(data: Uint8Array): number {
  return (data[0] as number) + (data[data.length - 1] as number)
}
