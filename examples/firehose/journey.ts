import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FirehoseClient } from '@aws-sdk/client-firehose'
import { KinesisClient } from '@aws-sdk/client-kinesis'
import { open } from 'millrace'
import { UsageError } from '../command-line.ts'
import { count, rate, seconds } from '../flights/figures.ts'
import { flightsFile, FlightSource } from '../flights/source.ts'
import { airportsWithin, byTraffic, partitionsMax } from './airports.ts'
import { Audit } from './audit.ts'
import type { Bucket } from './bucket.ts'
import { createStreams, streamName } from './delivery-stream.ts'
import { departures } from './departures.ts'
import { FolderBucket } from './folder-bucket.ts'
import { Interruptions } from './interruptions.ts'
import type { FirehoseExampleOptions } from './options.ts'
import { Producer } from './producer.ts'
import { partitionLines } from './report.ts'
import { S3Bucket } from './s3-bucket.ts'
import { ServerProcess } from './server-process.ts'
import { faultsOf, totalOf } from './verdict.ts'

type Say = (line: string) => void

/** Sends, delivers and counts; answers whether every verdict holds. */
export async function runJourney(options: FirehoseExampleOptions, say: Say): Promise<boolean> {
  if (options.dir !== undefined && existsSync(options.dir))
    throw new UsageError(`--dir ${options.dir}: it is there already`)
  const dir = options.dir ?? (await mkdtemp(join(tmpdir(), 'millrace-flights-')))
  await mkdir(dir, { recursive: true })
  const audit = await Audit.open(flightsFile())
  try {
    const airports = await chosenAirports(audit, options)
    await audit.expect(airports, options.records)
    const objects = join(dir, 'objects')
    const bucket = options.folder ? await FolderBucket.make(objects) : await S3Bucket.start(objects)
    try {
      say(`${count(options.records)} flights from ${airports.length} airports, to ${bucket.place}`)
      await carried(join(dir, 'store'), bucket, airports, options, say)
      await audit.load(await bucket.fetched())
      say(`${count(await bucket.count())} objects`)
    } finally {
      await bucket.close()
    }
    return await judged(audit, options, say)
  } finally {
    audit.close()
    if (options.dir === undefined) await rm(dir, { recursive: true, force: true })
  }
}

async function chosenAirports(
  audit: Audit,
  { records, airports }: FirehoseExampleOptions,
): Promise<readonly string[]> {
  const days = await audit.days()
  const chosen = airports === undefined ? airportsWithin(days, records) : byTraffic(days).slice(0, airports)
  const flights = days
    .filter(({ airport }) => chosen.includes(airport))
    .reduce((sum, day) => sum + day.flights, 0)
  if (airports === undefined && chosen.length === 0) {
    const why = `no airports have so many within ${partitionsMax} pairs of airport and day`
    throw new UsageError(`--records ${records}: ${why}; say --airports <n> for more`)
  }
  if (flights < records) throw new UsageError(`--records ${records}: these airports have ${flights} flights`)
  return chosen
}

/** Resolves once every flight is delivered, and the server has ended. */
async function carried(
  store: string,
  bucket: Bucket,
  airports: readonly string[],
  { records, kills }: FirehoseExampleOptions,
  say: Say,
): Promise<void> {
  const server = await ServerProcess.start({ dir: store, port: 0, buckets: bucket.forServer })
  const config = {
    endpoint: server.endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: '000000000000', secretAccessKey: 'any' },
    // Each try is the producer's, and counted.
    maxAttempts: 1,
  }
  const [kinesis, firehose] = [new KinesisClient(config), new FirehoseClient(config)]
  try {
    await createStreams(kinesis, firehose)
    const begunMs = performance.now()
    const producer = new Producer(kinesis)
    const failed = new AbortController()
    const source = await FlightSource.open(flightsFile())
    const interrupted = new Interruptions(server, bucket, producer, say).run(kills, records, failed.signal)
    const sent = producer.put(departures(source, airports, records))
    sent.catch(() => failed.abort())
    await Promise.all([sent, interrupted])
    await server.flush()
    const tookMs = performance.now() - begunMs
    say(`sent and delivered in ${seconds(tookMs)}, ${count(rate(records, tookMs))} flights/s`)
    await server.close()
    if (kills > 0) {
      const twice = (await storedRecords(store)) - records
      say(
        `${count(producer.again)} batches were put again; ${count(twice)} flights are twice in the stream for it`,
      )
    }
  } finally {
    server.kill()
    kinesis.destroy()
    firehose.destroy()
  }
}

/** What the stream holds. */
async function storedRecords(dir: string): Promise<number> {
  const store = await open(dir, { readOnly: true })
  try {
    let records = 0
    for await (const batch of store.stream(streamName).readBatches({ from: 'oldest', until: 'tail' }))
      records += batch.length
    return records
  } finally {
    await store.close()
  }
}

async function judged(audit: Audit, options: FirehoseExampleOptions, say: Say): Promise<boolean> {
  const counts = await audit.partitions()
  // Within 500 partitions none has a reason to fail; whoever names the airports may have more.
  const promised = { once: options.kills === 0, overflow: counts.length > partitionsMax }
  for (const line of partitionLines(counts, promised)) say(line)
  for (const { error, records } of await audit.errors())
    say(`in the error output: ${count(records)}, ${error}`)
  return [...counts, totalOf(counts)].every((each) => faultsOf(each, promised).length === 0)
}
