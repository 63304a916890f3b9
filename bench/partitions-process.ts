// What a process has in memory that fills many partitions at once; firehose.bench.ts runs it.
//
//   node --expose-gc partitions-process.js <folder> <partitions> <bytes a partition>
//
// Puts lines into a delivery stream with dynamic partitioning, until every partition has so many bytes and none is delivered;
// then delivers all. Prints a line of JSON. Garbage is collected when memory is looked at first.
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { open } from 'millrace'
import { firehose } from 'millrace/firehose'
import { put } from './delivering.ts'
import { flightLines } from './json-records.ts'

/** What a process of many partitions had. Bytes. */
export interface PartitionsFootprint {
  /** Everything, before anything was put. */
  readonly atFirst: number
  /** The most of everything, pages of mapped files included. */
  readonly peak: number
  /** The most that belonged to the process alone. */
  readonly anonymousPeak: number
  /** When all partitions were full. */
  readonly partitions: number
  readonly spilled: number
}

const MiB = 1024 * 1024
const lineBytes = 1024
const lookEveryMs = 20

async function main(folder: string, partitions: number, partitionBytes: number): Promise<void> {
  mkdirSync(folder)
  await using store = await open(join(folder, 'store'))
  const streams = firehose(store, { buckets: join(folder, 'buckets') })
  const stream = await streams.createDeliveryStream('bench', {
    processing: { partitionBy: '{airport: .airport}' },
    destination: { kind: 'folder', bucket: 'bench', prefix: 'airport=!{partitionKeyFromQuery:airport}/' },
    buffering: { bytes: 5 * MiB, ms: 900_000 },
  })
  const lines = flightLines(10 * partitions, lineBytes, partitions)
  const records = Math.floor(partitionBytes / lineBytes) * partitions
  globalThis.gc?.()
  const atFirst = field('VmRSS')
  let anonymousPeak = 0
  const looking = setInterval(() => {
    anonymousPeak = Math.max(anonymousPeak, field('RssAnon'))
  }, lookEveryMs)
  await put(stream, { lines, records })
  while (stream.stats()?.bufferedRecords !== records) {
    await new Promise((resolve) => setTimeout(resolve, lookEveryMs))
  }
  const full = stream.stats()
  await stream.flush()
  clearInterval(looking)
  const delivered = stream.stats()?.metrics['DeliveryToS3.Records']
  if (delivered !== records) throw new Error(`${delivered} of ${records} records were delivered`)
  const footprint: PartitionsFootprint = {
    atFirst,
    peak: field('VmHWM'),
    anonymousPeak,
    partitions: full?.partitionCount ?? 0,
    spilled: full?.spilledBytes ?? 0,
  }
  process.stdout.write(`${JSON.stringify(footprint)}\n`)
}

/** A line of what the system says of this process, bytes. */
function field(name: string): number {
  const status = readFileSync('/proc/self/status', 'utf8')
  return Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1]) * 1024
}

const [folder, partitions, partitionBytes] = process.argv.slice(2)
await main(folder as string, Number(partitions), Number(partitionBytes))
