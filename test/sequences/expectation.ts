import { parseSequenceNumber, type StoredRecord } from '../../src/index.ts'
import type { ModelRecord, ModelShard } from './model-store.ts'
import { payloadBytes } from './payload.ts'

/** What a record shows, whichever call it was read with. */
export type Shown = Pick<
  StoredRecord,
  'shardId' | 'sequenceNumber' | 'arrivedAtMs' | 'partitionKey' | 'explicitHashKey' | 'bytes'
>

/** Fails unless two values are the same. */
export function same(what: string, actual: unknown, expected: unknown): void {
  if (Object.is(actual, expected)) return
  throw new Error(`${what}: is ${show(actual)}, expected ${show(expected)}`)
}

/** Fails unless it holds. */
export function holds(what: string, condition: boolean): void {
  if (!condition) throw new Error(what)
}

function show(value: unknown): string {
  return typeof value === 'bigint' ? `${value}n` : (JSON.stringify(value) ?? 'undefined')
}

/** Holds a sequence number against what it is made of, and takes note of it. */
export function number(shard: ModelShard, record: ModelRecord, sequence: string): void {
  const fields = parseSequenceNumber(sequence)
  same('its creation of the shard', fields?.shardCreatedAtSeconds, shard.createdAtSeconds)
  same('its shard', fields?.shardIndex, shard.index)
  same('its arrival', fields?.arrivedAtSeconds, Math.floor(record.arrivedAtMs / 1000))
  const counter = fields?.counter ?? 0n
  if (shard.mayLeap) holds(`the counter ${counter} is used again`, counter > shard.used)
  else same('its counter', counter, shard.used + 1n)
  shard.use(counter)
  record.sequence = sequence
  record.counter = counter
}

/** Holds a record against the model's. */
export function sameRecord(shard: ModelShard, record: ModelRecord, actual: Shown): void {
  same('the shard', actual.shardId, shard.id)
  if (record.sequence === undefined) number(shard, record, actual.sequenceNumber)
  same('the sequence number', actual.sequenceNumber, record.sequence)
  same('the arrival', actual.arrivedAtMs, record.arrivedAtMs)
  same('the key', actual.partitionKey, record.key)
  same('the hash key', actual.explicitHashKey, record.hashKey)
  const bytes = payloadBytes(record.payload)
  holds(
    `the payload of ${actual.sequenceNumber} is not what was put`,
    actual.bytes.length === bytes.length && bytes.equals(actual.bytes),
  )
}

/** What a read must bring of each shard, held against what it brings, record by record. */
export class Expectation {
  readonly #shards: Map<string, { shard: ModelShard; records: readonly ModelRecord[]; seen: number }> =
    new Map()

  /** These records of the shard, in order. */
  add(shard: ModelShard, records: readonly ModelRecord[]): void {
    this.#shards.set(shard.id, { shard, records, seen: 0 })
  }

  /** The next record that the read brought. */
  take(actual: Shown): void {
    const expected = this.#shards.get(actual.shardId)
    const record = expected?.records[expected.seen]
    if (expected === undefined || record === undefined) {
      throw new Error(`${actual.sequenceNumber} of ${actual.shardId} was not to be read`)
    }
    expected.seen += 1
    sameRecord(expected.shard, record, actual)
  }

  /** How many records of the shard were taken. */
  seenOf(shard: ModelShard): number {
    return this.#shards.get(shard.id)?.seen ?? 0
  }

  /** The read is over: all were there; of a shard that a reader beside may see in part, at least the durable ones. */
  complete(beside: boolean): void {
    for (const { shard, records, seen } of this.#shards.values()) {
      const least =
        beside && !shard.shownBeside ? records.findLastIndex(({ durable }) => durable) + 1 : records.length
      holds(`${shard.id} showed ${seen} records of ${records.length}`, seen >= least)
    }
  }
}
