// A worker that tails the stream `s` of workerData.folder. Posts 'ready' once it waits, then the number of each batch.
import { parentPort, workerData } from 'node:worker_threads'
import { open } from '../../../dist/index.js'

function report(message) {
  parentPort.postMessage(message) // oxlint-disable-line unicorn/require-post-message-target-origin -- no window
}

const store = await open(workerData.folder, { readOnly: true })
const batches = store.stream('s').readBatches({ from: 'latest' })
report('ready')
for await (const batch of batches) report(batch.length)
