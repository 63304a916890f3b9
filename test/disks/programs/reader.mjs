// node reader.mjs <folder>: reads the stream `s` beside its writer, or without one. { held: true } is answered with the
// numbers of the records that are there, each looked at byte by byte, or with { failure }; a failure that is no
// MillraceError ends the process.
import { open } from '../../../dist/index.js'
import { failureOf, keyOf, payloadOf, stream } from './records.mjs'

const [folder] = process.argv.slice(2)
const store = await open(folder, { readOnly: true, onWarning: () => {} })

async function held() {
  const ids = []
  const last = new Map()
  for await (const record of store.stream(stream).read({ from: 'oldest', until: 'tail' })) {
    const { bytes, shardId, partitionKey } = record
    const id = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).readDoubleLE()
    if (!payloadOf(id).equals(bytes) || partitionKey !== keyOf(id)) throw new Error(`record ${id} is torn`)
    if (id <= (last.get(shardId) ?? -1)) throw new Error(`record ${id} came after ${last.get(shardId)}`)
    last.set(shardId, id)
    ids.push(id)
  }
  return { ids }
}

process.on('message', async () => {
  try {
    process.send(await held())
  } catch (error) {
    if (error.code === undefined) throw error
    process.send({ failure: failureOf(error) })
  }
})
process.send('ready')
