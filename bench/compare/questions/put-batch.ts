import { batchesOf, workload } from '../../workload.ts'
import { type ContestedLog, shards, type Terms } from '../contestant.ts'
import type { ContestantName } from '../contestants.ts'
import type { Bar, Prepared, Question, Setting } from '../question.ts'
import { inScratch } from '../scratch.ts'

const batchRecords = 500

const everybody: readonly ContestantName[] = [
  'millrace',
  'lmdb',
  'classic-level',
  'sqlite',
  'hand-written log',
  'arrays',
]
const onDisk = everybody.filter((name) => name !== 'arrays')

/** How many records a second go in by batches of 500? */
export const putBatch1KiB: Question = question({
  id: 'put-batch-1k',
  title: 'putBatch, 500 × 1 KiB',
  payloadBytes: 1024,
  records: 200_000,
  durability: 'process',
  contestants: everybody,
  bars: [
    { against: 'lmdb', floor: 3, goal: 4 },
    { against: 'hand-written log', floor: 1.2, goal: 1.5 },
  ],
})

/** The same, small. */
export const putBatch100B: Question = question({
  id: 'put-batch-100',
  title: 'putBatch, 500 × 100 B',
  payloadBytes: 100,
  records: 500_000,
  durability: 'process',
  contestants: everybody,
  bars: [{ against: 'lmdb', floor: 3.5, goal: 5 }],
})

/** The same with a sync a batch. */
export const putBatchCommit: Question = question({
  id: 'put-batch-commit',
  title: 'putBatch, 500 × 1 KiB, on the disk',
  payloadBytes: 1024,
  records: 100_000,
  durability: 'commit',
  contestants: onDisk,
  bars: [{ against: 'lmdb', floor: 1.5, goal: 3.5 }],
})

interface Wanted {
  readonly id: string
  readonly title: string
  readonly payloadBytes: number
  readonly records: number
  readonly durability: Terms['durability']
  readonly contestants: readonly ContestantName[]
  readonly bars: readonly Bar[]
}

function question({ payloadBytes, records, durability, ...rest }: Wanted): Question {
  const megabytes = Math.round((records * payloadBytes) / 1e6)
  const burst =
    durability === 'commit'
      ? 'Each call returns after a sync.'
      : 'A burst into the page cache, which takes up to about 2 GB before the disk sets the pace.'
  return {
    ...rest,
    unit: 'records/s',
    better: 'more',
    terms: [
      `${records} records of ${payloadBytes} B in ${shards} shards, ${megabytes} MB a round. ${burst}`,
      'Not timed: opening, the first tenth of the records, counting them, closing, deleting.',
    ],
    roundBytes: (scale) => records * scale * (payloadBytes + 64) * 1.5,
    prepare: async (setting) =>
      prepare(setting, { payloadBytes, records: records * setting.scale, durability }),
  }
}

function prepare(
  { contestant, folder }: Setting,
  { payloadBytes, records, durability }: Pick<Wanted, 'payloadBytes' | 'records' | 'durability'>,
): Prepared {
  const batches = batchesOf(workload(payloadBytes).entries, batchRecords)
  const put = async (log: ContestedLog, calls: number): Promise<void> => {
    for (let call = 0, next = 0; call < calls; call++) {
      const pending = log.putBatch(batches[next] as (typeof batches)[number])
      if (pending !== undefined) await pending
      next = next + 1 === batches.length ? 0 : next + 1
    }
  }
  const calls = Math.ceil(records / batchRecords)
  const warmCalls = Math.ceil(calls / 10)
  return {
    round: () =>
      inScratch(folder, async (scratch) => {
        const log = await contestant.open(scratch, { durability, calls: 'batches', nowMs: Date.now })
        await put(log, warmCalls)
        const startedAtMs = performance.now()
        await put(log, calls)
        const seconds = (performance.now() - startedAtMs) / 1000
        const count = await log.count()
        await log.close()
        if (count !== (warmCalls + calls) * batchRecords) throw new Error(`it holds ${count} records`)
        return { figure: (calls * batchRecords) / seconds }
      }),
    close: async () => {},
  }
}
