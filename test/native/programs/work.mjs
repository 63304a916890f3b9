// A worker that uses the addon. workerData: { addonFile, folder, task }. Posts 'ready' once its store is open.
import { parentPort, workerData } from 'node:worker_threads'
import { appendTo, nextOf, openStore } from './store.mjs'

const { addonFile, folder, task } = workerData
const { engine, log } = await openStore(addonFile, folder)

function report(message) {
  parentPort.postMessage(message) // oxlint-disable-line unicorn/require-post-message-target-origin -- no window
}

const tasks = {
  // Stores, reads back what it stored, closes; answers how many records there are.
  'store and close': async () => {
    for (let batch = 0; batch < 100; batch++) appendTo(log, 50)
    await log.flush()
    const stored = nextOf(log) - 1
    await log.close()
    await engine.close()
    report(stored)
  },
  'leave it open': () => {
    appendTo(log, 10)
  },
  'exit the worker': () => {
    appendTo(log, 10)
    process.exit(3)
  },
  'append for ever': () => {
    for (;;) appendTo(log, 100)
  },
  'refuse for ever': () => {
    for (;;) {
      try {
        log.seek('not a time')
      } catch {
        // The refusals are what this is about.
      }
    }
  },
  'flush for ever': async () => {
    for (;;) {
      appendTo(log, 10)
      await Promise.all([log.flush(), log.flush(), log.flush()])
    }
  },
  'open and close for ever': async () => {
    for (let shard = 1; ; shard++) {
      const other = engine.openLog(engine.newIdentity(shard), shard)
      appendTo(other, 10)
      await other.close()
    }
  },
}

report('ready')
await tasks[task]()
