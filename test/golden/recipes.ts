/**
 * How the golden stores are made, with the public surface wherever it reaches. Everything is told by these
 * functions; what the engine draws itself (uuids, salts, times of checkpoints) is left out of comparisons
 * (`normal-form.ts`).
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  jsonCodec,
  msgpackCodec,
  open,
  type OpenOptions,
  type PutEntry,
  repair,
  type Store,
  type Stream,
  textCodec,
} from '../../src/index.ts'
import { inspectStore } from '../../src/inspect.ts'
import { openNativeEngine } from '../../src/log/native.ts'
import { type Frame, framesOf, Structure, valuesOf } from '../docs/structures.ts'
import { type ManualClock, settled } from '../model/manual-clock.ts'
import { copyFolder, endSystem } from '../sequences/crash-image.ts'

/** Makes the store `path`, which does not exist yet. May use `${path}-…` on the way. */
export type Recipe = (path: string, clock: ManualClock) => Promise<void>

const hourMs = 3_600_000
const kibibyte = 1024

/** One entry for each of `count` numbers from `from` on; some with a hash key, some empty, some with wide keys. */
export function entries(from: number, count: number): PutEntry[] {
  return Array.from({ length: count }, (_, index) => {
    const number = from + index
    const partitionKey = number % 5 === 0 ? `küche-${number}-\u{1f9c2}` : `key-${number % 7}`
    const data = Buffer.from(`record ${number} `.repeat(number % 11))
    if (number % 4 !== 0) return { partitionKey, data }
    return { partitionKey, data, explicitHashKey: String((BigInt(number) * 2n ** 120n) % 2n ** 128n) }
  })
}

async function putAll(stream: Stream, batch: readonly PutEntry[]): Promise<void> {
  for (const result of await stream.putBatch(batch)) if (!result.ok) throw result.error
}

/** Until every finished segment is sealed, which helper threads do. */
async function sealed(path: string): Promise<void> {
  for (;;) {
    const { logs } = await inspectStore(path, { everyByte: false })
    if (logs.every(({ segments }) => segments.slice(0, -1).every(({ seal }) => seal !== null))) return
    await settled()
  }
}

/** A few records in two streams, written in one of the modes. */
function written(options: OpenOptions): Recipe {
  return async (path, clock) => {
    const store = await open(path, { clock, ...options })
    const orders = await store.createStream('orders', { shards: 2 })
    await putAll(orders, entries(0, 24))
    clock.advanceNow(1_500)
    await orders.put('late', Buffer.from('one more'))
    const large = await store.createStream('large', { maxRecordBytes: 2 * kibibyte ** 2, retentionHours: 48 })
    await large.put('large', Buffer.alloc(40 * kibibyte, 'l'))
    await large.put('larger', Buffer.alloc(1100 * kibibyte, 'L'))
    await Promise.all([orders.flush(), large.flush()])
    await sealed(path)
    await store.close()
  }
}

/** Values of every codec. */
const codecs: Recipe = async (path, clock) => {
  const store = await open(path, { clock })
  await (await store.createStream('bytes')).put('k', Uint8Array.of(0, 255, 10, 13))
  await (await store.createStream('text', { codec: textCodec })).put('k', 'Grüße, \u{1f30d}')
  const json = await store.createStream('json', { codec: jsonCodec() })
  await json.put('k', { a: [1, 2.5, null, true], b: 'ü' })
  const msgpack = await store.createStream('msgpack', { codec: msgpackCodec() })
  await msgpack.put('k', { when: 1_767_225_600_000, who: ['x', 'y'], raw: Uint8Array.of(1, 2, 3) })
  await Promise.all([json.flush(), msgpack.flush()])
  await store.close()
}

/** Segments that ended by age and by size, the first of them trimmed; retention that was set up and down. */
const rolled: Recipe = async (path, clock) => {
  const store = await open(path, { clock })
  const stream = await store.createStream('rolled', { retentionHours: 24 })
  for (let hour = 0; hour < 3; hour++) {
    await putAll(stream, entries(hour * 50, 50))
    clock.advanceNow(2 * hourMs)
  }
  await putAll(
    stream,
    Array.from({ length: 9 }, () => ({ partitionKey: 'fill', data: Buffer.alloc(120_000, 'f') })),
  )
  await stream.flush()
  await sealed(path)
  await stream.setRetention(48)
  clock.advanceNow(44 * hourMs)
  await stream.setRetention(25)
  await clock.advance(2 * hourMs)
  await putAll(stream, entries(500, 10))
  await stream.flush()
  await store.close()
}

/** Streams that are gone, one that came again, and a snapshot of the metadata with commands behind it. */
const deleted: Recipe = async (path, clock) => {
  // A thousand commands are soon done where none is synced.
  const hasty = await open(path, { clock, durability: 'none' })
  for (const name of ['gone', 'again', 'kept']) await putAll(await hasty.createStream(name), entries(0, 10))
  for (let command = 0; command < 1000; command++) {
    await hasty.stream('kept').setRetention(command % 2 === 0 ? 48 : 24)
  }
  await hasty.close()
  const store = await open(path, { clock })
  const kept = store.stream('kept')
  await store.deleteStream('gone')
  await store.deleteStream('again')
  clock.advanceNow(60_000)
  await putAll(await store.createStream('again', { shards: 3 }), entries(100, 10))
  await Promise.all([kept.flush(), store.stream('again').flush()])
  await store.close()
}

/** A log whose end was written: nothing follows. No call of this version's streams does that. */
const shardEnd: Recipe = async (path, clock) => {
  const store = await open(path, { clock })
  await putAll(await store.createStream('ended', { shards: 2 }), entries(0, 20))
  await store.close()
  const { logs } = await inspectStore(path, { everyByte: false })
  const first = logs.find(({ owner }) => owner?.shardId === 'shardId-000000000000')
  const engine = await openNativeEngine({ kind: 'folder', path }, { durability: { mode: 'process' }, clock })
  const log = engine.open({ kind: 'native', id: first?.uuid ?? '', shard: first?.shard ?? 0 })
  await log.seal()
  await log.close()
  await engine.close()
}

/** What the death of a process leaves behind some records that were flushed and some that were not. */
async function died(path: string, clock: ManualClock): Promise<void> {
  const alive = `${path}-alive`
  const store: Store = await open(alive, { clock })
  const stream = await store.createStream('orders', { shards: 2 })
  await putAll(stream, entries(0, 24))
  await stream.flush()
  clock.advanceNow(1_000)
  await putAll(stream, entries(24, 24))
  clock.advanceNow(2 * hourMs)
  await putAll(stream, entries(48, 12))
  copyFolder(alive, path)
  await store.close()
  settleMarks(path)
}

const processDied: Recipe = died

/** A loss of power took half of what was not flushed; the segments behind the tear are still there. */
const systemDied: Recipe = async (path, clock) => {
  await died(path, clock)
  endSystem(path, 0.6, 'whole')
}

/** The same, and a writer has gone over it: gaps in the numbers, torn segments set aside. */
const recovered: Recipe = async (path, clock) => {
  await systemDied(path, clock)
  const store = await open(path, { clock })
  await putAll(store.stream('orders'), entries(1000, 8))
  await store.stream('orders').flush()
  await store.close()
}

/** A frame in the middle of each shard was lost, and a repair put a gap in its place: replaced files in `quarantine/`. */
const repaired: Recipe = async (path, clock) => {
  const store = await open(path, { clock })
  const stream = await store.createStream('orders', { shards: 2 })
  await putAll(stream, entries(0, 40))
  await stream.flush()
  await store.close()
  for (const name of readdirSync(join(path, 'shards'))) {
    edit(join(path, 'shards', name, firstSegmentIn(path, name)), (segment) => {
      const frames = framesOf(segment)
      const lost = frames.slice(frames.length / 2).find(({ payload }) => payload.length > 0) as Frame
      lost.payload[0] = 0
    })
  }
  const { outcome } = await repair(path)
  if (outcome !== 'repaired') throw new Error(`the repair's outcome is ${outcome}`)
}

/** The sync of a segment failed. */
const poisoned: Recipe = async (path, clock) => {
  await died(path, clock)
  for (const name of readdirSync(join(path, 'shards'))) {
    edit(join(path, 'shards', name, 'ctl'), (page) => {
      page.writeUInt32LE(valuesOf('States')['poisoned'] as number, control.offsetOf('state'))
      page.writeUInt32LE(5, control.offsetOf('poison_errno'))
      page.writeUInt32LE(valuesOf('Poison stages')['sync data'] as number, control.offsetOf('poison_stage'))
    })
  }
}

const control = new Structure('Control page')

/** Puts the durable marks where the flush left them, whatever a checkpoint did since: before what arrived later. */
function settleMarks(path: string): void {
  for (const name of readdirSync(join(path, 'shards'))) {
    const ctl = join(path, 'shards', name, 'ctl')
    const frames = framesOf(readFileSync(join(path, 'shards', name, firstSegmentIn(path, name))))
    const [begin] = frames as [Frame, ...Frame[]]
    const later = frames.find(({ head }) => head['arrival_ms'] !== begin.head['arrival_ms']) as Frame
    const durable = BigInt(later.at - begin.at)
    edit(ctl, (page) => {
      for (const mark of ['durable', 'indexed']) page.writeBigUInt64LE(durable, control.offsetOf(mark))
    })
  }
}

function firstSegmentIn(path: string, log: string): string {
  return readdirSync(join(path, 'shards', log)).find((file) => file.endsWith('.seg')) as string
}

function edit(path: string, change: (bytes: Buffer) => void): void {
  const bytes = readFileSync(path)
  change(bytes)
  writeFileSync(path, bytes)
}

export const recipes: Readonly<Record<string, Recipe>> = {
  process: written({ durability: 'process' }),
  commit: written({ durability: 'commit' }),
  interval: written({ durability: 'interval' }),
  none: written({ durability: 'none' }),
  codecs,
  rolled,
  deleted,
  'shard-end': shardEnd,
  'process-died': processDied,
  'system-died': systemDied,
  recovered,
  repaired,
  poisoned,
}
