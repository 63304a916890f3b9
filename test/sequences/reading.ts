import type {
  Gap,
  ReadBatchesOptions,
  ReadOptions,
  RecordBatch,
  StoredRecord,
  Stream,
} from '../../src/index.ts'
import { Expectation, holds, same, type Shown } from './expectation.ts'
import { codeOf, isOpening } from './outcome.ts'
import type { ModelRecord, ModelShard, ModelStream } from './model-store.ts'
import type { Start, Step, Via } from './step.ts'

type ReadStep = Extract<Step, { readonly do: 'read' }>

/** A read, as the model sees it. */
export interface Plan {
  readonly options: ReadOptions
  /** The call is refused. */
  readonly refused: string | undefined
  /** Where each shard begins. */
  readonly begins: (shard: ModelShard) => Beginning
}

interface Beginning {
  /** Whether a visible record is wanted. */
  wants(record: ModelRecord): boolean
  /** Every record from here on was promised, by its counter. */
  readonly promised?: { readonly sequence: string; readonly inclusive: boolean }
}

const everything: Beginning = { wants: () => true }
const nothing: Beginning = { wants: () => false }

/** Undefined where there is no such place. */
export function planOf(
  start: Start,
  stream: ModelStream,
  only: ModelShard | undefined,
  nowMs: number,
): Plan | undefined {
  const shards = only === undefined ? {} : { shardId: only.id }
  switch (start.from) {
    case 'oldest':
      return { options: { from: 'oldest', ...shards }, refused: undefined, begins: () => everything }
    case 'latest':
      return { options: { from: 'latest', ...shards }, refused: undefined, begins: () => nothing }
    case 'age':
    case 'time': {
      const records = stream.shards.flatMap((shard) => shard.records)
      const base =
        start.from === 'age' ? nowMs - start.agoMs : records[start.place % records.length]?.arrivedAtMs
      if (base === undefined) return undefined
      const arrivedAtMs = base + (start.from === 'time' ? start.plusMs : 0)
      return {
        options: { from: 'time', arrivedAtMs, ...shards },
        refused: arrivedAtMs > nowMs ? 'ERR_MILLRACE_INVALID_ARGUMENT' : undefined,
        begins: () => ({ wants: (record) => record.arrivedAtMs >= arrivedAtMs }),
      }
    }
    case 'sequence':
      return fromSequences(stream, [start.place], start.inclusive, only)
    case 'each shard':
      return fromSequences(stream, start.places, start.inclusive, only)
    default:
      return start satisfies never
  }
}

function fromSequences(
  stream: ModelStream,
  places: readonly number[],
  inclusive: boolean,
  only: ModelShard | undefined,
): Plan | undefined {
  const { numbers } = stream
  if (numbers.length === 0) return undefined
  const chosen = places.map((place) => numbers[place % numbers.length] as (typeof numbers)[number])
  const owners = chosen.map(({ shard }) => shard)
  const read = new Set(owners.flatMap((owner) => [...owner.ancestors]))
  const fits =
    new Set(owners).size === owners.length && (only === undefined || owners.every((owner) => owner === only))
  const sequence = chosen.map((one) => one.sequence)
  const [first] = sequence
  const shards = only === undefined ? {} : { shardId: only.id }
  return {
    options: {
      from: 'sequence',
      sequence: sequence.length === 1 ? (first as string) : sequence,
      inclusive,
      ...shards,
    },
    refused: fits ? undefined : 'ERR_MILLRACE_INVALID_ARGUMENT',
    begins(shard) {
      const of = chosen.find((one) => one.shard === shard)
      // What a named shard came from counts as read.
      if (of === undefined) return read.has(shard) && only === undefined ? nothing : everything
      const promised = { sequence: of.sequence, inclusive }
      return { promised, wants: (record) => follows(record, promised) }
    },
  }
}

/** Sequence numbers of one shard have one length, so that they compare as texts. */
function follows(
  { sequence }: ModelRecord,
  from: { readonly sequence: string; readonly inclusive: boolean },
): boolean {
  return sequence === undefined || sequence > from.sequence || (from.inclusive && sequence === from.sequence)
}

/** Reads as the step says, and holds what comes against a scan of all records. */
export async function checkRead(
  step: ReadStep,
  stream: Stream,
  model: ModelStream,
  nowMs: number,
  beside: boolean,
): Promise<boolean> {
  const listed = model.listed(nowMs)
  const only = step.shard === undefined ? undefined : listed[step.shard % listed.length]
  const plan = planOf(step.start, model, only, nowMs)
  if (plan === undefined) return false
  const gaps: Gap[] = []
  const skip = step.skip ? { onTrimmed: 'skip' as const, onGap: (gap: Gap) => gaps.push(gap) } : {}
  const options: ReadOptions = { ...plan.options, ...skip, until: 'tail' }
  const expectation = new Expectation()
  const expired: { readonly shard: ModelShard; readonly count: number; readonly sure: boolean }[] = []
  for (const shard of only === undefined ? model.shards : [only]) {
    const begins = plan.begins(shard)
    const visible = model.visible(shard, nowMs)
    expectation.add(shard, visible.filter(begins.wants))
    expired.push({ shard, ...expiredOf(shard, begins, visible) })
  }
  const code = await codeOf(() =>
    readAll(stream, options, step.via, step.batchBytes, (it) => expectation.take(it)),
  )
  if (plan.refused !== undefined) {
    same('the read', code, plan.refused)
    return true
  }
  checkGaps(step.skip, code, gaps, expired)
  if (code === undefined) expectation.complete(beside)
  return true
}

/** Promised records that have expired: how many, and whether that is sure. */
function expiredOf(
  shard: ModelShard,
  { promised }: Beginning,
  visible: readonly ModelRecord[],
): { readonly count: number; readonly sure: boolean } {
  // Behind a parent that was promised, what is missing of a child is a gap, too.
  if (promised === undefined) return { count: 0, sure: shard.parents.length === 0 }
  const hidden = shard.records.slice(0, shard.records.length - visible.length)
  const missing = hidden.filter((record) => follows(record, promised))
  const count = missing.filter(({ mayBeLost }) => !mayBeLost).length
  // Behind a number that the power took, or may have taken, what is missing may be a hole or a record.
  // The same where a whole shard has expired: nobody knows any more what it held.
  const isTaken = shard.lost.includes(promised.sequence) || missing.length > count
  const known = shard.closedAtMs === undefined && !isTaken
  return {
    count,
    sure: count > 0 || hidden.length === 0 ? shard.closedAtMs === undefined || count > 0 : known,
  }
}

function checkGaps(
  skip: boolean,
  code: string | undefined,
  gaps: readonly Gap[],
  expired: readonly { readonly shard: ModelShard; readonly count: number; readonly sure: boolean }[],
): void {
  if (!skip) {
    const trimmed = code === 'ERR_MILLRACE_TRIMMED'
    holds(`the read failed: ${code}`, trimmed || code === undefined)
    if (expired.some(({ count }) => count > 0)) holds('expired records were passed over in silence', trimmed)
    else if (expired.every(({ sure }) => sure)) holds('a read is refused although nothing expired', !trimmed)
    return
  }
  same('the read', code, undefined)
  for (const { shard, count, sure } of expired) {
    const told = gaps.filter(({ shardId }) => shardId === shard.id)
    const recordsMax = told.reduce((sum, gap) => sum + gap.recordsMax, 0)
    holds(`${shard.id}: ${count} expired, ${recordsMax} were told`, recordsMax >= count)
    if (count === 0 && sure) same('gaps where nothing expired', told.length, 0)
    if (count > 0) same('the record before the gap', told[0]?.after, undefined)
  }
}

/** Reads by one of the calls; `take` looks at each record before the next one is asked for. */
export async function readAll(
  stream: Stream,
  options: ReadOptions,
  via: Via,
  batchBytes: number,
  take: (record: Shown) => void,
): Promise<void> {
  switch (via) {
    case 'read':
      for await (const record of stream.read(options)) take(record)
      return
    case 'readable':
      for await (const record of stream.readable({ ...options, highWaterMarkBytes: batchBytes }))
        take(record as Shown)
      return
    case 'readableStream':
      for await (const record of stream.readableStream({ ...options, highWaterMarkBytes: batchBytes }))
        take(record)
      return
    default: {
      const how: ReadBatchesOptions = {
        ...options,
        batchBytes,
        ...(via === 'readBatches' ? {} : { [via]: true }),
      }
      for await (const batch of stream.readBatches(how)) takeBatch(batch, take)
    }
  }
}

function takeBatch(batch: RecordBatch, take: (record: Shown) => void): void {
  for (let index = 0; index < batch.length; index++) {
    take({
      shardId: batch.shardId,
      sequenceNumber: batch.sequenceNumber(index),
      arrivedAtMs: batch.arrivedAtMs(index),
      partitionKey: batch.partitionKey(index),
      explicitHashKey: batch.explicitHashKey(index),
      bytes: batch.bytes(index),
    })
  }
}

/** One record by `getSync`, or by `get` where that has to wait. */
export async function getNow(
  stream: Stream,
  sequence: string,
  reuse: boolean,
): Promise<StoredRecord | undefined> {
  try {
    return stream.getSync(sequence, { reuse })
  } catch (error) {
    if (!isOpening(error)) throw error
    return stream.get(sequence)
  }
}
