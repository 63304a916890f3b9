// node leave.mjs <folder> <how>: begins to wait at the tail, then leaves without closing the store.
import { open } from '../../../dist/index.js'

const [folder, how] = process.argv.slice(2)
const store = await open(folder, { readOnly: true })
const stop = new AbortController()
const next = store.stream('s').read({ from: 'latest', signal: stop.signal }).next()
next.catch(() => {})
await new Promise((resolve) => setImmediate(resolve))
if (how === 'exit') process.exit(0)
if (how === 'throw') throw new Error('on purpose')
if (how === 'end') stop.abort()
