// A worker that delivers, if it is the one, until it is ended. Says 'ready', then every text that it receives.
// workerData: { dist, folder }
import { parentPort, workerData } from 'node:worker_threads'

const { dist, folder } = workerData
const { open } = await import(dist)
const { firehose } = await import(new URL('firehose/index.js', dist))

/** Tells the test. */
function say(message) {
  parentPort.postMessage(message) // oxlint-disable-line unicorn/require-post-message-target-origin -- no window
}

const store = await open(folder)
const receivers = {
  kept: (records) => {
    for (const { data } of records) say({ text: Buffer.from(data).toString() })
  },
}
firehose(store, { receivers })
parentPort.on('message', () => {})
say('ready')
