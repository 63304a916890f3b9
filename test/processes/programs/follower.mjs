// node follower.mjs <folder>: follows the stream `s` from its oldest record in a store that it only reads, and checks that
// the numbers of each key ascend. { until: number } is answered with { seen } once a record with this number was seen
// and as many as there are below it; what is wrong ends it with { failed }.
import { open } from '../../../dist/index.js'

const [folder] = process.argv.slice(2)
const store = await open(folder, { readOnly: true })
const last = new Map()
const seen = new Set()
let until
function answer() {
  if (until === undefined || seen.size <= until) return
  process.send({ seen: seen.size, shards: store.stream('s').shards().length })
  until = undefined
}
process.on('message', (task) => {
  until = task.until
  answer()
})
process.send('ready')

try {
  for await (const { partitionKey, data } of store.stream('s').read({ from: 'oldest' })) {
    const number = Number(Buffer.from(data).toString().split(':')[1])
    if (number <= (last.get(partitionKey) ?? -1)) throw new Error(`${number} came again, or too late`)
    last.set(partitionKey, number)
    seen.add(number)
    answer()
  }
} catch (error) {
  process.send({ failed: `${error.code ?? ''} ${error.message}` })
}
