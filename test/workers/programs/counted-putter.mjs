// A worker that puts numbered records until it is ended, and counts in shared memory what was acknowledged.
// workerData: { dist, folder, options, id, acknowledged }
import { parentPort, workerData } from 'node:worker_threads'

const { dist, folder, options, id, acknowledged } = workerData
const { open } = await import(dist)
const store = await open(folder, options)
const stream = store.stream('s')
const count = new Int32Array(acknowledged)

function entry(number) {
  const data = Buffer.alloc(8 + ((number * 37) % 900), number & 255)
  data.writeUInt32LE(id, 0)
  data.writeUInt32LE(number, 4)
  return { partitionKey: `worker-${id}`, data }
}

for (let number = 0, round = 0; ; round++) {
  const size = 1 + ((round * 7) % 40)
  const entries = Array.from({ length: size }, () => entry(number++))
  if (round % 5 === 4) {
    for (const { partitionKey, data } of entries) {
      await stream.put(partitionKey, data)
      Atomics.add(count, 0, 1)
    }
  } else {
    const results = await stream.putBatch(entries)
    if (!results.every(({ ok }) => ok)) throw new Error('a record was refused')
    Atomics.add(count, 0, size)
  }
  if (round === 0) parentPort.postMessage('going') // oxlint-disable-line unicorn/require-post-message-target-origin -- no window
  if (round % 8 === 7) await new Promise((resolve) => setImmediate(resolve))
}
