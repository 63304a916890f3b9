// node waits.mjs <folder> <reader|writer>: waits at the tail of the stream `s`, of a store that it opened with readOnly or
// one that it writes itself, and does nothing else. Says 'ready' once it waits, then ends with the first record.
import { open } from '../../../dist/index.js'

const [folder, how] = process.argv.slice(2)
const store = await open(folder, how === 'reader' ? { readOnly: true } : {})
const next = store.stream('s').read({ from: 'latest' }).next()
await new Promise((resolve) => setImmediate(resolve))
// A wait for its own records keeps no process alive; listening does.
if (how === 'writer') process.on('message', () => {})
process.send('ready')
await next
await store.close()
process.disconnect()
