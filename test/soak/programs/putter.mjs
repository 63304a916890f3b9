// A worker that puts into a store which its process has open, for a moment: closes it in good order, or is ended.
import { parentPort, workerData } from 'node:worker_threads'
import { open } from '../../../dist/index.js'
import { Noise, Random } from '../../trials/random.mjs'
import { partitionKeyOf, writeRecord } from '../../trials/record.mjs'

const { folder, options, stream, seed, batches } = workerData
const random = new Random(seed)
const noise = new Noise(random, 2 ** 16)
const store = await open(folder, options)
const target = store.stream(stream)
let count = 0
parentPort.postMessage('going') // oxlint-disable-line unicorn/require-post-message-target-origin -- no window
for (let batch = 0; batch < batches; batch++) {
  const entries = Array.from({ length: 50 }, () => {
    const identity = { life: seed, thread: 1, key: batch % 7, stream: 0, count: count++ }
    const data = writeRecord(identity, random.between(28, 1_000), noise, random)
    return { partitionKey: partitionKeyOf(identity), data }
  })
  await target.putBatch(entries)
  await new Promise((resolve) => setImmediate(resolve))
}
await store.close()
parentPort.close()
