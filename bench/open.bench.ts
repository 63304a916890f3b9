import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { open, type Store, type Stream } from 'millrace'
import type { Bench, BenchSession } from './bench.ts'
import { columns } from './columns.ts'
import { rawLog } from './raw-log.ts'
import { type Spread, showSpread, spreadOf } from './spread.ts'
import { keyBytes, workload, writePool } from './workload.ts'

const shards = 8
const payloadBytes = 1024
const storedMegabytes = 1000
/** What each further victim stores before it is killed: far more than a recovery checks of each shard. */
const addedMegabytes = 64
/** All eight shards of a store that was killed. Milliseconds. */
const limitMs = 100

/** How soon is a store usable again after a crash? */
export const bench: Bench = {
  question: `How soon after kill -9 does a store of 1 GB in ${shards} shards read and append again?`,
  terms: [
    `A process of its own stores ${storedMegabytes} MB in records of 1 KiB and is killed with SIGKILL while it stores more; each`,
    `further round it opens the store, stores at least ${addedMegabytes} MB more, and is killed again.`,
    "Durability: 'process'. The machine does not go down: the page cache is whole, and much of it is not on the disk.",
    'Each line counts from the call of open, in a process that has the addon loaded. Every first append of a shard',
    'waits for its control page to be on the disk.',
    'raw: for each of 8 files of 125 MB, open, map, look at the last MiB, copy the first record out, append it with',
    'write(2); nothing is checked and nothing waits for the disk.',
    'A loop instead of tinybench: every round needs a process that is really killed.',
  ],
  async run(session) {
    const folder = join(session.folder, 'store')
    const file = await writeRawLogs(session)
    const rounds: Milestones[] = []
    const raw: number[] = []
    for (let round = 0; round <= session.rounds; round++) {
      session.progress(`round ${round} of ${session.rounds}: storing`)
      await killAfter(folder, round === 0 ? storedMegabytes : addedMegabytes)
      session.progress(`round ${round} of ${session.rounds}: opening`)
      const milestones = await reopen(folder)
      const { ns } = await rawLog('open', { file, files: shards })
      if (round === 0) continue
      rounds.push(milestones)
      raw.push(ns / 1e6)
    }
    session.say('', ...show(rounds, raw), '')
    const worst = spreadOf(rounds.map(({ everyShardMs }) => everyShardMs)).median
    session.say(
      `Limit: ${limitMs} ms to a read and an append in all shards: ${worst.toFixed(1)}, ${worst <= limitMs ? 'kept' : 'MISSED'}.`,
    )
  },
}

/** Milliseconds since the call of `open`. */
interface Milestones {
  readonly openMs: number
  readonly firstReadMs: number
  readonly firstAppendMs: number
  /** A first record read, and one appended, in each shard. */
  readonly everyShardMs: number
}

/** Starts a process that stores records, and kills it once it has stored enough. */
async function killAfter(folder: string, megabytes: number): Promise<void> {
  const victim: ChildProcess = fork(join(import.meta.dirname, 'victim.js'), [folder, String(megabytes)])
  const ended = once(victim, 'exit')
  const first = await Promise.race([once(victim, 'message'), ended])
  if (first[0] !== 'ready') throw new Error('the process that stores records ended by itself')
  victim.kill('SIGKILL')
  const [, signal] = await ended
  if (signal !== 'SIGKILL') throw new Error(`the process ended by ${String(signal)}`)
}

async function reopen(folder: string): Promise<Milestones> {
  const startedAtMs = performance.now()
  const since = (): number => performance.now() - startedAtMs
  await using store: Store = await open(folder)
  const openMs = since()
  const stream = store.stream('bench')
  await readFirst(stream, undefined)
  const firstReadMs = since()
  stream.append('key', Buffer.alloc(payloadBytes))
  const firstAppendMs = since()
  for (const { shardId, startingHashKey } of stream.shards()) {
    await readFirst(stream, shardId)
    stream.append('key', Buffer.alloc(payloadBytes), { explicitHashKey: startingHashKey })
  }
  return { openMs, firstReadMs, firstAppendMs, everyShardMs: since() }
}

async function readFirst(stream: Stream, shardId: string | undefined): Promise<void> {
  for await (const record of stream.read({ from: 'oldest', shardId })) {
    if (record.data.length !== payloadBytes) throw new Error(`a record of ${record.data.length} bytes`)
    return
  }
}

/** Answers the name that the files begin with. */
async function writeRawLogs(session: BenchSession): Promise<string> {
  const pool = join(session.folder, 'pool')
  const file = join(session.folder, 'raw-')
  const load = workload(payloadBytes)
  writePool(pool, load)
  const records = Math.round((storedMegabytes * 1e6) / shards / payloadBytes)
  const size = { key: keyBytes, payload: payloadBytes, warm: 0, records, batch: 500 }
  for (let index = 0; index < shards; index++) {
    session.progress(`writing raw file ${index}`)
    await rawLog('append', { way: 'write', clock: 'whole', pool, file: `${file}${index}`, ...size })
  }
  return file
}

function row(what: string, spread: Spread): string[] {
  return [what, showSpread(spread, 1)]
}

function show(rounds: readonly Milestones[], raw: readonly number[]): string[] {
  const of = (milestone: keyof Milestones): Spread => spreadOf(rounds.map((round) => round[milestone]))
  return columns(
    ['', 'ms'],
    [
      row('open', of('openMs')),
      row('first record read', of('firstReadMs')),
      row('first record appended', of('firstAppendMs')),
      row('a first record read and one appended in each shard', of('everyShardMs')),
      row('raw, all files', spreadOf(raw)),
    ],
  )
}
