// node resharder.mjs <folder> <first>: a writer of the stream `s`, which it makes if there is none, that splits and
// merges its shards all the time. { puts: count } stores records `key:number`, the numbers ascending from <first> on, and
// answers { stored: count }; { forEver: true } stores until it is killed, and tells { last } after each.
import { open } from '../../../dist/index.js'

const [folder, first = '0'] = process.argv.slice(2)
const store = await open(folder)
const stream = store.listStreams().length === 0 ? await store.createStream('s') : store.stream('s')
let next = Number(first)

const byHashKey = (a, b) => (BigInt(a.startingHashKey) < BigInt(b.startingHashKey) ? -1 : 1)

async function reshardForEver() {
  for (;;) {
    const shards = stream.listShards({ filter: { type: 'atLatest' } }).toSorted(byHashKey)
    const [lower, upper] = shards
    const middle = (BigInt(lower.startingHashKey) + BigInt(lower.endingHashKey)) / 2n
    if (shards.length < 3) await stream.splitShard(lower.shardId, middle.toString())
    else await stream.mergeShards(lower.shardId, upper.shardId)
    await new Promise((resolve) => setImmediate(resolve))
  }
}

async function put() {
  const number = next++
  const key = `k${number % 5}`
  await stream.put(key, Buffer.from(`${key}:${number}`))
  return number
}

process.on('message', async (task) => {
  if (task.forEver) for (;;) process.send({ last: await put() })
  for (let stored = 0; stored < task.puts; stored++) await put()
  process.send({ stored: task.puts })
})
process.send('ready')
await reshardForEver()
