// Opens stores as a crash of the system may have left them, and compares each with what its ledger promises. One
// task on each line of the input, {"folder", "ledger", "at"}; one verdict on each of the output, {"folder", "complaint"?}.
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { inspectStore } from '../../../dist/inspect.js'
import { open } from '../../../dist/index.js'
import { Expectation } from './expectation.mjs'
import { FoundRecord } from './found-record.mjs'
import { keyOf, payloadOf } from './payload.mjs'
import { StillClock } from './still-clock.mjs'

const hourMs = 3_600_000
/** After so long, whoever has opened a store goes on with a reshard that was cut off. */
const settleMs = 2_000
/** Turns of the event loop within which that comes to its end. */
const turnsMax = 20_000

for await (const line of createInterface({ input: process.stdin })) {
  const { folder, ledger, at } = JSON.parse(line)
  const complaint = await judge(folder, Expectation.of(ledger, at, settleMs)).then(
    () => undefined,
    (error) => String(error instanceof Error ? error.stack : error),
  )
  if (!process.stdout.write(`${JSON.stringify({ folder, complaint })}\n`)) await once(process.stdout, 'drain')
}

async function judge(folder, expectation) {
  const clock = new StillClock(expectation.nowMs - settleMs)
  const survivors = await withStore(folder, clock, async (store) => {
    const names = store.listStreams().map((stream) => stream.name)
    expectStreams(names, expectation)
    await clock.advance(settleMs)
    for (const name of names) await settled(store.stream(name), expectation.streams.get(name).metadata)
    const found = new Map()
    for (const name of names) found.set(name, await lookAt(store, name, expectation.streams.get(name), clock))
    for (const name of names) await addOne(store, name, found.get(name))
    return found
  })
  await expectSound(folder)
  await withStore(folder, clock, async (store) => {
    for (const [name, { expected, records }] of survivors) {
      expected.metadata.check(store.stream(name))
      expectSame(name, await readAll(store.stream(name)), records)
    }
  })
  await expectNoOrphans(folder)
}

async function withStore(folder, clock, work) {
  const store = await open(folder, { clock })
  try {
    return await work(store)
  } finally {
    await store.close()
  }
}

/** What was begun with its shards is brought to its end; each moment shows what was acknowledged. */
async function settled(stream, metadata) {
  for (let turn = 0; ; turn++) {
    metadata.check(stream)
    const { status } = stream.describe()
    if (status === 'ACTIVE') return
    if (turn === turnsMax) throw new Error(`${stream.name} stays ${status}`)
    await new Promise((resolve) => setImmediate(resolve))
  }
}

async function expectSound(folder) {
  const report = await inspectStore(folder, { everyByte: true }).catch((error) => {
    if (error.code === 'ERR_MILLRACE_NOT_A_STORE') return { findings: [] } // it was still being made
    throw error
  })
  const damage = report.findings.filter((finding) => finding.severity === 'damage')
  if (damage.length > 0) throw new Error(`verify finds ${JSON.stringify(damage[0])}`)
}

function expectStreams(names, { streams, unsure }) {
  for (const name of names) if (!streams.has(name)) throw new Error(`${name} was deleted, or never was`)
  for (const name of streams.keys()) {
    if (!unsure.has(name) && !names.includes(name)) throw new Error(`${name} is lost`)
  }
}

async function readAll(stream) {
  const records = []
  for await (const record of stream.read({ from: 'oldest', until: 'tail' }))
    records.push(new FoundRecord(record))
  return records.toSorted((a, b) => (a.shardId === b.shardId ? 0 : a.shardId < b.shardId ? -1 : 1))
}

async function lookAt(store, name, expected, clock) {
  const stream = store.stream(name)
  const { retentionHours } = stream.describe()
  if (!expected.retention.includes(retentionHours))
    throw new Error(`${name} keeps records for ${retentionHours} hours`)
  const records = await readAll(stream)
  const surelyHiddenMs = clock.nowMs() - Math.max(...expected.retention) * hourMs
  // What has become of shards that are listed no longer is looked at, too.
  const listed = stream.shards().map(({ shardId }) => shardId)
  for (const id of new Set([...listed, ...expected.records.map(({ shardId }) => shardId)])) {
    const mine = records.filter((record) => record.shardId === id)
    expectPrefix(`${name} ${id}`, mine, id, expected)
    const old = mine.find((record) => record.arrivedAtMs < surelyHiddenMs)
    if (old !== undefined) throw new Error(`${name} ${id}: ${old} is older than what is kept`)
  }
  return { expected, records }
}

/** What is read is what was stored, but for the oldest that time has hidden and the newest that were not durable. */
function expectPrefix(where, found, shardId, { records, unsure, hiddenBeforeMs }) {
  const stored = records.filter((record) => record.shardId === shardId)
  const known = found.filter((record) => !unsure.has(record.counter))
  const strange = found.findIndex((record) => unsure.has(record.counter))
  if (strange !== -1 && found.slice(strange).some((record) => !unsure.has(record.counter))) {
    throw new Error(`${where}: a record that was not answered stands before one that was`)
  }
  let first = stored.findIndex((record) => record.counter === known[0]?.counter)
  // Where nothing is left, all that was durable must have been hidden.
  if (known.length === 0) first = stored.findIndex((record) => record.arrivedAtMs >= hiddenBeforeMs)
  if (first === -1 && known.length > 0) throw new Error(`${where}: ${known[0]} was never stored there`)
  if (first === -1) first = stored.length
  for (const [index, record] of known.entries()) {
    const expected = stored[first + index]
    const same =
      expected?.counter === record.counter && BigInt(expected.sequenceNumber) === record.sequenceNumber
    if (!same) throw new Error(`${where}: ${record} stands where ${JSON.stringify(expected)} was stored`)
  }
  const early = stored.slice(0, first).find((record) => record.arrivedAtMs >= hiddenBeforeMs)
  if (early !== undefined) throw new Error(`${where}: ${JSON.stringify(early)} is lost before ${known[0]}`)
  const late = stored.slice(first + known.length).find((record) => record.durable)
  if (late !== undefined) throw new Error(`${where}: ${JSON.stringify(late)} was durable and is lost`)
}

/** One more record, which must get a number that was never used. */
async function addOne(store, name, found) {
  const counter = 0x7000_0000 + found.records.length
  const { shardId, sequenceNumber } = await store.stream(name).put(keyOf(counter), payloadOf(counter, 100))
  const used = found.expected.records.find(
    (record) => record.shardId === shardId && BigInt(record.sequenceNumber) >= BigInt(sequenceNumber),
  )
  if (used !== undefined) throw new Error(`${name}: ${sequenceNumber} is not behind ${JSON.stringify(used)}`)
  found.records = await readAll(store.stream(name))
  const mine = found.records.filter((record) => record.shardId === shardId)
  if (mine.at(-1)?.sequenceNumber !== BigInt(sequenceNumber))
    throw new Error(`${name}: what was put is not the last record`)
}

/** Every log on the disk belongs to a stream. */
async function expectNoOrphans(folder) {
  const { logs } = await inspectStore(folder, { everyByte: false })
  const orphans = logs.filter(({ folder: log, owner }) => owner === null && log !== 'meta')
  if (orphans.length > 0) throw new Error(`logs of no stream: ${orphans.map((log) => log.folder)}`)
}

/** The first difference is enough to go on from. */
function expectSame(name, again, before) {
  const at = Array.from({ length: Math.max(again.length, before.length) }, (_, i) => i).find(
    (index) => String(again[index]) !== String(before[index]),
  )
  if (at === undefined) return
  throw new Error(`${name}, opened once more: record ${at} is ${again[at]}, and was ${before[at]}`)
}
