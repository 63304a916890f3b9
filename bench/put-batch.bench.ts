import type { Stream } from 'millrace'
import { type AppendPlan, type AppendSome, millraceAppends, rawAppends } from './appending.ts'
import type { Bench, BenchSession } from './bench.ts'
import { contest, outcomeOf, showContest, speedRatio } from './contest.ts'
import { supplyPages } from './page-supply.ts'
import { Stopwatch } from './stopwatch.ts'
import { batchesOf, workload } from './workload.ts'

const batchRecords = 500
const shards = 8
const baselines = ['raw ready', 'raw ahead', 'raw write']
/** The slowest that counts as fast: a share of the raw loop's speed for records of 1 KiB. */
const floor = 0.5

/** How fast are batches? */
export const bench: Bench = {
  question: `How fast does putBatch store ${batchRecords} records a call over ${shards} shards?`,
  terms: [
    "Durability: 'process'. Nothing waits for the disk; what is measured is a burst into the page cache.",
    'Timed: every record of the round through one awaited putBatch after the other, one result object a record.',
    'Not timed: opening, the first tenth of the records, checking the count, closing, deleting.',
    'raw ready: mapped file, all pages supplied before the clock starts. raw ahead: a second thread supplies them',
    'while records are appended. raw write: one write(2) a batch into an empty file. All three: 32-byte header and',
    'memcpy into one file; no routing, checksum, index, results, or JavaScript.',
    'A loop over the whole workload instead of tinybench: contenders must take turns, one of them is not',
    'JavaScript, and files fill up meanwhile, so that no two calls are alike.',
  ],
  async run(session) {
    await measure(session, { payloadBytes: 1024, records: 180_000, floor })
    await measure(session, { payloadBytes: 100, records: 1_200_000, floor: undefined })
  },
}

interface Size {
  readonly payloadBytes: number
  readonly records: number
  readonly floor: number | undefined
}

async function measure(session: BenchSession, size: Size): Promise<void> {
  const { payloadBytes, records } = size
  const load = workload(payloadBytes)
  const { folder, rounds } = session
  const plan: AppendPlan = { load, shards, warmRecords: records / 10, records, batchRecords, folder }
  const outcomes = await contest(
    [
      millraceAppends('putBatch', plan, putBatches(batchesOf(load.entries, batchRecords))),
      rawAppends('raw ready', plan, 'ready'),
      rawAppends('raw ahead', plan, 'ahead'),
      rawAppends('raw write', plan, 'write'),
    ],
    rounds,
    async (what) => {
      session.progress(`${payloadBytes} B: ${what}`)
      supplyPages(folder, records * load.storedBytes * 2)
    },
  )
  const megabytes = Math.round((records * load.storedBytes) / 1e6)
  session.say(
    '',
    `${records} records of ${payloadBytes} B in batches of ${batchRecords}, ${megabytes} MB a round`,
    '',
  )
  session.say(...showContest(outcomes, { records, payloadBytes }, baselines))
  if (size.floor === undefined) return
  // Whoever starts from an empty file has to get its pages; of those, the faster.
  const ratios = ['raw ahead', 'raw write'].map(
    (name) => speedRatio(outcomeOf(outcomes, 'putBatch'), outcomeOf(outcomes, name)).median,
  )
  const ratio = Math.min(...ratios)
  const verdict = ratio >= size.floor ? 'kept' : 'MISSED'
  session.say(
    '',
    `Floor: ${size.floor} of the faster raw loop that starts from an empty file: ${ratio.toFixed(2)}, ${verdict}.`,
  )
}

function putBatches(batches: ReturnType<typeof batchesOf>): AppendSome {
  return async (stream: Stream, records: number) => {
    let appended = 0
    let refused = 0
    const watch = new Stopwatch()
    for (let next = 0; appended < records; next = next + 1 === batches.length ? 0 : next + 1) {
      const results = await stream.putBatch(batches[next] as (typeof batches)[number])
      appended += results.length
      if (results.at(-1)?.ok !== true) refused += 1
    }
    const timing = watch.read()
    if (refused > 0) throw new Error(`${refused} batches were not stored`)
    return { appended, timing }
  }
}
