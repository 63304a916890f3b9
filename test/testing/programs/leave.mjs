// node leave.mjs: uses test stores in every way that may leave something behind, closes none of them, and ends. Prints what
// the process has more than before, as a line of JSON.
import { KinesisClient, PutRecordCommand } from '@aws-sdk/client-kinesis'

const events = ['exit', 'beforeExit', 'uncaughtException', 'unhandledRejection', 'SIGINT', 'SIGTERM']
const globals = () => Reflect.ownKeys(globalThis).map(String)
const listeners = () => events.map((event) => process.listenerCount(event))
const before = { globals: globals(), listeners: listeners() }

const { awsRequestHandler } = await import('millrace/aws')
const { testStore, waitForRecords } = await import('millrace/testing')

const store = await testStore({ limits: 'enforce' })
const stream = await store.createStream('clicks', { shards: 4 })
await stream.put('a', Buffer.from('1'))
await store.advance({ hours: 1 })
const reader = stream.read({ from: 'oldest' })
await reader.next()
void reader.next() // waits at the tail, for ever
store.clock.after(1000, () => {})
await waitForRecords(stream, { count: 1 })
const fork = await store.fork()
fork.faults.delayAnswers({ by: 5 })
const client = new KinesisClient({
  region: 'us-east-1',
  credentials: { accessKeyId: 'any', secretAccessKey: 'any' },
  requestHandler: awsRequestHandler(fork),
})
// Waits for a clock that nobody will advance.
void client.send(new PutRecordCommand({ StreamName: 'clicks', PartitionKey: 'a', Data: Buffer.from('2') }))

const more = {
  globals: globals().filter((name) => !before.globals.includes(name)),
  listeners: listeners().map((count, index) => count - before.listeners[index]),
}
console.log(JSON.stringify(more))
