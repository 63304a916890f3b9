import { setImmediate as nextTurn } from 'node:timers/promises'
import { percentileNames, percentilesOf } from '../../spread.ts'
import { workload } from '../../workload.ts'
import { shards } from '../contestant.ts'
import type { Question } from '../question.ts'
import { inScratch } from '../scratch.ts'

const payloadBytes = 1024
const recordsASecond = 100_000
const seconds = 2
/** The event loop gets a turn after so many records, as in a program that has other things to do. */
const recordsATurn = 100

/** How late can a record be, when 100,000 come every second? */
export const pacedAppend: Question = {
  id: 'paced-append',
  title: 'p99.99 of append at 100,000 a second',
  terms: [
    `A record of ${payloadBytes} B is due every 10 µs for ${seconds} s, ${shards} shards; the event loop turns every millisecond. Timed: from the`,
    'moment a record was due to the return of its append, so whatever holds JavaScript up makes all records late that',
    'were due meanwhile. Exact percentiles. Not timed: a first quarter of a second at the same pace.',
  ],
  unit: 'ms',
  better: 'less',
  contestants: ['millrace', 'lmdb', 'hand-written log', 'arrays'],
  bars: [{ against: undefined, floor: 5, goal: 2 }],
  roundBytes: (scale) => recordsASecond * seconds * scale * (payloadBytes + 64) * 1.5,
  async prepare({ contestant, folder, scale }) {
    const { entries } = workload(payloadBytes)
    return {
      round: () =>
        inScratch(folder, async (scratch) => {
          const log = await contestant.open(scratch, {
            durability: 'process',
            calls: 'singles',
            nowMs: Date.now,
          })
          const paced = async (count: number): Promise<Float64Array> => {
            const late = new Float64Array(count)
            const stepMs = 1000 / recordsASecond
            const startedAtMs = performance.now()
            for (let index = 0; index < count; index++) {
              const dueAtMs = startedAtMs + index * stepMs
              while (performance.now() < dueAtMs);
              const pending = log.append(entries[index % entries.length] as (typeof entries)[number])
              if (pending !== undefined) await pending
              late[index] = performance.now() - dueAtMs
              if (index % recordsATurn === 0) await nextTurn()
            }
            return late
          }
          await paced(recordsASecond / 4)
          const late = percentilesOf(await paced(recordsASecond * seconds * scale))
          await log.close()
          const of = (name: string): number => late[percentileNames.indexOf(name)] as number
          return {
            figure: of('p99.99'),
            also: { 'p50 µs': of('p50') * 1000, 'p99 ms': of('p99'), 'max ms': of('max') },
          }
        }),
      close: async () => {},
    }
  },
}
