// node leave.mjs <addon> <folder> <how>: stores ten records, then leaves without closing anything.
import { appendTo, openStore } from './store.mjs'

const [addonFile, folder, how] = process.argv.slice(2)
const { engine, log } = await openStore(addonFile, folder)
if (appendTo(log, 10) !== 10) throw new Error('the records were not stored')

const ways = {
  // The event loop has nothing left to do.
  end: () => {},
  exit: () => process.exit(0),
  'exit while it flushes and closes': () => {
    void log.flush()
    void log.close()
    process.exit(0)
  },
  throw: () => {
    throw new Error('on purpose')
  },
  // Both are still reachable from here, so nothing was collected before.
  'end after everything was collected': () => {
    globalThis.gc()
    globalThis.kept = [engine, log]
  },
  'abort by signal': () => process.kill(process.pid, 'SIGKILL'),
}
ways[how]()
