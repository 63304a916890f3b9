// node writer.mjs <folder> <records> <seed>: puts numbered records into the shards of the stream `s`, in all ways there are
// to put, and flushes now and then. Says { stored } at the end.
import { open } from '../../../dist/index.js'
import { Random } from '../../trials/random.mjs'
import { lengthOf, writeNumbered } from './pattern.mjs'

const [folder, recordsWanted, seed] = process.argv.slice(2)
const records = Number(recordsWanted)
const random = new Random(Number(seed))
const store = await open(folder)
const stream = store.stream('s')
const shards = stream.shards()
const numbers = shards.map(() => 0)
const options = shards.map(({ startingHashKey }) => ({ explicitHashKey: startingHashKey }))
/** Reused for each call: what is put was copied when the call returns. */
const buffers = Array.from({ length: 2_000 }, () => new Uint8Array(128))

function entry(slot) {
  const shard = random.bits() % shards.length
  const number = numbers[shard]++
  const data = buffers[slot].subarray(0, lengthOf(number))
  writeNumbered(data, shard, number)
  return { partitionKey: 'k', data, ...options[shard] }
}

let stored = 0
while (stored < records) {
  const most = random.once(8) ? 3 : buffers.length
  const entries = Array.from({ length: Math.min(random.between(1, most), records - stored) }, (_, slot) =>
    entry(slot),
  )
  if (entries.length < 4) {
    for (const { partitionKey, data, explicitHashKey } of entries) {
      if (random.once(2)) stream.append(partitionKey, data, { explicitHashKey })
      else await stream.put(partitionKey, data, { explicitHashKey })
    }
  } else {
    const results = await stream.putBatch(entries)
    if (!results.every(({ ok }) => ok)) throw new Error(`record ${stored} was refused`)
  }
  stored += entries.length
  if (random.once(2_000)) await stream.flush()
  // Readers are to wait now and then, not only to run after.
  if (random.once(50)) await new Promise((resolve) => setImmediate(resolve))
}
await store.close()
process.send({ stored: numbers })
process.disconnect()
