import type { Stream } from 'millrace'
import { shardNumber } from './routing.ts'

/** What the stream holds, counted record by record. */
export interface Stock {
  /** Records of each shard, by the shard's number. */
  readonly records: readonly number[]
  readonly total: number
  /** Arrival of the record in the middle of all that were counted; 0 when there is none. */
  readonly middleMs: number
}

/**
 * Counts every stored record. Sequence numbers would do if they had no gaps, but a crash of the machine may
 * leave one; counting is exact and takes no longer than reading a gigabyte from memory.
 */
export async function takeStock(stream: Stream<string>, shards: number, signal: AbortSignal): Promise<Stock> {
  const records = Array.from({ length: shards }, () => 0)
  // One entry a page: enough to find the middle without keeping anything of the records.
  const pages: { readonly records: number; readonly arrivedAtMs: number }[] = []
  for await (const batch of stream.readBatches({ from: 'oldest', until: 'tail', signal })) {
    const shard = shardNumber(batch.shardId)
    records[shard] = (records[shard] ?? 0) + batch.length
    pages.push({ records: batch.length, arrivedAtMs: batch.arrivedAtMs(0) })
  }
  const total = records.reduce((sum, count) => sum + count, 0)
  pages.sort((a, b) => a.arrivedAtMs - b.arrivedAtMs)
  let before = 0
  const middle = pages.find((page) => (before += page.records) >= total / 2)
  return { records, total, middleMs: middle?.arrivedAtMs ?? 0 }
}
