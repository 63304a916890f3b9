// node leave.mjs: uses test stores in every way that may leave something behind, closes none of them, and ends.
import { testStore } from 'millrace/testing'

const store = await testStore()
const stream = await store.createStream('clicks', { shards: 4 })
await stream.put('a', Buffer.from('1'))
await store.advance({ hours: 1 })
const reader = stream.read({ from: 'oldest' })
await reader.next()
void reader.next() // waits at the tail, for ever
store.clock.after(1000, () => {})
console.log('left')
