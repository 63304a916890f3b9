// A process that stores records as fast as it can until somebody kills it; open.bench.ts does.
//
//   node victim.js <folder> <megabytes>
//
// Says `ready` once so many bytes of payload are stored, and goes on storing meanwhile.
import { open } from 'millrace'
import { batchesOf, workload } from './workload.ts'

const batchRecords = 500
/** Of every record. Bytes. */
const payloadBytes = 1024

async function main(folder: string, megabytes: number): Promise<void> {
  const store = await open(folder)
  const known = store.listStreams().some(({ name }) => name === 'bench')
  const stream = known ? store.stream('bench') : await store.createStream('bench', { shards: 8 })
  const batches = batchesOf(workload(payloadBytes).entries, batchRecords)
  for (let stored = 0, next = 0; ; next = (next + 1) % batches.length) {
    const results = await stream.putBatch(batches[next] as (typeof batches)[number])
    if (!results.every(({ ok }) => ok)) throw new Error('not everything was stored')
    const before = stored
    stored += batchRecords * payloadBytes
    const enough = megabytes * 1e6
    if (before < enough && stored >= enough) process.send?.('ready')
    if (before < enough) continue
    // Whoever kills it needs a turn; it dies in the middle of its work all the same.
    await new Promise((resolve) => setImmediate(resolve))
  }
}

const [folder, megabytes] = process.argv.slice(2)
await main(folder as string, Number(megabytes))
