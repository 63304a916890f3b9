import { pipeline } from 'node:stream/promises'
import { Readable } from 'node:stream'
import { MillraceError, type PutEntry, type PutResult, type Stored, type Stream } from '../../src/index.ts'
import { holds, number, same } from './expectation.ts'
import type { ModelLimits } from './model-limits.ts'
import type { ModelRecord, ModelShard, ModelStream } from './model-store.ts'
import { codeOf, isOpening } from './outcome.ts'
import { payloadBytes } from './payload.ts'
import type { Entry, Fault } from './step.ts'

/** What is the same for all records of a step. */
export interface Moment {
  readonly nowMs: number
  readonly opening: number
  /** Results are durable. */
  readonly durable: boolean
  /** Nothing can be stored within a call. */
  readonly later: boolean
  /** What shards take. */
  readonly limits: ModelLimits | undefined
}

/** Puts the entries one by one, without waiting in between, and holds the answers against the model. */
export async function checkPuts(
  stream: Stream,
  model: ModelStream,
  entries: readonly Entry[],
  moment: Moment,
): Promise<void> {
  const puts = entries.map(({ key, payload, hashKey }) =>
    stream.put(key, payloadBytes(payload), { explicitHashKey: hashKey }),
  )
  const answers = await Promise.allSettled(puts)
  for (const [index, entry] of entries.entries()) {
    const answer = answers[index] as PromiseSettledResult<Stored>
    if (fits(entry, model) && !admits(entry, model, moment)) {
      await refusedAsTooMuch(() => puts[index])
    } else if (fits(entry, model)) {
      if (answer.status === 'rejected') throw answer.reason
      checkStored(model, entry, answer.value, moment)
    } else {
      holds('a record that is too large was stored', answer.status === 'rejected')
      await refusedAsTooLarge(() => puts[index])
    }
  }
}

export async function checkAppend(
  stream: Stream,
  model: ModelStream,
  entry: Entry,
  moment: Moment,
): Promise<void> {
  const append = (): Stored =>
    stream.append(entry.key, payloadBytes(entry.payload), { explicitHashKey: entry.hashKey })
  if (moment.later) return same('append', await codeOf(append), 'ERR_MILLRACE_UNSUPPORTED')
  if (!fits(entry, model)) return refusedAsTooLarge(append)
  let stored: Stored
  try {
    stored = append()
  } catch (error) {
    if (isOpening(error)) return checkPuts(stream, model, [entry], moment)
    if (admits(entry, model, moment)) throw error
    return same('append', codeIn(error), throttled)
  }
  holds('a record was stored that a limit refuses', admits(entry, model, moment))
  checkStored(model, entry, stored, moment)
}

export async function checkBatch(
  stream: Stream,
  model: ModelStream,
  entries: readonly Entry[],
  moment: Moment,
): Promise<void> {
  const batch = entries.map(putEntry)
  if (!entries.every((entry) => fits(entry, model))) return refusedAsTooLarge(() => stream.putBatch(batch))
  const results = await stream.putBatch(batch)
  same('results', results.length, entries.length)
  for (const [index, entry] of entries.entries()) {
    const result = results[index] as PutResult
    if (!admits(entry, model, moment)) {
      same('a result', result.ok ? undefined : result.error.code, throttled)
      continue
    }
    if (!result.ok) throw result.error
    checkStored(model, entry, result, moment)
  }
}

/** Writes the entries that fit through a stream of entries, which does not say where it stores them. */
export async function writeThrough(
  stream: Stream,
  model: ModelStream,
  entries: readonly Entry[],
  moment: Moment,
  web: boolean,
): Promise<void> {
  const fitting = entries.filter((entry) => fits(entry, model))
  const source = Readable.from(fitting.map(putEntry))
  const writing = web
    ? (Readable.toWeb(source) as ReadableStream<PutEntry>).pipeTo(
        stream.writableStream({ highWaterMarkBytes: 64 * 1024 }),
      )
    : pipeline(source, stream.writable())
  const { refused, untriedFrom } = await writing.then(
    () => ({ refused: [] as readonly number[], untriedFrom: fitting.length }),
    refusedOf,
  )
  for (const [index, entry] of fitting.slice(0, untriedFrom).entries()) {
    const isAdmitted = admits(entry, model, moment)
    same('an entry is refused', refused.includes(index), !isAdmitted)
    if (isAdmitted) addTo(model.shardOf(entry), entry, moment)
  }
}

/** More records of one key than a shard takes in a second; only where there is such a limit. */
export async function flood(stream: Stream, model: ModelStream, moment: Moment): Promise<boolean> {
  if (moment.limits === undefined) return false
  const entry = { key: 'flood', payload: { bytes: 4, fill: 1 } }
  await checkBatch(
    stream,
    model,
    Array.from({ length: 1_010 }, () => entry),
    moment,
  )
  return true
}

/** What an error of a stream of entries says of them. */
function refusedOf(error: unknown): { readonly refused: readonly number[]; readonly untriedFrom: number } {
  if (codeIn(error) !== throttled) throw error
  return (error as MillraceError).details as never
}

/** Each fault is refused by its code, also as the second entry of a batch, of which nothing is stored then. */
export async function checkRefused(
  stream: Stream,
  model: ModelStream,
  entry: Entry,
  fault: Fault,
): Promise<void> {
  const { faulty, code } = faultyEntry(entry, model, fault)
  const { partitionKey, data, ...options } = faulty
  same(fault, await codeOf(() => stream.put(partitionKey, data, options)), code)
  same(fault, await codeOf(() => stream.putBatch([putEntry({ ...entry, payload: small }), faulty])), code)
}

const small = { bytes: 8, fill: 0 }

function faultyEntry(
  entry: Entry,
  model: ModelStream,
  fault: Fault,
): { readonly faulty: PutEntry; readonly code: string } {
  const good = putEntry({ ...entry, payload: small })
  const code = 'ERR_MILLRACE_INVALID_ARGUMENT'
  switch (fault) {
    case 'too large': {
      const data = Buffer.alloc(model.maxRecordBytes + 1 - Buffer.byteLength(good.partitionKey))
      return { faulty: { ...good, data }, code: 'ERR_MILLRACE_RECORD_TOO_LARGE' }
    }
    case 'empty key':
      return { faulty: { ...good, partitionKey: '' }, code }
    case 'long key':
      return { faulty: { ...good, partitionKey: 'é'.repeat(257) }, code }
    case 'lone surrogate':
      return { faulty: { ...good, partitionKey: 'a\ud800' }, code }
    case 'hash key':
      return { faulty: { ...good, explicitHashKey: String(2n ** 128n) }, code }
    case 'unknown option':
      return { faulty: { ...good, hashkey: '1' } as PutEntry, code: 'ERR_MILLRACE_UNKNOWN_OPTION' }
    default:
      return fault satisfies never
  }
}

function putEntry({ key, payload, hashKey }: Entry): PutEntry {
  return { partitionKey: key, data: payloadBytes(payload), explicitHashKey: hashKey }
}

/** Key and data together. */
function fits(entry: Entry, { maxRecordBytes }: ModelStream): boolean {
  return bytesOf(entry) <= maxRecordBytes
}

const throttled = 'ERR_MILLRACE_THROTTLED'

/** Whether the shard takes it, which is counted. */
function admits(entry: Entry, model: ModelStream, { limits, nowMs }: Moment): boolean {
  return limits?.take(model.shardOf(entry), bytesOf(entry), model.maxRecordBytes, nowMs) ?? true
}

/** Whether it would take it. */
export function hasRoom(model: ModelStream, entry: Entry, { limits, nowMs }: Moment): boolean {
  return limits?.has(model.shardOf(entry), bytesOf(entry), model.maxRecordBytes, nowMs) ?? true
}

/** Key and data. */
function bytesOf({ key, payload }: Entry): number {
  return Buffer.byteLength(key) + payload.bytes
}

function codeIn(error: unknown): string | undefined {
  return error instanceof MillraceError ? error.code : undefined
}

async function refusedAsTooMuch(call: () => unknown): Promise<void> {
  same('a record beyond a limit', await codeOf(call), throttled)
}

async function refusedAsTooLarge(call: () => unknown): Promise<void> {
  same('a record that is too large', await codeOf(call), 'ERR_MILLRACE_RECORD_TOO_LARGE')
}

function checkStored(model: ModelStream, entry: Entry, stored: Stored, moment: Moment): void {
  const shard = model.shardOf(entry)
  same('ok', stored.ok, true)
  same('the shard that has the key', stored.shardId, shard.id)
  const record = addTo(shard, entry, moment)
  same('the arrival', stored.arrivedAtMs, record.arrivedAtMs)
  same('durable', stored.durable, moment.durable)
  number(shard, record, stored.sequenceNumber)
}

function addTo(shard: ModelShard, entry: Entry, { nowMs, opening, durable }: Moment): ModelRecord {
  return shard.add(entry, nowMs, opening, durable)
}
