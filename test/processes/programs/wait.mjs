// node wait.mjs <folder>: waits for one record at the tail, and has nothing else to do. Says 'waiting' once it has stayed
// alive for a while, then the record's data.
import { open } from '../../../dist/index.js'

const store = await open(process.argv[2], { readOnly: true })
const next = store.stream('s').read({ from: 'latest' }).next()
setTimeout(() => process.stdout.write('waiting\n'), 50).unref()
const { value } = await next
process.stdout.write(`${Buffer.from(value.data)}\n`)
await store.close()
