import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { open, type Store } from 'millrace'
import { Bench as Tinybench, type Task } from 'tinybench'
import type { Bench, BenchSession } from './bench.ts'
import { columns } from './columns.ts'
import { showSpread, spreadOf } from './spread.ts'

const openStreams = 250
const manyStreams = 1000
const shards = 4
/** What an open shard may cost that nobody uses. Bytes. */
const idleLimitBytes = 16 * 1024
/** What opening a store of `manyStreams` may take. Milliseconds. */
const openLimitMs = 100

/** What do streams cost that nobody uses? */
export const bench: Bench = {
  question: 'What do idle shards and unused streams cost, and what does a store for one test?',
  terms: [
    `Idle shards: a process of its own creates ${openStreams} streams of ${shards} shards and appends one record of 100 B to each shard;`,
    'what it has more afterwards, after a garbage collection, divided by the shards. Pages of mapped files belong',
    'to the page cache and are listed beside what belongs to the process alone.',
    `Opening: a store on disk with ${manyStreams} streams of ${shards} shards that have no record, in this process; by tinybench, which`,
    'fits here: the same call again and again, closing left out of the time.',
    "In memory: open('memory:'), createStream and the first append; by tinybench, closing left out.",
    'No raw loop: these are not rates but limits of their own.',
  ],
  async run(session) {
    await measureIdle(session)
    await measureOpening(session)
  },
}

interface Footprint {
  readonly anonymous: number
  readonly mapped: number
  readonly files: number
  readonly threads: number
}

async function measureIdle(session: BenchSession): Promise<void> {
  const footprints: Footprint[] = []
  for (let round = 0; round < session.rounds; round++) {
    session.progress(`idle shards: round ${round + 1} of ${session.rounds}`)
    const script = join(import.meta.dirname, 'idle-process.js')
    const folder = join(session.folder, `idle-${round}`)
    const { stdout } = await promisify(execFile)(process.execPath, [
      '--expose-gc',
      script,
      folder,
      String(openStreams),
      '1',
    ])
    footprints.push(JSON.parse(stdout) as Footprint)
  }
  const count = openStreams * shards
  const each = (what: keyof Footprint, unit: number) =>
    spreadOf(footprints.map((footprint) => footprint[what] / count / unit))
  session.say('', `${count} open idle shards, each`, '')
  session.say(
    ...columns(
      ['', 'median (least – most)'],
      [
        ['memory of the process, KiB', showSpread(each('anonymous', 1024), 1)],
        ['mapped pages of files, KiB', showSpread(each('mapped', 1024), 1)],
        ['open files', showSpread(each('files', 1), 2)],
        ['threads, together', showSpread(spreadOf(footprints.map(({ threads }) => threads)), 0)],
      ],
    ),
  )
  const bytes = each('anonymous', 1).median
  session.say(
    '',
    `Limit: ${idleLimitBytes / 1024} KiB a shard: ${(bytes / 1024).toFixed(1)}, ${bytes <= idleLimitBytes ? 'kept' : 'MISSED'}.`,
  )
}

async function measureOpening(session: BenchSession): Promise<void> {
  session.progress(`creating ${manyStreams} streams`)
  const folder = join(session.folder, 'many')
  await createStreams(folder)
  let store: Store | undefined
  const afterEach = async (): Promise<void> => store?.close()
  const tiny = new Tinybench({
    time: 1000,
    iterations: Math.max(session.rounds, 10),
    warmupIterations: 3,
    throws: true,
  })
  tiny.add(
    `open a folder of ${manyStreams} streams`,
    async () => {
      store = await open(folder)
    },
    { afterEach },
  )
  tiny.add(
    'open memory, create a stream, append',
    async () => {
      store = await open('memory:')
      const stream = await store.createStream('test')
      stream.append('key', Buffer.alloc(100))
    },
    { afterEach },
  )
  session.progress('opening')
  const tasks = await tiny.run()
  session.say('', ...columns(['', 'median ms', 'least', 'p99', 'most', 'samples'], tasks.map(latencyOf)))
  const medianMs = Number(latencyOf(tasks[0] as Task)[1])
  session.say(
    '',
    `Limit: ${openLimitMs} ms to open ${manyStreams} streams: ${medianMs.toFixed(1)}, ${medianMs <= openLimitMs ? 'kept' : 'MISSED'}.`,
  )
}

async function createStreams(folder: string): Promise<void> {
  await using store = await open(folder)
  for (let index = 0; index < manyStreams; index++) await store.createStream(`stream-${index}`, { shards })
}

function latencyOf({ name, result }: Task): string[] {
  if (!('latency' in result)) throw new Error(`${name} was not measured`)
  const { p50, min, p99, max, samplesCount } = result.latency
  return [name, ...[p50, min, p99, max].map((ms) => ms.toFixed(2)), String(samplesCount)]
}
