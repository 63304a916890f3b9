// node reader.mjs <folder>: tails the stream `s` from its oldest record, and holds every record against the one before
// it. { until: count } is answered with { seen } once so many records were seen; what is wrong with one ends it with
// { failed }.
import { open, parseSequenceNumber } from '../../../dist/index.js'

const [folder] = process.argv.slice(2)
const store = await open(folder, { readOnly: true })
let seen = 0n
let until
function answer() {
  if (until === undefined || seen < until) return
  until = undefined
  process.send({ seen: Number(seen) })
}
process.on('message', (task) => {
  until = BigInt(task.until)
  answer()
})
process.send('ready')

try {
  for await (const record of store.stream('s').read({ from: 'oldest' })) {
    const { counter } = parseSequenceNumber(record.sequenceNumber)
    if (counter !== seen + 1n) throw new Error(`record ${counter} came after record ${seen}`)
    const [fill] = record.data
    if (record.data.some((byte) => byte !== fill)) throw new Error(`record ${counter} is torn`)
    seen = counter
    answer()
  }
} catch (error) {
  process.send({ failed: `${error.code ?? ''} ${error.message}` })
}
