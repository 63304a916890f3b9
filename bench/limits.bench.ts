import { type Clock, type LimitsMode, type Stream, systemClock } from 'millrace'
import { type AppendPlan, type AppendSome, millraceAppends } from './appending.ts'
import type { Bench, BenchSession } from './bench.ts'
import { columns } from './columns.ts'
import { contest, type Outcome, outcomeOf } from './contest.ts'
import { supplyPages } from './page-supply.ts'
import { showSpread, spreadOf } from './spread.ts'
import { Stopwatch } from './stopwatch.ts'
import { batchesOf, type Workload, workload } from './workload.ts'

const shards = 8
const batchRecords = 100
const modes: readonly LimitsMode[] = ['off', 'report', 'enforce']
const ways = ['append', 'put', 'putBatch'] as const

/** What do limits cost that refuse nothing? */
export const bench: Bench = {
  question: `What do limits that refuse nothing cost a record, over ${shards} shards of a store in a folder?`,
  terms: [
    "Durability: 'process'. append: one call a record. put: each awaited before the next.",
    `putBatch: ${batchRecords} records a call, each call awaited.`,
    'The clock of the store is one of the bench: every look moves it on by a millisecond, in batches by 100, so that',
    'no shard is ever full and all modes have the same clock. One thread has the store open.',
    'Not timed: opening, the first tenth of the records, checking the count, closing, deleting.',
    'beyond off: of each round, the time of a record in this mode less that with limits off.',
  ],
  async run(session) {
    await measure(session, 100, 300_000)
    await measure(session, 1024, 100_000)
  },
}

async function measure(session: BenchSession, payloadBytes: number, records: number): Promise<void> {
  const { folder, rounds } = session
  const load = workload(payloadBytes)
  const plan: AppendPlan = { load, shards, warmRecords: records / 10, records, batchRecords, folder }
  const batches = batchesOf(load.entries, batchRecords)
  const appending = { append: appends(load), put: puts(load), putBatch: putBatches(batches) }
  const contenders = ways.flatMap((way) =>
    modes.map((limits) => {
      const clock = tickingClock(way === 'putBatch' ? batchRecords : 1)
      return millraceAppends(`${way}, ${limits}`, plan, appending[way], { limits, clock })
    }),
  )
  const outcomes = await contest(contenders, rounds, async (what) => {
    session.progress(`${payloadBytes} B: ${what}`)
    supplyPages(folder, records * load.storedBytes * 2)
  })
  session.say('', `${records} records of ${payloadBytes} B`, '', ...show(outcomes, records))
}

function tickingClock(stepMs: number): Clock {
  let nowMs = systemClock.nowMs()
  return { ...systemClock, nowMs: () => (nowMs += stepMs), monotonicMs: () => nowMs }
}

function show(outcomes: readonly Outcome[], records: number): string[] {
  const rows = outcomes.map((outcome) => {
    const off = outcomeOf(outcomes, outcome.name.replace(/, .*/, ', off'))
    const times = outcome.timings.map(({ ns }) => ns / records)
    const base = off.timings.map(({ ns }) => ns / records)
    const more = spreadOf(times.map((ns, round) => ns - (base[round] as number)))
    const ratio = spreadOf(times.map((ns, round) => ns / (base[round] as number)))
    return [outcome.name, showSpread(spreadOf(times), 0), showSpread(more, 0), showSpread(ratio, 2)]
  })
  return columns(['', 'ns a record', 'beyond off, ns', 'times off'], rows)
}

function appends({ entries }: Workload): AppendSome {
  return async (stream: Stream, records: number) => {
    const watch = new Stopwatch()
    for (let index = 0; index < records; index++) {
      const entry = entries[index % entries.length] as (typeof entries)[number]
      stream.append(entry.partitionKey, entry.data)
    }
    return { appended: records, timing: watch.read() }
  }
}

function puts({ entries }: Workload): AppendSome {
  return async (stream: Stream, records: number) => {
    const watch = new Stopwatch()
    for (let index = 0; index < records; index++) {
      const entry = entries[index % entries.length] as (typeof entries)[number]
      await stream.put(entry.partitionKey, entry.data)
    }
    return { appended: records, timing: watch.read() }
  }
}

function putBatches(batches: ReturnType<typeof batchesOf>): AppendSome {
  return async (stream: Stream, records: number) => {
    let appended = 0
    const watch = new Stopwatch()
    for (let next = 0; appended < records; next = (next + 1) % batches.length) {
      const results = await stream.putBatch(batches[next] as (typeof batches)[number])
      const refused = results.find(({ ok }) => !ok)
      if (refused !== undefined) throw new Error('a record was refused')
      appended += results.length
    }
    return { appended, timing: watch.read() }
  }
}
