// A server in a process of its own, for tests that may kill it: says where it listens, then answers what its parent asks.
//   load     what the server has open
//   clear    deletes the streams that requests made
import { open } from '../../../dist/index.js'
import { startServer } from '../../../dist/server/index.js'

const store = await open('memory:')
const server = await startServer(store, { port: 0 })
const stream = await store.createStream('fuzzed', { shards: 2 })
const put = await stream.put('a', new Uint8Array(10))
const consumer = await stream.consumers.register('consumer')
process.send({
  port: server.port,
  streamArn: stream.arn,
  consumerArn: consumer.arn,
  sequenceNumber: put.sequenceNumber,
})

const answers = {
  load: () => ({ ...server.load, memoryMiB: process.memoryUsage().rss / 2 ** 20 }),
  async clear() {
    const made = store.listStreams().filter(({ name }) => name !== 'fuzzed')
    for (const { name } of made) await store.deleteStream(name, { enforceConsumerDeletion: true })
    return made.length
  },
}
process.on('message', async ({ id, ask }) => process.send({ id, answer: await answers[ask]() }))
process.on('disconnect', () => process.exit())
