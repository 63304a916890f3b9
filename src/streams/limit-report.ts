import { type HeavyKey, HeavyKeys } from './heavy-keys.ts'
import type { LimitName, LimitsMode } from './limits.ts'

/** Partition keys that are counted for each shard. */
const keysMax = 32

/** How often a limit was met. */
export interface LimitCount {
  /** Records for the limits of writing, calls for the others. */
  readonly times: number
  /** Keys and data of these records, bytes; 0 for calls. */
  readonly bytes: number
}

/** What AWS refuses of one shard. */
export interface ShardLimitReport {
  readonly shardId: string
  /** Only limits that were met. */
  readonly limits: Readonly<Partial<Record<LimitName, LimitCount>>>
  /** The partition keys of refused records, the most refused first; at most 32, which are the worst. */
  readonly partitionKeys: readonly HeavyKey[]
}

/** What AWS refuses of a stream, since this store object was opened. */
export interface LimitReport {
  readonly mode: LimitsMode
  /** By index; only shards that the stream still has, of which something was refused, or would have been. */
  readonly shards: readonly ShardLimitReport[]
}

/** Counts what is refused of one shard. */
export class LimitTally {
  readonly #counts: Map<LimitName, { times: number; bytes: number }> = new Map()
  readonly #keys: HeavyKeys = new HeavyKeys(keysMax)

  /** Something was refused that was no record. */
  call(limit: LimitName): void {
    this.#add(limit, 1, 0)
  }

  /** Records of one partition key were refused; `bytes` are their keys and data. */
  records(limit: LimitName, partitionKey: string, records: number, bytes: number): void {
    this.#add(limit, records, bytes)
    this.#keys.add(partitionKey, records, bytes)
  }

  report(shardId: string): ShardLimitReport {
    const limits = Object.fromEntries([...this.#counts].map(([limit, count]) => [limit, { ...count }]))
    return { shardId, limits, partitionKeys: this.#keys.list() }
  }

  #add(limit: LimitName, times: number, bytes: number): void {
    const count = this.#counts.get(limit)
    if (count === undefined) {
      this.#counts.set(limit, { times, bytes })
      return
    }
    count.times += times
    count.bytes += bytes
  }
}
