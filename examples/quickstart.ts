import { open } from 'millrace'

const store = await open('./data')
const names = store.listStreams().map(({ name }) => name)
const clicks = names.includes('clicks')
  ? store.stream('clicks')
  : await store.createStream('clicks', { shards: 4 })

const stored = await clicks.put('user-42', Buffer.from('{"page":"/"}'))
console.log(`stored in ${stored.shardId} as ${stored.sequenceNumber}`)

for await (const record of clicks.read({ from: 'oldest', until: 'tail' })) {
  console.log(record.partitionKey, Buffer.from(record.data).toString())
}
await store.close()
