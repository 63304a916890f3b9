// node test/workers/terminations.mjs [--cycles 1000] [--seed N] [--folder <parent>]
//
// Workers put into one store that this thread has open, and each is ended with terminate() at some moment: what was
// acknowledged to it is there, once and in its order, whatever became of the worker.
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { open } from '../../dist/index.js'
import { inspectStore } from '../../dist/inspect.js'
import { Random } from '../trials/random.mjs'
import { existingFolder, seedNumber, trialOptions, wholeNumber } from '../trials/trial-options.mjs'

const { values } = trialOptions({
  cycles: wholeNumber(1000),
  seed: seedNumber(),
  folder: existingFolder(tmpdir()),
})
const { cycles, seed } = values
const random = new Random(seed)
const program = new URL('programs/counted-putter.mjs', import.meta.url)
const dist = new URL('../../dist/index.js', import.meta.url).href
/** So many workers use one store before the next one begins. */
const workersOfStore = 20
const modes = ['process', 'commit', 'interval', 'none']

const parent = mkdtempSync(join(values.folder, 'millrace-terminations-'))
const startedAt = performance.now()
let [done, acknowledged, found] = [0, 0, 0]
process.stdout.write(`terminations: ${cycles}, seed ${seed}, ${parent}\n`)
try {
  for (let round = 0; done < cycles; round++)
    await useStore(join(parent, `store-${round}`), modes[round % modes.length])
  if (done === 0 || found === 0) throw new Error(`${done} workers ended, ${found} records found`)
  rmSync(parent, { recursive: true })
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(0)
  process.stdout.write(
    `terminations: ${done} workers ended, ${acknowledged} records acknowledged, ${found} found, 0 lost, 0 doubled, ` +
      `0 out of order, seed ${seed}, ${seconds} s\n`,
  )
} catch (error) {
  process.stderr.write(
    `terminations: FAILED after ${done} with seed ${seed}: ${error.stack}\nkept: ${parent}\n`,
  )
  process.exitCode = 1
}

async function useStore(folder, durability) {
  const options = { durability }
  const store = await open(folder, options)
  await store.createStream('s', { shards: 3 })
  const atLeast = new Map()
  for (let id = 0; id < workersOfStore && done < cycles; id += 2) {
    const pair = await Promise.all([id, id + 1].map((each) => workAndEnd(folder, options, each)))
    for (const [index, count] of pair.entries()) atLeast.set(id + index, count)
    // This thread goes on, whatever locks the workers had.
    await store.stream('s').put('main', Buffer.alloc(0))
    await check(store.stream('s'), atLeast)
  }
  await store.close()
  const again = await open(folder, { readOnly: true })
  found += await check(again.stream('s'), atLeast)
  await again.close()
  const { findings } = await inspectStore(folder, { everyByte: true })
  // What a helper thread was preparing is no damage.
  const damage = findings.filter(({ severity }) => severity === 'damage')
  if (damage.length > 0) throw new Error(`verify finds ${JSON.stringify(damage)}`)
  rmSync(folder, { recursive: true })
}

/** @returns how many records were acknowledged to a worker when it was ended */
async function workAndEnd(folder, options, id) {
  const shared = new SharedArrayBuffer(4)
  const worker = new Worker(program, { workerData: { dist, folder, options, id, acknowledged: shared } })
  const failed = new Promise((_resolve, reject) => worker.on('error', reject))
  await Promise.race([once(worker, 'message'), failed])
  const enough = random.between(0, 400)
  const count = new Int32Array(shared)
  // Between two looks anything may happen, so where it is ended is chance.
  while (Atomics.load(count, 0) < enough) {
    await Promise.race([new Promise((resolve) => setImmediate(resolve)), failed])
  }
  const ended = worker.terminate()
  await ended
  done += 1
  acknowledged += Atomics.load(count, 0)
  return Atomics.load(count, 0)
}

async function check(stream, atLeast) {
  const next = new Map()
  for await (const record of stream.read({ from: 'oldest', until: 'tail' })) {
    if (record.partitionKey === 'main') continue
    const data = Buffer.from(record.data)
    const [id, number] = [data.readUInt32LE(0), data.readUInt32LE(4)]
    const due = next.get(id) ?? 0
    if (number !== due) throw new Error(`record ${number} of worker ${id} came where ${due} was due`)
    if (data.length !== 8 + ((number * 37) % 900) || data.subarray(8).some((byte) => byte !== (number & 255)))
      throw new Error(`record ${number} of worker ${id} is torn`)
    next.set(id, due + 1)
  }
  let records = 0
  for (const [id, count] of atLeast) {
    if ((next.get(id) ?? 0) < count) throw new Error(`worker ${id} has ${next.get(id)} records of ${count}`)
    records += next.get(id)
  }
  return records
}
