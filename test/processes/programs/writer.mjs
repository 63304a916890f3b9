// node writer.mjs <folder>: a writer of the stream `s`, which it makes if there is none. Told by messages:
// { append: count, bytes } stores so many records and answers { stored: count }; { forEver: bytes } stores until it is
// killed. Says 'ready' once the store is open.
import { open } from '../../../dist/index.js'

const [folder] = process.argv.slice(2)
const store = await open(folder)
const stream = store.listStreams().length === 0 ? await store.createStream('s') : store.stream('s')

/** Lets the event loop, and so a message or a signal, take its turn. */
const turn = () => new Promise((resolve) => setImmediate(resolve))

async function append(count, bytes) {
  const data = Buffer.alloc(bytes)
  for (let stored = 0; stored < count; stored++) {
    data.fill(stored % 251)
    await stream.put('key', data)
    if (stored % 64 === 0) await turn()
  }
}

process.on('message', async (task) => {
  if (task.append !== undefined) {
    await append(task.append, task.bytes)
    process.send({ stored: task.append })
  }
  if (task.forEver !== undefined) await append(Number.POSITIVE_INFINITY, task.forEver)
  if (task.close) {
    await store.close()
    process.disconnect()
  }
})
process.send('ready')
