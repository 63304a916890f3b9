import type { Stream } from 'millrace'
import { type AppendPlan, type AppendSome, millraceAppends, rawAppends } from './appending.ts'
import type { Bench, BenchSession } from './bench.ts'
import { columns } from './columns.ts'
import { contest, type Outcome, showContest } from './contest.ts'
import { supplyPages } from './page-supply.ts'
import { percentileNames, percentilesOf, showSpread, spreadOf } from './spread.ts'
import { Stopwatch } from './stopwatch.ts'
import { type Workload, workload } from './workload.ts'

const shards = 8
const baselines = ['raw ready', 'raw ahead', 'raw write']

/** How fast is one record at a time, and how long can one take? */
export const bench: Bench = {
  question: `How fast does append store records one by one over ${shards} shards, and how long can one take?`,
  terms: [
    "Durability: 'process'. Nothing waits for the disk; what is measured is a burst into the page cache.",
    'append: synchronous, one call and one result object a record. put: each awaited before the next.',
    'Not timed: opening, the first tenth of the records, checking the count, closing, deleting.',
    'raw ready, raw ahead: as in put-batch, one record after the other. raw write: one write(2) a record.',
    'Latencies are of rounds of their own, with a clock read before and after every record (about 50 ns of each',
    'figure); exact percentiles of all records of a round, not of a histogram.',
  ],
  async run(session) {
    await measure(session, { payloadBytes: 1024, records: 180_000 })
    await measure(session, { payloadBytes: 100, records: 600_000 })
  },
}

async function measure(
  session: BenchSession,
  size: { readonly payloadBytes: number; readonly records: number },
): Promise<void> {
  const { payloadBytes, records } = size
  const { folder, rounds } = session
  const load = workload(payloadBytes)
  const plan: AppendPlan = { load, shards, warmRecords: records / 10, records, batchRecords: 1, folder }
  const beforeRound = async (what: string): Promise<void> => {
    session.progress(`${payloadBytes} B: ${what}`)
    supplyPages(folder, records * load.storedBytes * 2)
  }
  const whole = await contest(
    [
      millraceAppends('append', plan, appends(load)),
      millraceAppends('put', plan, puts(load)),
      rawAppends('raw ready', plan, 'ready'),
      rawAppends('raw ahead', plan, 'ahead'),
      rawAppends('raw write', plan, 'write'),
    ],
    rounds,
    beforeRound,
  )
  const megabytes = Math.round((records * load.storedBytes) / 1e6)
  session.say('', `${records} records of ${payloadBytes} B one by one, ${megabytes} MB a round`, '')
  session.say(...showContest(whole, { records, payloadBytes }, baselines))
  const each = await contest(
    [
      millraceAppends('append', plan, timedAppends(load)),
      rawAppends('raw ahead', plan, 'ahead', 'each'),
      rawAppends('raw write', plan, 'write', 'each'),
    ],
    rounds,
    beforeRound,
  )
  session.say('', 'Latency of one, ns', '', ...showLatencies(each))
}

function appends({ entries }: Workload): AppendSome {
  return async (stream: Stream, records: number) => {
    const watch = new Stopwatch()
    for (let index = 0, next = 0; index < records; index++) {
      const entry = entries[next] as (typeof entries)[number]
      stream.append(entry.partitionKey, entry.data)
      next = next + 1 === entries.length ? 0 : next + 1
    }
    return { appended: records, timing: watch.read() }
  }
}

function puts({ entries }: Workload): AppendSome {
  return async (stream: Stream, records: number) => {
    const watch = new Stopwatch()
    for (let index = 0, next = 0; index < records; index++) {
      const entry = entries[next] as (typeof entries)[number]
      await stream.put(entry.partitionKey, entry.data)
      next = next + 1 === entries.length ? 0 : next + 1
    }
    return { appended: records, timing: watch.read() }
  }
}

function timedAppends({ entries }: Workload): AppendSome {
  return async (stream: Stream, records: number) => {
    const samples = new Float64Array(records)
    const watch = new Stopwatch()
    for (let index = 0, next = 0; index < records; index++) {
      const entry = entries[next] as (typeof entries)[number]
      const startedAtMs = performance.now()
      stream.append(entry.partitionKey, entry.data)
      samples[index] = (performance.now() - startedAtMs) * 1e6
      next = next + 1 === entries.length ? 0 : next + 1
    }
    return { appended: records, timing: { ...watch.read(), latencyNs: percentilesOf(samples) } }
  }
}

/** For each percentile the median, least and most of the rounds. */
function showLatencies(outcomes: readonly Outcome[]): string[] {
  const rows = outcomes.map(({ name, timings }) => [
    name,
    ...percentileNames.map((_, column) =>
      showSpread(spreadOf(timings.map(({ latencyNs }) => latencyNs?.[column] ?? Number.NaN)), 0),
    ),
  ])
  return columns(['', ...percentileNames], rows)
}
