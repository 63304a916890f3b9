import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { open } from 'millrace'
import type { Bench, BenchSession } from './bench.ts'
import { type Contender, contest, outcomeOf, showContest, speedRatio, type Timing } from './contest.ts'
import { supplyPages } from './page-supply.ts'
import type { PuttingOrder, PutSpan } from './putting-worker.ts'
import { showSpread } from './spread.ts'
import { workload } from './workload.ts'

const batchRecords = 500
const shards = 8

/** How much do two workers store that share a store? */
export const bench: Bench = {
  question: 'How many times as much do two workers store as one, all of them with the same store open?',
  terms: [
    `Each worker opens the folder and makes one awaited putBatch of ${batchRecords} records after the other, into ${shards} shards;`,
    "durability 'process'. All contenders store the same number of records, two workers half of them each.",
    'two, all shards: both workers put into every shard. two, own shards: each has four shards to itself, by its',
    'partition keys. two, own stores: each has a store of its own, so they share nothing but the process and its',
    'helper threads; what the machine gives at most.',
    'Timed: from the first call of any worker to the last answer to any. Not timed: starting workers, opening, the',
    'records that each stores first, so that its code is compiled, checking the count, closing, deleting.',
  ],
  async run(session) {
    await measure(session, 100, 2_400_000)
    await measure(session, 1024, 300_000)
  },
}

async function measure(session: BenchSession, payloadBytes: number, records: number): Promise<void> {
  const { folder, rounds } = session
  const { storedBytes } = workload(payloadBytes)
  // Every worker compiles for itself.
  const whole = { payloadBytes, batchRecords, warmRecords: records / 6, records }
  const half = { ...whole, records: records / 2 }
  const outcomes = await contest(
    [
      putting('one worker', folder, [whole]),
      putting('two, all shards', folder, [half, half]),
      putting('two, own shards', folder, [
        { ...half, half: 0 },
        { ...half, half: 1 },
      ]),
      putting('two, own stores', folder, [half, half], 'stores'),
    ],
    rounds,
    async (what) => {
      session.progress(`${payloadBytes} B: ${what}`)
      supplyPages(folder, records * storedBytes * 2)
    },
  )
  const megabytes = Math.round((records * storedBytes) / 1e6)
  session.say('', `${records} records of ${payloadBytes} B, ${megabytes} MB a round`, '')
  session.say(...showContest(outcomes, { records, payloadBytes }, ['one worker']))
  const shared = speedRatio(outcomeOf(outcomes, 'two, all shards'), outcomeOf(outcomes, 'two, own stores'))
  session.say('', `Two workers with one store, of two with a store each: ${showSpread(shared, 2)}.`)
}

/** A worker for each order: all in one new store a round, or each in its own. */
function putting(
  name: string,
  parent: string,
  orders: readonly Omit<PuttingOrder, 'folder'>[],
  apart?: 'stores',
): Contender {
  return {
    name,
    async round() {
      const scratch = mkdtempSync(join(parent, 'round-'))
      try {
        const folders = orders.map((_, index) =>
          join(scratch, apart === undefined ? 'shared' : `own-${index}`),
        )
        for (const folder of new Set(folders)) await createBenchStream(folder)
        const timing = await timeTogether(
          orders.map((order, index) => ({ ...order, folder: folders[index] as string })),
        )
        let stored = 0
        for (const folder of new Set(folders)) stored += await recordsIn(folder)
        const wanted = orders.reduce((sum, { warmRecords, records }) => sum + warmRecords + records, 0)
        if (stored !== wanted) throw new Error(`${name}: ${stored} records were stored, not ${wanted}`)
        return timing
      } finally {
        rmSync(scratch, { recursive: true, force: true })
      }
    },
  }
}

async function timeTogether(orders: readonly PuttingOrder[]): Promise<Timing> {
  const script = new URL('putting-worker.js', import.meta.url)
  const workers = orders.map((order) => new Worker(script, { workerData: order }))
  const exits = workers.map((worker) => once(worker, 'exit'))
  await Promise.all(workers.map((worker) => once(worker, 'message')))
  const before = process.cpuUsage()
  const answers = workers.map((worker) => once(worker, 'message'))
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker has no origin
  for (const worker of workers) worker.postMessage('go')
  const spans = (await Promise.all(answers)).map(([span]) => span as PutSpan)
  const { user, system } = process.cpuUsage(before)
  await Promise.all(exits)
  const began = Math.min(...spans.map(({ beganNs }) => Number(beganNs)))
  const ended = Math.max(...spans.map(({ endedNs }) => Number(endedNs)))
  return { ns: ended - began, cpuNs: (user + system) * 1000 }
}

async function createBenchStream(folder: string): Promise<void> {
  await using store = await open(folder)
  await store.createStream('bench', { shards })
}

async function recordsIn(folder: string): Promise<number> {
  await using store = await open(folder)
  return (await store.stream('bench').stats()).recordsMax
}
