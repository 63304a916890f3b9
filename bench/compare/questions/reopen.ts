import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { workload } from '../../workload.ts'
import { shards } from '../contestant.ts'
import type { ContestantName } from '../contestants.ts'
import type { Question } from '../question.ts'

const payloadBytes = 1024
const megabytes = 2000
/** What each further process stores before it is killed. */
const addedMegabytes = 32

/** How soon is a large store usable after the death of its process? */
export const reopen: Question = {
  id: 'reopen',
  title: `open after kill -9, ${megabytes / 1000} GB`,
  terms: [
    `A process of its own stores ${megabytes} MB in records of 1 KiB in ${shards} shards and dies of SIGKILL while it stores more; before each`,
    `round another opens the store, adds ${addedMegabytes} MB and is killed again. The machine stays up. Timed: from the call that opens`,
    'to one record read and one appended, in a process that has all modules loaded.',
  ],
  unit: 'ms',
  better: 'less',
  contestants: ['millrace', 'lmdb', 'classic-level', 'sqlite', 'hand-written log'],
  bars: [{ against: undefined, floor: 50, goal: 10 }],
  async prepare({ name, contestant, folder, scale }) {
    const store = join(folder, 'store')
    await killAfter(name, store, megabytes * scale)
    const [entry] = workload(payloadBytes).entries
    if (entry === undefined) throw new Error('there is nothing to append')
    return {
      async round() {
        await killAfter(name, store, addedMegabytes)
        const startedAtMs = performance.now()
        const log = await contestant.open(store, { durability: 'process', calls: 'batches', nowMs: Date.now })
        const openMs = performance.now() - startedAtMs
        const sum = await log.sumFrom(0, 0, 1)
        await log.append(entry)
        const figure = performance.now() - startedAtMs
        const count = await log.count()
        await log.close()
        const records = (megabytes * scale * 1e6) / payloadBytes
        if (!(sum > 0) || count < records) throw new Error(`it holds ${count} records`)
        return { figure, also: { 'open ms': openMs } }
      },
      close: async () => {},
    }
  },
}

/** Lets another process store that much, and kills it in the middle of its work. */
async function killAfter(name: ContestantName, folder: string, size: number): Promise<void> {
  const victim = fork(join(import.meta.dirname, '..', 'victim.js'), [name, folder, String(size)], {
    execArgv: [],
  })
  const ended = once(victim, 'exit')
  const [said] = (await Promise.race([once(victim, 'message'), ended])) as unknown[]
  if (said !== 'ready') throw new Error('the process that stores records ended by itself')
  victim.kill('SIGKILL')
  const [, signal] = (await ended) as unknown[]
  if (signal !== 'SIGKILL') throw new Error(`the process ended by ${String(signal)}`)
}
