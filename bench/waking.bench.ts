import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { open, type Stream } from 'millrace'
import type { Bench, BenchSession } from './bench.ts'
import { columns } from './columns.ts'
import { percentileNames, percentilesOf, showSpread, spreadOf } from './spread.ts'
import { consume, type WakingAnswer, type WakingOrder } from './waking-consumer.ts'

const records = 400
/** Seen before those that count, so that what is measured is compiled. */
const warmRecords = 50
const payloadBytes = 1024
/** Long enough for the consumer to wait again. */
const pauseMs = 2
const goalUs = { p50: 80, p99: 1000 }

/** How soon does a consumer see what it waits for? */
export const bench: Bench = {
  question: 'How long after a put does a consumer that waits at the tail have the record?',
  terms: [
    `${records} appends of ${payloadBytes} B, one every ${pauseMs} ms, to one shard; the consumer awaits what comes after \`latest\`.`,
    "Timed: from before the append to the record in the consumer, by the system's monotonic clock, which all share.",
    'same thread: the event loop that appends. other worker: a worker that has the same store open. other process:',
    `one that opened it with readOnly. Not counted: ${warmRecords} records before.`,
    'No raw loop: nothing but the wait is measured. Nobody polls: a consumer that waits uses no processor.',
  ],
  async run(session) {
    const consumers = { 'same thread': inThread, 'other worker': inWorker, 'other process': inProcess }
    const shown = ['p50', 'p90', 'p99', 'max']
    const figures = new Map(Object.keys(consumers).map((name) => [name, shown.map((): number[] => [])]))
    for (let round = 0; round < session.rounds; round++) {
      for (const [name, consumer] of Object.entries(consumers)) {
        session.progress(`${name}: round ${round + 1} of ${session.rounds}`)
        const percentiles = percentilesOf(Float64Array.from(await measure(session, consumer)))
        for (const [index, share] of shown.entries()) {
          figures.get(name)?.[index]?.push(percentiles[percentileNames.indexOf(share)] as number)
        }
      }
    }
    const rows = Array.from(figures, ([name, shares]) => {
      return [name, ...shares.map((rounds) => showSpread(spreadOf(rounds), 0))]
    })
    session.say('', ...columns(['µs', ...shown], rows), '')
    const [p50, , p99] = (figures.get('other process') ?? []).map((rounds) => spreadOf(rounds).median)
    session.say(verdict('p50', p50 ?? Number.NaN), verdict('p99', p99 ?? Number.NaN))
  },
}

function verdict(share: 'p50' | 'p99', us: number): string {
  const kept = us <= goalUs[share] ? 'kept' : 'MISSED'
  return `Goal: other process, ${share} at most ${goalUs[share]} µs: ${us.toFixed(0)}, ${kept}.`
}

/** Starts a consumer; resolves once it waits, with a promise of what it will say. */
type Consumer = (folder: string, stream: Stream) => Promise<{ readonly late: Promise<readonly number[]> }>

async function measure(session: BenchSession, start: Consumer): Promise<readonly number[]> {
  const folder = join(mkdtempSync(join(session.folder, 'round-')), 'store')
  await using store = await open(folder)
  const stream = await store.createStream('bench')
  // A shard has files from its first record on; until then its readers look for them now and then.
  await stream.put('key', Buffer.alloc(payloadBytes))
  const { late } = await start(folder, stream)
  const data = Buffer.alloc(payloadBytes)
  for (let index = 0; index < warmRecords + records; index++) {
    await pause(pauseMs)
    data.writeBigInt64LE(process.hrtime.bigint())
    stream.append('key', data)
  }
  return (await late).slice(warmRecords)
}

const inThread: Consumer = async (_folder, stream) => {
  return { late: consume(stream, warmRecords + records, () => {}) }
}

const inWorker: Consumer = async (folder) => {
  const workerData: WakingOrder = { folder, records: warmRecords + records, options: {} }
  return answersOf(new Worker(new URL('waking-consumer.js', import.meta.url), { workerData }))
}

const inProcess: Consumer = async (folder) => {
  const order: WakingOrder = { folder, records: warmRecords + records, options: { readOnly: true } }
  const script = join(import.meta.dirname, 'waking-consumer.js')
  return answersOf(fork(script, [JSON.stringify(order)], { execArgv: [] }))
}

async function answersOf(
  from: Worker | ReturnType<typeof fork>,
): Promise<{ readonly late: Promise<readonly number[]> }> {
  const heard = (): Promise<WakingAnswer> => {
    const ended = once(from, 'exit').then(() => Promise.reject(new Error('the consumer ended by itself')))
    return Promise.race([once(from, 'message').then(([answer]) => answer as WakingAnswer), ended])
  }
  await heard()
  const late = heard().then((answer) => (answer.kind === 'late' ? answer.lateUs : []))
  late.catch(() => {}) // whoever awaits it is told
  return { late }
}
