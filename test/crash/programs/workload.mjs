// One process that uses a store, while its addon writes every change to the disk into a journal. Beside it, a ledger:
// a line when a call begins and one when it was answered, each with the length of the journal at that moment.
//   workload.mjs FOLDER JOURNAL LEDGER SEED MODE STEPS
import { appendFileSync, statSync } from 'node:fs'
import { open } from '../../../dist/index.js'
import { Random } from '../../trials/random.mjs'
import { makeChange, planChange, planReshard, refusals } from '../../trials/stream-change.mjs'
import { keyOf, payloadOf } from './payload.mjs'
import { Seeded } from './seeded.mjs'
import { StillClock } from './still-clock.mjs'

const hourMs = 3_600_000
const [folder, journal, ledger, seed, mode, steps] = process.argv.slice(2)
const random = new Seeded(Number(seed))
const changes = new Random(Number(seed))
const clock = new StillClock(Date.UTC(2026, 0, 1))
const streams = new Map()
let lastCounter = 0
let lastStream = 0
let lastCall = 0
let store

await call({ op: 'open' }, openStore)
for (let step = 0; step < Number(steps); step++) await nextStep()
await call({ op: 'close' }, () => store.close())

async function openStore() {
  store = await open(folder, { durability: mode, clock })
  for (const name of streams.keys()) streams.set(name, store.stream(name))
}

async function nextStep() {
  const dice = random.below(100)
  if (streams.size === 0 || dice < 3) return createStream()
  const [name, stream] = random.pick(Array.from(streams))
  if (dice < 5) return deleteStream(name)
  if (dice < 8) return setRetention(name, stream)
  if (dice < 10) return manyCommands(name, stream)
  if (dice < 14) return pass()
  if (dice < 17) return reopen()
  if (dice < 26) return call({ op: 'flush', name }, () => stream.flush())
  if (dice < 36) return change(name, stream, planChange(stream, changes))
  if (dice < 42) return change(name, stream, planReshard(stream, changes))
  return put(name, stream)
}

async function createStream() {
  lastStream += 1
  const name = random.chance(3) ? 'again' : `stream-${lastStream}`
  if (streams.has(name)) return
  const shards = 1 + random.below(3)
  const stream = await call({ op: 'create', name, shards }, () => store.createStream(name, { shards }))
  streams.set(name, stream)
}

async function deleteStream(name) {
  streams.delete(name)
  await call({ op: 'delete', name }, () => store.deleteStream(name, { enforceConsumerDeletion: true }))
}

async function setRetention(name, stream) {
  const hours = 24 * (1 + random.below(4))
  await call({ op: 'retention', name, hours }, () => stream.setRetention(hours))
}

/** Settings, consumers, shards. */
async function change(name, stream, plan) {
  if (plan === undefined) return
  const { thing, value } = plan
  await call({ op: 'change', name, thing, value }, async () => {
    try {
      return { became: await makeChange(stream, plan) }
    } catch (error) {
      if (!refusals.has(error.code)) throw error
      return {}
    }
  })
}

/** So many that the metadata is summed up in a snapshot, and trimmed. */
async function manyCommands(name, stream) {
  const hours = 24 * (1 + random.below(4))
  await call({ op: 'retention', name, hours }, async () => {
    for (let command = 0; command < 350; command++) await stream.setRetention(hours)
  })
}

/** Time passes: records expire, and what they took is given back. */
async function pass() {
  const hours = 1 + random.below(12)
  await call({ op: 'pass', hours }, () => clock.advance(hours * hourMs))
}

async function reopen() {
  await call({ op: 'close' }, () => store.close())
  await call({ op: 'open' }, openStore)
}

async function put(name, stream) {
  const count = 1 + random.below(6)
  const counters = Array.from({ length: count }, () => (lastCounter += 1))
  const entries = counters.map((counter) => ({
    partitionKey: keyOf(counter),
    data: payloadOf(counter, size()),
  }))
  await call({ op: 'put', name, counters }, async () => {
    const single = mode === 'process' && random.chance(4)
    const results = await (single ? appendEach(stream, entries) : stream.putBatch(entries))
    return results.map(({ shardId, sequenceNumber, arrivedAtMs, durable, error }) => {
      if (error !== undefined) throw error
      return { shardId, sequenceNumber, arrivedAtMs, durable }
    })
  })
}

/** One by one, within the call where that can be. */
async function appendEach(stream, entries) {
  const results = []
  for (const { partitionKey, data } of entries) {
    try {
      results.push(stream.append(partitionKey, data))
    } catch (error) {
      if (error.code !== 'ERR_MILLRACE_BACKLOG') throw error
      results.push(await stream.put(partitionKey, data))
    }
  }
  return results
}

/** Mostly small, sometimes so large that a segment is full soon. */
function size() {
  const dice = random.below(40)
  if (dice === 0) return 200_000 + random.below(500_000)
  return dice < 8 ? 4_000 + random.below(20_000) : random.below(600)
}

/** Notes a call's beginning and end. */
async function call(what, work) {
  lastCall += 1
  note({ call: lastCall, ...what })
  const answer = await work()
  note({
    call: lastCall,
    done: true,
    nowMs: clock.nowMs(),
    ...(what.op === 'put' ? { results: answer } : {}),
    ...(what.op === 'change' ? answer : {}),
  })
  return answer
}

function note(line) {
  const at = statSync(journal, { throwIfNoEntry: false })?.size ?? 0
  appendFileSync(ledger, `${JSON.stringify({ at, nowMs: clock.nowMs(), ...line })}\n`)
}
