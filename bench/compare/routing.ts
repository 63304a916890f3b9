import { shards } from './contestant.ts'

/** The shard of a key, for everybody but millrace: FNV-1a, which costs a few nanoseconds where MD5 costs more. */
export function shardOf(key: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < key.length; at++) hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193)
  return (hash >>> 13) & (shards - 1)
}

/** The first index whose value is at least `bound`, in values that ascend; `length` if there is none. */
export function lowerBound(length: number, bound: number, valueAt: (index: number) => number): number {
  let low = 0
  let high = length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (valueAt(middle) < bound) low = middle + 1
    else high = middle
  }
  return low
}
