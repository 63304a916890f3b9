import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { percentileNames, percentilesOf } from '../../spread.ts'
import { NotBuilt } from '../contestant.ts'
import type { Question } from '../question.ts'
import { inScratch } from '../scratch.ts'

const records = 400
/** Long enough for the consumer to wait again. */
const pauseMs = 2

/** How soon does a process that waits see a record that another one put? */
export const waitingConsumer: Question = {
  id: 'waiting-consumer',
  title: 'put to seen by a consumer that waits in another process, p50',
  terms: [
    `${records} records of 1 KiB, one every ${pauseMs} ms, into one store; another process has opened it with \`readOnly\` and awaits what`,
    'comes after `latest`. Timed: from before the append in the one process to the record in the other, by the',
    "system's monotonic clock, which both share. No peer has a wait: their consumers would have to poll.",
  ],
  unit: 'µs',
  better: 'less',
  contestants: ['millrace'],
  bars: [{ against: undefined, floor: 150, goal: 80 }],
  async prepare({ contestant, folder, scale }) {
    const count = Math.ceil(records * scale)
    return {
      round: () =>
        inScratch(folder, async (scratch) => {
          const log = await contestant.open(scratch, {
            durability: 'process',
            calls: 'singles',
            nowMs: Date.now,
          })
          const follower = fork(join(import.meta.dirname, '..', 'follower.js'), [scratch, String(count)], {
            execArgv: [],
          })
          try {
            await heard(follower, 'ready')
            // Listened for from here on: it may end early, or say it before the last append is acknowledged.
            const heardLate = heard(follower, 'late')
            heardLate.catch(() => {})
            for (let index = 0; index < count; index++) {
              const data = Buffer.alloc(1024)
              await pause(pauseMs)
              data.writeBigInt64LE(process.hrtime.bigint())
              await log.append({ partitionKey: `user-${index}`, data })
            }
            const late = percentilesOf(Float64Array.from(await heardLate))
            const of = (name: string): number => late[percentileNames.indexOf(name)] as number
            return { figure: of('p50'), also: { 'p99 µs': of('p99'), 'max µs': of('max') } }
          } finally {
            follower.kill()
            await log.close()
          }
        }),
      close: async () => {},
    }
  },
}

/** What the consumer says, see follower.ts. */
export interface Heard {
  readonly kind: 'ready' | 'late' | 'not built'
  readonly lateUs?: readonly number[]
  readonly why?: string
}

async function heard(follower: ReturnType<typeof fork>, kind: Heard['kind']): Promise<readonly number[]> {
  const [said] = (await Promise.race([once(follower, 'message'), once(follower, 'exit')])) as [Heard | number]
  if (typeof said !== 'object' || said === null) throw new Error('the consumer ended by itself')
  if (said.kind === 'not built') throw new NotBuilt(said.why)
  if (said.kind !== kind) throw new Error(`the consumer said ${said.kind}, not ${kind}`)
  return said.lateUs ?? []
}
