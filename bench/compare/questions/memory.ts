import { readFileSync } from 'node:fs'
import { batchesOf, workload } from '../../workload.ts'
import { touch } from '../contestant.ts'
import { MillraceLog } from '../contestants/millrace.ts'
import type { Question } from '../question.ts'
import { inScratch } from '../scratch.ts'

const payloadBytes = 1024
const gigabytes = 10
const batchRecords = 500
const batchesOfSample = 200

/** How much memory of its own does a process need while very much goes in and out? */
export const memory: Question = {
  id: 'memory',
  title: `memory of the process while ${gigabytes} GB go in and out`,
  terms: [
    `One process puts ${gigabytes} GB in batches of ${batchRecords} × ${payloadBytes} B, and reads every record behind itself with \`reuse\`.`,
    'RssAnon of the whole process, Node and 4 MB of payloads to put included, sampled every 200 batches: the most.',
    'Mapped pages of files are the page cache and do not count. Growth: last third against first, by their medians.',
  ],
  unit: 'MiB',
  better: 'less',
  contestants: ['millrace'],
  bars: [{ against: undefined, floor: 120, goal: 64 }],
  roundsMax: 1,
  async prepare({ contestant, folder, scale }) {
    const batches = batchesOf(workload(payloadBytes).entries, batchRecords)
    const calls = Math.ceil((gigabytes * 1e9 * scale) / (batchRecords * payloadBytes))
    const round = async (scratch: string, count: number): Promise<readonly number[]> => {
      const log = await contestant.open(scratch, { durability: 'process', calls: 'batches', nowMs: Date.now })
      if (!(log instanceof MillraceLog)) throw new Error('this question is for millrace alone')
      const samples: number[] = []
      let [read, sum] = [0, 0]
      await using reader = log.stream.readBatches({ from: 'oldest', reuse: true })
      for (let call = 1; call <= count; call++) {
        await log.putBatch(batches[call % batches.length] as (typeof batches)[number])
        while (read < call * batchRecords) {
          const { value: batch } = await reader.next()
          if (batch === undefined) throw new Error('the read ended')
          for (let index = 0; index < batch.length; index++) sum += touch(batch.data(index))
          read += batch.length
        }
        if (call % batchesOfSample === 0) samples.push(anonymousMiB())
      }
      await log.close()
      if (!(sum > 0)) throw new Error('nothing was read')
      return samples
    }
    return {
      round: () =>
        inScratch(folder, async (scratch) => {
          const samples = await round(scratch, calls)
          const third = Math.ceil(samples.length / 3)
          const growth = median(samples.slice(-third)) - median(samples.slice(0, third))
          return { figure: Math.max(...samples), also: { 'growth MiB': growth } }
        }),
      close: async () => {},
    }
  },
}

function anonymousMiB(): number {
  return Number(/^RssAnon:\s+(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) / 1024
}

function median(figures: readonly number[]): number {
  return figures.toSorted((a, b) => a - b)[figures.length >> 1] ?? Number.NaN
}
