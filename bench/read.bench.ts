import { join } from 'node:path'
import { open, type Stream } from 'millrace'
import type { Bench, BenchSession } from './bench.ts'
import { type Contender, contest, outcomeOf, showContest, type Timing } from './contest.ts'
import { rawLog } from './raw-log.ts'
import { Stopwatch } from './stopwatch.ts'
import { batchesOf, keyBytes, type Workload, workload, writePool } from './workload.ts'

const shards = 8
const batchRecords = 500

/** How fast is everything read back? */
export const bench: Bench = {
  question: `How fast is everything in ${shards} shards read in order, from the oldest record to the tail?`,
  terms: [
    'All records are in the page cache. Every payload is touched: its first and last byte are added up, and the sum',
    'must be that of what was written. Every checksum is verified by millrace, on each read.',
    'read: record objects one by one. readBatches: batches of up to 256 KiB, payloads by index; reuse: the memory of',
    'a batch serves the next one. raw: one file mapped, memcpy of 256 KiB at a time into one buffer, walk the copy;',
    'no checksum, no order across segments, no objects. Both had everything mapped and read once before.',
    'A loop over the whole data set instead of tinybench: contenders take turns and one of them is not JavaScript.',
  ],
  async run(session) {
    await measure(session, { payloadBytes: 1024, records: 180_000 })
    await measure(session, { payloadBytes: 100, records: 1_200_000 })
  },
}

async function measure(
  session: BenchSession,
  size: { readonly payloadBytes: number; readonly records: number },
): Promise<void> {
  const { payloadBytes, records } = size
  const load = workload(payloadBytes)
  const folder = join(session.folder, `${payloadBytes}`)
  session.progress(`${payloadBytes} B: writing ${records} records`)
  await using store = await open(folder)
  const stream = await store.createStream('bench', { shards })
  const expected = await fill(stream, load, records)
  const file = await writeRawLog(session.folder, load, records)
  const outcomes = await contest(
    [
      reads('read', expected, () => sumOfRecords(stream)),
      reads('readBatches', expected, () => sumOfBatches(stream, false)),
      reads('readBatches, reuse', expected, () => sumOfBatches(stream, true)),
      { name: 'raw', round: () => rawLog('read', { file }) },
    ],
    session.rounds,
    async (what) => session.progress(`${payloadBytes} B: ${what}`),
  )
  const megabytes = Math.round((records * load.storedBytes) / 1e6)
  session.say('', `${records} records of ${payloadBytes} B, ${megabytes} MB a round`, '')
  session.say(...showContest(outcomes, { records, payloadBytes }, [outcomeOf(outcomes, 'raw').name]))
}

/** Answers the sum that reading must find. */
async function fill(stream: Stream, { entries }: Workload, records: number): Promise<number> {
  const batches = batchesOf(entries, batchRecords)
  const sums = batches.map((batch) => batch.reduce((sum, { data }) => sum + touch(data), 0))
  let expected = 0
  for (let stored = 0, next = 0; stored < records; stored += batchRecords) {
    const results = await stream.putBatch(batches[next] as (typeof batches)[number])
    if (!results.every(({ ok }) => ok)) throw new Error('not everything was stored')
    expected += sums[next] as number
    next = (next + 1) % batches.length
  }
  return expected
}

async function writeRawLog(folder: string, load: Workload, records: number): Promise<string> {
  const file = join(folder, `raw-${load.payloadBytes}`)
  const pool = join(folder, 'pool')
  writePool(pool, load)
  const size = { key: keyBytes, payload: load.payloadBytes, warm: 0, records, batch: batchRecords }
  await rawLog('append', { way: 'write', clock: 'whole', pool, file, ...size })
  return file
}

function reads(name: string, expected: number, sum: () => Promise<number>): Contender {
  return {
    name,
    async round(): Promise<Timing> {
      const watch = new Stopwatch()
      const found = await sum()
      const timing = watch.read()
      if (found !== expected) throw new Error(`${name}: the payloads add up to ${found}, not ${expected}`)
      return timing
    },
  }
}

async function sumOfRecords(stream: Stream): Promise<number> {
  let sum = 0
  for await (const record of stream.read({ from: 'oldest', until: 'tail' })) sum += touch(record.data)
  return sum
}

async function sumOfBatches(stream: Stream, reuse: boolean): Promise<number> {
  let sum = 0
  for await (const batch of stream.readBatches({ from: 'oldest', until: 'tail', reuse })) {
    for (let index = 0; index < batch.length; index++) sum += touch(batch.data(index))
  }
  return sum
}

function touch(data: Uint8Array): number {
  return (data[0] as number) + (data[data.length - 1] as number)
}
