// A process that stores records until somebody kills it; questions/reopen.ts does.
//
//   node victim.js <contestant> <folder> <megabytes>
//
// Says `ready` once so many bytes of payload are stored, and goes on storing meanwhile.
import { batchesOf, workload } from '../workload.ts'
import { type ContestantName, contestants } from './contestants.ts'

const batchRecords = 500
const payloadBytes = 1024

async function main(name: ContestantName, folder: string, megabytes: number): Promise<void> {
  const log = await contestants[name].open(folder, {
    durability: 'process',
    calls: 'batches',
    nowMs: Date.now,
  })
  const batches = batchesOf(workload(payloadBytes).entries, batchRecords)
  const calls = Math.ceil((megabytes * 1e6) / (batchRecords * payloadBytes))
  for (let call = 1; ; call++) {
    await log.putBatch(batches[call % batches.length] as (typeof batches)[number])
    if (call === calls) process.send?.('ready')
    // Whoever kills it needs a turn; it dies in the middle of its work all the same.
    if (call >= calls) await new Promise((resolve) => setImmediate(resolve))
  }
}

const [name, folder, megabytes] = process.argv.slice(2)
await main(name as ContestantName, folder as string, Number(megabytes))
