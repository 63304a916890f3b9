// node reader.mjs <folder> <records> <how>: tails the stream `s` while it is written and holds every byte of every record
// against what was put. `how` is 'batches', 'reuse', 'lease' or 'records'. Says 'ready', then { seen } of each shard.
import { open, parseSequenceNumber } from '../../../dist/index.js'
import { isNumbered } from './pattern.mjs'

const [folder, records, how] = process.argv.slice(2)
const store = await open(folder, { readOnly: true })
const stream = store.stream('s')
const seen = stream.shards().map(() => 0)
let left = Number(records)
process.send('ready')

function check(shard, bytes) {
  if (!isNumbered(bytes, shard, seen[shard]))
    throw new Error(`record ${seen[shard]} of shard ${shard} is not as it was put`)
  seen[shard] += 1
  left -= 1
}

async function readBatches(options) {
  for await (const batch of stream.readBatches({ from: 'oldest', ...options })) {
    const shard = Number(batch.shardId.slice(-12))
    const { counter } = parseSequenceNumber(batch.sequenceNumber(0))
    if (Number(counter) !== seen[shard] + 1)
      throw new Error(`record ${counter} came after record ${seen[shard]}`)
    for (let index = 0; index < batch.length; index++) check(shard, batch.data(index))
    if (left === 0) break
  }
}

async function readRecords() {
  for await (const record of stream.read({ from: 'oldest' })) {
    check(Number(record.shardId.slice(-12)), record.data)
    if (left === 0) break
  }
}

const ways = {
  batches: () => readBatches({}),
  reuse: () => readBatches({ reuse: true }),
  lease: () => readBatches({ lease: true }),
  records: readRecords,
}
try {
  await ways[how]()
  await store.close()
  process.send({ seen })
} catch (error) {
  process.send({ failed: `${error.code ?? ''} ${error.stack}` })
}
process.disconnect()
