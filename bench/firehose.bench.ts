import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Bench, BenchSession } from './bench.ts'
import { columns } from './columns.ts'
import { type Contender, contest, outcomeOf, showContest } from './contest.ts'
import { delivery, type DeliveryWork } from './delivering.ts'
import { flightColumns, flightLines } from './json-records.ts'
import type { PartitionsFootprint } from './partitions-process.ts'
import { rawFiles, rawGzip, rawParse, type RawWork } from './raw-objects.ts'
import { spreadOf } from './spread.ts'

const MiB: number = 1024 * 1024
const lineBytes = 1024
/** More than are in a buffer or a row group: none of them holds one twice. */
const poolLines = 20_000
const airports = 10

/** As many as a delivery stream may have, and what is put into each. */
const partitions = 500
const partitionBytes = MiB / 2
/** What the process may have of its own meanwhile. */
const memoryLimitMiB = 300

/** One kind of delivery, and the least that could be done instead. */
interface Question {
  readonly name: string
  readonly records: number
  readonly objectBytes: number
  readonly options: DeliveryWork['options']
  /** Records a second. */
  readonly goal: number
  readonly raw: (name: string, work: RawWork) => Contender
  readonly rawName: string
}

const buffering = { bytes: 5 * MiB }

const questions: readonly Question[] = [
  {
    name: 'uncompressed',
    records: 300_000,
    objectBytes: buffering.bytes,
    options: { destination: { kind: 'folder', bucket: 'bench' }, buffering },
    goal: 300_000,
    raw: rawFiles,
    rawName: 'node:fs',
  },
  {
    name: 'gzip level 1',
    records: 150_000,
    objectBytes: buffering.bytes,
    options: { destination: { kind: 'folder', bucket: 'bench', compression: 'GZIP' }, buffering },
    goal: 80_000,
    raw: rawGzip,
    rawName: 'zlib stream',
  },
  {
    name: 'jq partitioning',
    records: 50_000,
    objectBytes: buffering.bytes,
    options: {
      processing: { partitionBy: '{airport: .airport}' },
      destination: { kind: 'folder', bucket: 'bench', prefix: 'airport=!{partitionKeyFromQuery:airport}/' },
      buffering,
    },
    goal: 20_000,
    raw: rawParse,
    rawName: 'JSON.parse',
  },
  {
    name: 'Parquet',
    records: 150_000,
    objectBytes: 64 * MiB,
    options: {
      destination: { kind: 'folder', bucket: 'bench', parquet: { columns: flightColumns } },
      buffering: { bytes: 64 * MiB },
    },
    goal: 100_000,
    raw: rawParse,
    rawName: 'JSON.parse',
  },
]

/** How fast do delivery streams carry what is put into them to objects in a folder? */
export const bench: Bench = {
  question: 'How fast are records carried to objects in a folder?',
  terms: [
    `Each record is a line of JSON of ${lineBytes} B with ten keys. It is put by calls of the library (putBatch of 500, one after the`,
    'other), into a store on disk with durability process, while the delivery stream delivers; the time ends when everything',
    'is in objects that are whole, synced and renamed. Objects of 5 MiB before compression; Parquet of 64 MiB, Snappy.',
    'node:fs: the same bytes, put together before, in files of 5 MiB, four at once, synced and renamed. zlib stream: the same',
    'through createGzip. JSON.parse: each line from its buffer to an object, and nothing else; no file, no other thread.',
    `Memory: a process of its own puts ${partitionBytes / 1024} KiB into each of ${partitions} partitions found by jq, with hints of 5 MiB, so that none is`,
    'delivered before the end. Pages of mapped files belong to the page cache and are listed beside what is its own.',
  ],
  async run(session) {
    for (const question of questions) await measure(session, question)
    await measureMemory(session)
  },
}

async function measure(session: BenchSession, question: Question): Promise<void> {
  const { name, records, objectBytes, options, goal, raw, rawName } = question
  const lines = flightLines(poolLines, lineBytes, airports)
  const outcomes = await contest(
    [
      delivery(name, { folder: join(session.folder, 'delivery'), lines, records, options }),
      raw(rawName, { folder: join(session.folder, 'raw'), lines, records, objectBytes }),
    ],
    session.rounds,
    async (what) => session.progress(`${name}: ${what}`),
  )
  session.say('', `${name}: ${records} records a round`, '')
  session.say(...showContest(outcomes, { records, payloadBytes: lineBytes }, [rawName]))
  const rate = spreadOf(outcomeOf(outcomes, name).timings.map(({ ns }) => (records * 1e9) / ns)).median
  const verdict = rate >= goal ? 'kept' : 'MISSED'
  session.say('', `Goal: ${goal / 1000} k records/s: ${(rate / 1000).toFixed(0)} k, ${verdict}.`)
}

async function measureMemory(session: BenchSession): Promise<void> {
  session.progress('memory')
  const script = join(import.meta.dirname, 'partitions-process.js')
  const given = [join(session.folder, 'partitions'), String(partitions), String(partitionBytes)]
  const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', script, ...given])
  const footprint = JSON.parse(stdout) as PartitionsFootprint
  const shown = (bytes: number): string => (bytes / MiB).toFixed(0)
  session.say('', `memory: ${footprint.partitions} partitions that hold records, once`, '')
  session.say(
    ...columns(
      ['', 'MiB'],
      [
        ['buffered', shown(partitions * partitionBytes)],
        ['of it in files, when all was buffered', shown(footprint.spilled)],
        ['memory of the process alone, at most', shown(footprint.anonymousPeak)],
        ['with mapped pages of files, at most', shown(footprint.peak)],
        ['with mapped pages of files, before', shown(footprint.atFirst)],
      ],
    ),
  )
  const kept = footprint.anonymousPeak <= memoryLimitMiB * MiB
  const found = `${shown(footprint.anonymousPeak)}, ${kept ? 'kept' : 'MISSED'}`
  session.say('', `Limit: ${memoryLimitMiB} MiB of its own: ${found}.`)
}
