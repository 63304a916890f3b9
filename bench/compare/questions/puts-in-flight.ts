import { workload } from '../../workload.ts'
import type { ContestedLog } from '../contestant.ts'
import type { Question } from '../question.ts'
import { inScratch } from '../scratch.ts'
import { MillraceLog } from '../contestants/millrace.ts'

const payloadBytes = 1024
const inFlight = 1000
const wantedMs = 700

/** How many synced records a second, when many wait at once? */
export const putsInFlight: Question = {
  id: 'puts-in-flight',
  title: `put of 1 KiB on the disk, ${inFlight} in flight`,
  terms: [
    `${inFlight} callers, each awaiting its put before the next, for ${wantedMs} ms. millrace: \`put\`, which shares a sync`,
    'between those who wait. The others write and sync one record a call, so their callers stand in line.',
    'Not timed: opening, a first tenth of the time, closing, deleting.',
  ],
  unit: 'records/s',
  better: 'more',
  contestants: ['millrace', 'sqlite', 'hand-written log'],
  bars: [{ against: 'hand-written log', floor: 20, goal: 35 }],
  async prepare({ contestant, folder, scale }) {
    const { entries } = workload(payloadBytes)
    return {
      round: () =>
        inScratch(folder, async (scratch) => {
          const log = await contestant.open(scratch, {
            durability: 'commit',
            calls: 'singles',
            nowMs: Date.now,
          })
          const put = putOf(log)
          let done = 0
          const run = async (ms: number): Promise<number> => {
            done = 0
            const startedAtMs = performance.now()
            const caller = async (_: unknown, first: number): Promise<void> => {
              for (
                let next = first;
                performance.now() - startedAtMs < ms;
                next = (next + 7) % entries.length
              ) {
                await put(entries[next] as (typeof entries)[number])
                done += 1
              }
            }
            await Promise.all(Array.from({ length: inFlight }, caller))
            return done / ((performance.now() - startedAtMs) / 1000)
          }
          await run((wantedMs * scale) / 10)
          const figure = await run(wantedMs * scale)
          await log.close()
          return { figure }
        }),
      close: async () => {},
    }
  },
}

type Put = (entry: Parameters<ContestedLog['append']>[0]) => void | Promise<void>

function putOf(log: ContestedLog): Put {
  return log instanceof MillraceLog ? (entry) => log.put(entry) : (entry) => log.append(entry)
}
