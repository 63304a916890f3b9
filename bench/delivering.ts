import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { open } from 'millrace'
import { type CreateDeliveryStreamOptions, type DeliveryStream, firehose } from 'millrace/firehose'
import type { Contender } from './contest.ts'
import { Stopwatch } from './stopwatch.ts'

/** As many as PutRecordBatch takes. */
const batchRecords = 500

/** What is put, and what becomes of it. */
export interface DeliveryWork {
  /** For the store and the buckets, of this contender alone. */
  readonly folder: string
  readonly lines: readonly Buffer[]
  readonly records: number
  readonly options: Omit<CreateDeliveryStreamOptions, 'source'>
}

/**
 * Puts records into a delivery stream by calls of the library, in batches one after the other, while it delivers; timed until
 * everything is in its objects. Each round has a store and buckets of its own.
 */
export function delivery(name: string, work: DeliveryWork): Contender {
  return {
    name,
    async round() {
      await mkdir(work.folder)
      const store = await open(join(work.folder, 'store'))
      try {
        const streams = firehose(store, { buckets: join(work.folder, 'buckets') })
        const stream = await streams.createDeliveryStream('bench', work.options)
        // The parts of the first object are loaded before, as they would have been long ago.
        await stream.put(work.lines[0] as Buffer)
        await stream.flush()
        const watch = new Stopwatch()
        await put(stream, work)
        await stream.flush()
        const timing = watch.read()
        requireDelivered(stream, work.records + 1)
        return timing
      } finally {
        await store.close()
        await rm(work.folder, { recursive: true })
      }
    },
  }
}

/** Puts all records of a work. */
export async function put(
  stream: DeliveryStream,
  { lines, records }: Pick<DeliveryWork, 'lines' | 'records'>,
): Promise<void> {
  const batches: Buffer[][] = []
  for (let from = 0; from < lines.length; from += batchRecords) {
    batches.push(lines.slice(from, from + batchRecords))
  }
  for (let done = 0, next = 0; done < records; next = (next + 1) % batches.length) {
    const batch = (batches[next] as Buffer[]).slice(0, records - done)
    const outcomes = await stream.putBatch(batch)
    if (!outcomes.every(({ ok }) => ok)) throw new Error('not everything was taken')
    done += batch.length
  }
}

function requireDelivered(stream: DeliveryStream, records: number): void {
  const stats = stream.stats()
  const delivered = stats?.metrics['DeliveryToS3.Records']
  if (delivered === records && stats?.failedAttempts === 0) return
  throw new Error(`${delivered} of ${records} records were delivered: ${JSON.stringify(stats)}`)
}
