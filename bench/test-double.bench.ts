import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Bench, BenchSession } from './bench.ts'
import { columns } from './columns.ts'
import { showSpread, type Spread, spreadOf } from './spread.ts'

/** From the call of testStore to a record read back through the SDK. Milliseconds. */
const firstLimitMs = 10
/** A process with a thousand streams of four shards, each written once. MiB. */
const manyLimitMiB = 300

/** What does it cost a test to have a store? */
export const bench: Bench = {
  question: 'What does a test double cost: the first record, a thousand streams, a fork?',
  terms: [
    'Each figure is of a process of its own, a new one in each round.',
    'First record: from the call of testStore() in a process that has imported and done nothing else, until a record was put',
    'with PutRecord and read back with GetShardIterator and GetRecords of the AWS SDK client, whose making counts; then with a',
    'second store and client in the same process, as a second test has them; then without the SDK (createStream, put, drain).',
    'The SDK by itself: the same client and calls in a new process, answered with texts that were ready; the floor.',
    'A thousand streams: testStore(), 1,000 streams of 4 shards, one record of 100 B in each shard; all that the process has',
    'then, after a garbage collection, Node, the SDK and the addon included.',
    'Fork: of a store with so many records of 100 B in 4 shards, ten in each millisecond; the second one, and the first, whose',
    'snapshot makes the records ready to be shared. Memory: of each of 8 more that stay open, resident.',
    'No raw loop: these are not rates but limits of their own.',
  ],
  async run(session) {
    const first = await measure(session, 'first')
    const alone = await measure(session, 'sdk')
    const many = await measure(session, 'many')
    const fork = await measure(session, 'fork')
    const large = await measure(session, 'fork-large')
    const MiB = 1024 * 1024
    const rssMiB = scaled(many, 'bytes', MiB)
    session.say(
      '',
      ...columns(
        ['', 'median (least – most)', 'limit'],
        [
          ['first record through the SDK, ms', showSpread(scaled(first, 'sdkMs'), 1), String(firstLimitMs)],
          ['of which the SDK takes by itself, ms', showSpread(scaled(alone, 'cannedMs'), 1), ''],
          ['the same with the next store of the process, ms', showSpread(scaled(first, 'sdkAgainMs'), 1), ''],
          ['and the next one, without the SDK, ms', showSpread(scaled(first, 'plainMs'), 2), ''],
          ['1,000 streams of 4 shards, MiB', showSpread(rssMiB, 0), String(manyLimitMiB)],
          ['the same process before them, MiB', showSpread(scaled(many, 'beforeBytes', MiB), 0), ''],
          ...forkRows('10,000', fork),
          ...forkRows('1,000,000', large),
        ],
      ),
      '',
      `Limits: ${verdict(scaled(first, 'sdkMs').median, firstLimitMs)}, ${verdict(rssMiB.median, manyLimitMiB)}.`,
    )
  },
}

function forkRows(records: string, figures: readonly Record<string, number>[]): string[][] {
  return [
    [`fork of ${records} records, ms`, showSpread(scaled(figures, 'forkMs'), 2), ''],
    ['the first one of that store, ms', showSpread(scaled(figures, 'firstMs'), 1), ''],
    ['memory of each fork, MiB', showSpread(scaled(figures, 'eachBytes', 1024 * 1024), 2), ''],
  ]
}

async function measure(session: BenchSession, question: string): Promise<readonly Record<string, number>[]> {
  const script = join(import.meta.dirname, 'test-double-process.js')
  const figures: Record<string, number>[] = []
  // One more to begin with: the files are in memory then.
  for (let round = 0; round <= session.rounds; round++) {
    session.progress(`${question}: round ${round} of ${session.rounds}`)
    const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', script, question], {
      env: { ...process.env, AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' },
    })
    if (round > 0) figures.push(JSON.parse(stdout) as Record<string, number>)
  }
  return figures
}

function scaled(figures: readonly Record<string, number>[], name: string, unit = 1): Spread {
  return spreadOf(figures.map((figure) => (figure[name] ?? Number.NaN) / unit))
}

function verdict(figure: number, limit: number): string {
  return `${limit} ${figure <= limit ? 'kept' : 'MISSED'}`
}
