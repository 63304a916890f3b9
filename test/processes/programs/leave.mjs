// node leave.mjs <folder> <how>: begins to wait at the tail, then leaves without closing anything.
import { open } from '../../../dist/index.js'

const [folder, how] = process.argv.slice(2)
const store = await open(folder, { readOnly: true })
const next = store.stream('s').read({ from: 'latest' }).next()
next.catch(() => {})
await new Promise((resolve) => setImmediate(resolve))
if (how === 'exit') process.exit(0)
if (how === 'throw') throw new Error('on purpose')
