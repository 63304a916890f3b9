// A worker that puts batches into a store that others of its process may have open; workers.bench.ts starts it.
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { parentPort, workerData } from 'node:worker_threads'
import { open, type PutEntry, type Stream } from 'millrace'
import { batchesOf, workload } from './workload.ts'

/** What a worker is to do. */
export interface PuttingOrder {
  readonly folder: string
  readonly payloadBytes: number
  readonly batchRecords: number
  /** Put before the worker says that it is ready. */
  readonly warmRecords: number
  readonly records: number
  /** The half of the shards that the records go to, 0 or 1; all shards if it is left out. */
  readonly half?: 0 | 1
}

/** From the first call to the last answer, by the system's monotonic clock, which all threads share. Nanoseconds. */
export interface PutSpan {
  readonly beganNs: bigint
  readonly endedNs: bigint
}

async function main(order: PuttingOrder): Promise<void> {
  const port = parentPort
  if (port === null) throw new Error('this is for a worker')
  const { folder, payloadBytes, batchRecords, warmRecords, records, half } = order
  const { entries } = workload(payloadBytes)
  const batches = batchesOf(half === undefined ? entries : ofHalf(entries, half), batchRecords)
  await using store = await open(folder)
  const stream = store.stream('bench')
  await putBatches(stream, batches, warmRecords / batchRecords)
  const told = once(port, 'message')
  port.postMessage('ready')
  await told
  const beganNs = process.hrtime.bigint()
  await putBatches(stream, batches, records / batchRecords)
  port.postMessage({ beganNs, endedNs: process.hrtime.bigint() } satisfies PutSpan)
}

async function putBatches(stream: Stream, batches: readonly PutEntry[][], calls: number): Promise<void> {
  for (let call = 0; call < calls; call++) {
    const results = await stream.putBatch(batches[call % batches.length] as PutEntry[])
    if (results.at(-1)?.ok !== true) throw new Error('a batch was not stored')
  }
}

/** As many records with other keys, of which the MD5 lies in one half of the hash keys. */
function ofHalf(entries: readonly PutEntry[], half: 0 | 1): PutEntry[] {
  let number = 0
  return entries.map(({ data }) => {
    for (;;) {
      const partitionKey = `user-${String(number++).padStart(11, '0')}`
      const [first] = createHash('md5').update(partitionKey).digest()
      if ((first as number) >> 7 === half) return { partitionKey, data }
    }
  })
}

await main(workerData as PuttingOrder)
