import { batchesOf, workload } from '../workload.ts'
import type { ContestedLog, Contestant } from './contestant.ts'
import { touch } from './contestant.ts'

/** Records of one arrival: the clock of a filled log moves on a millisecond with each batch. */
const batchRecords = 100

/** A log that holds `records` records, their arrivals a millisecond apart from batch to batch. */
export interface Filled {
  readonly log: ContestedLog
  readonly records: number
  /** What reading everything must answer. */
  readonly sum: number
  /** The first arrival; the last is `milliseconds` later. */
  readonly firstMs: number
  readonly milliseconds: number
}

export async function fill(
  contestant: Contestant,
  folder: string,
  size: { readonly payloadBytes: number; readonly records: number },
): Promise<Filled> {
  const firstMs = Date.now() - 3_600_000
  let nowMs = firstMs
  const log = await contestant.open(folder, { durability: 'process', calls: 'batches', nowMs: () => nowMs })
  const batches = batchesOf(workload(size.payloadBytes).entries, batchRecords)
  const sums = batches.map((batch) => batch.reduce((sum, { data }) => sum + touch(data), 0))
  let sum = 0
  let records = 0
  for (let next = 0; records < size.records; next = (next + 1) % batches.length) {
    await log.putBatch(batches[next] as (typeof batches)[number])
    sum += sums[next] as number
    records += batchRecords
    nowMs += 1
  }
  const count = await log.count()
  if (count !== records) throw new Error(`it holds ${count} records, not ${records}`)
  return { log, records, sum, firstMs, milliseconds: nowMs - 1 - firstMs }
}

/** Numbers from 0 to 1 from a generator with a fixed seed: the same for everybody. */
export function randomNumbers(seed: number): () => number {
  let state = seed | 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 2 ** 32
  }
}
