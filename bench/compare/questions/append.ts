import { workload } from '../../workload.ts'
import { type ContestedLog, shards } from '../contestant.ts'
import type { Question } from '../question.ts'
import { inScratch } from '../scratch.ts'

const payloadBytes = 1024
const records = 50_000

/** How many records a second go in one by one, each stored when its call returns? */
export const append: Question = {
  id: 'append',
  title: 'append, one 1 KiB record a call',
  terms: [
    `${records} records of ${payloadBytes} B in ${shards} shards, each stored and to be read when its call returns.`,
    'classic-level has no synchronous put: its promises are awaited one by one. lmdb: putSync, with a write map.',
    'Not timed: opening, the first tenth of the records, counting them, closing, deleting.',
  ],
  unit: 'records/s',
  better: 'more',
  contestants: ['millrace', 'lmdb', 'classic-level', 'sqlite', 'hand-written log', 'arrays'],
  bars: [
    { against: 'lmdb', floor: 8, goal: 15 },
    { against: 'hand-written log', floor: 2, goal: 4 },
  ],
  roundBytes: (scale) => records * scale * (payloadBytes + 64) * 1.5,
  async prepare({ contestant, folder, scale }) {
    const { entries } = workload(payloadBytes)
    const put = async (log: ContestedLog, count: number): Promise<void> => {
      for (let index = 0, next = 0; index < count; index++) {
        const pending = log.append(entries[next] as (typeof entries)[number])
        if (pending !== undefined) await pending
        next = next + 1 === entries.length ? 0 : next + 1
      }
    }
    const count = records * scale
    return {
      round: () =>
        inScratch(folder, async (scratch) => {
          const log = await contestant.open(scratch, {
            durability: 'process',
            calls: 'singles',
            nowMs: Date.now,
          })
          await put(log, count / 10)
          const startedAtMs = performance.now()
          await put(log, count)
          const seconds = (performance.now() - startedAtMs) / 1000
          const found = await log.count()
          await log.close()
          if (found !== count + count / 10) throw new Error(`it holds ${found} records`)
          return { figure: count / seconds }
        }),
      close: async () => {},
    }
  },
}
