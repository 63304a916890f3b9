// node writer.mjs <folder> <durability> <shards>: a writer of the stream `s`, which it makes if there is none. Records are
// numbered from the first number of a task on. Answers 'ready', then each task:
//   { put, from, count }: puts so many, and answers { stored, failures }: numbers, and one failure of each code.
//   { run, from }: puts until one is refused or `stop` is said; says { running } after the first batch.
//   { flush }, { close }, { create: name }, { drop: name }: answer { failure }, if there was one.
import { open } from '../../../dist/index.js'
import { failureOf, keyOf, payloadOf, stream as name } from './records.mjs'

const [folder, durability, shards] = process.argv.slice(2)
const batchRecords = 32
const store = await open(folder, { durability, onWarning: () => {} })
const there = store.listStreams().some((stream) => stream.name === name)
const stream = there ? store.stream(name) : await store.createStream(name, { shards: Number(shards) })
let stopped = false

/** Puts `count` records from `from` on, at once. */
async function putSome(from, count, outcome) {
  const ids = Array.from({ length: count }, (_, index) => from + index)
  const entries = ids.map((id) => ({ partitionKey: keyOf(id), data: payloadOf(id) }))
  const results = await stream.putBatch(entries)
  for (const [index, result] of results.entries()) {
    if (result.ok) outcome.stored.push(ids[index])
    else note(outcome, result.error)
  }
  return results.every((result) => result.ok)
}

function note(outcome, error) {
  const failure = failureOf(error)
  if (!outcome.failures.some(({ code }) => code === failure.code)) outcome.failures.push(failure)
}

async function put({ from, count }) {
  const outcome = { stored: [], failures: [] }
  for (let done = 0; done < count; done += batchRecords) {
    await putSome(from + done, Math.min(batchRecords, count - done), outcome)
  }
  return outcome
}

async function run({ from }) {
  const outcome = { stored: [], failures: [] }
  stopped = false
  for (let next = from; !stopped; next += batchRecords) {
    const whole = await putSome(next, batchRecords, outcome)
    if (next === from) process.send({ running: true })
    if (!whole) break
    // Messages get their turn.
    await new Promise((resolve) => setImmediate(resolve))
  }
  return outcome
}

async function failing(call) {
  try {
    await call()
    return {}
  } catch (error) {
    return { failure: failureOf(error) }
  }
}

process.on('message', async (task) => {
  if ('stop' in task) stopped = true
  else if ('put' in task) process.send(await put(task))
  else if ('run' in task) process.send(await run(task))
  else if ('flush' in task) process.send(await failing(() => stream.flush()))
  else if ('create' in task) process.send(await failing(() => store.createStream(task.create)))
  else if ('drop' in task) process.send(await failing(() => store.deleteStream(task.drop)))
  else if ('close' in task) process.send(await failing(() => store.close()))
})
process.send('ready')
