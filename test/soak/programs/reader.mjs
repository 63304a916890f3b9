// node reader.mjs <folder>: another process that tails every stream of a store that is being written, for hours; a record
// that is out of order or torn ends it. Says { figures } whenever it is asked.
import { open, parseSequenceNumber } from '../../../dist/index.js'
import { processFigures } from '../../trials/process-figures.mjs'
import { readRecord } from '../../trials/record.mjs'

const store = await open(process.argv[2], { readOnly: true, onWarning: () => {} })
const followed = new Set()
let records = 0

async function follow(name) {
  const last = new Map()
  followed.add(name)
  try {
    const options = { from: 'latest', onTrimmed: 'skip' }
    for await (const record of store.stream(name).read(options)) {
      readRecord(record.data, record.partitionKey)
      const { counter } = parseSequenceNumber(record.sequenceNumber)
      if (counter <= (last.get(record.shardId) ?? 0n)) throw new Error(`record ${counter} came late`)
      last.set(record.shardId, counter)
      records += 1
    }
  } catch (error) {
    if (error.code !== 'ERR_MILLRACE_STREAM_NOT_FOUND') throw error
  }
  followed.delete(name)
}

process.on('message', () => {
  for (const { name } of store.listStreams()) if (!followed.has(name)) void follow(name)
  globalThis.gc?.()
  process.send({ figures: { ...processFigures(), heap: process.memoryUsage().heapUsed }, records })
})
process.on('disconnect', () => process.exit(0))
process.send('ready')
