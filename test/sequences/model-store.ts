/**
 * A store as its documentation describes it: arrays, maps and scans from one end to the other. Knows nothing of the
 * engine, and imports nothing of it.
 */
import { createHash } from 'node:crypto'
import { ModelSettings } from './model-settings.ts'
import type { Payload } from './payload.ts'
import type { Entry } from './step.ts'

const hourMs = 3_600_000

export interface ModelRecord {
  readonly key: string
  readonly hashKey: string | undefined
  readonly payload: Payload
  readonly arrivedAtMs: number
  /** Undefined until the store was seen to show the record: a Node stream does not say where it stored an entry. */
  sequence: string | undefined
  /** The part of it that counts records. */
  counter: bigint
  /** It was promised to survive the loss of power. */
  durable: boolean
  /** It was hidden when a loss of power may have taken it: nobody was shown whether it did. */
  mayBeLost: boolean
  /** Which opening of the store put it there. */
  readonly opening: number
}

interface HashRange {
  readonly start: bigint
  readonly end: bigint
}

interface Birth {
  readonly createdAtSeconds: number
  readonly openedAtMs: number
  readonly parents: readonly ModelShard[]
}

/** A shard: records in order, hidden ones included. */
export class ModelShard {
  readonly index: number
  readonly id: string
  readonly start: bigint
  readonly end: bigint
  /** All that were stored and not lost. */
  records: ModelRecord[] = []
  /** Numbers of records that a loss of power took. */
  lost: string[] = []
  /** Every counter up to here was used, or may have been. */
  used = 0n
  /** The same of writers that sync. What one that never does has used, a loss of power makes forgotten. */
  #usedForGood = 0n
  /** The store is not open under `none`. */
  synced = true
  /** The next record need not follow the last one: the system died in between. */
  mayLeap = false
  /** That has happened: there may be numbers without a record. */
  leapt = false
  /** Until a writer stores something, readers elsewhere may see less. */
  shownBeside = true
  /** Creation as its sequence numbers say it, seconds since 1970. */
  readonly createdAtSeconds: number
  /** From when on it takes records. */
  readonly openedAtMs: number
  readonly parents: readonly ModelShard[]
  /** When it was split or merged. */
  closedAtMs: number | undefined
  #lastArrivalMs = 0

  constructor(index: number, range: HashRange, birth: Birth) {
    this.index = index
    this.id = `shardId-${String(index).padStart(12, '0')}`
    this.start = range.start
    this.end = range.end
    this.createdAtSeconds = birth.createdAtSeconds
    this.openedAtMs = birth.openedAtMs
    this.parents = birth.parents
  }

  /** All that it was split and merged from. */
  get ancestors(): ReadonlySet<ModelShard> {
    return new Set(this.parents.flatMap((parent) => [parent, ...parent.ancestors]))
  }

  /** A record was acknowledged. */
  add(entry: Entry, nowMs: number, opening: number, durable: boolean): ModelRecord {
    this.#lastArrivalMs = Math.max(this.#lastArrivalMs, nowMs)
    const { key, hashKey, payload } = entry
    const arrivedAtMs = this.#lastArrivalMs
    const record: ModelRecord = {
      key,
      hashKey,
      payload,
      arrivedAtMs,
      sequence: undefined,
      counter: 0n,
      durable,
      mayBeLost: false,
      opening,
    }
    this.records.push(record)
    this.shownBeside = true
    return record
  }

  /** What survives is a prefix: whatever came before a durable record is durable, too. */
  get durableCount(): number {
    return this.records.findLastIndex(({ durable }) => durable) + 1
  }

  /** A record has this counter. */
  use(counter: bigint): void {
    this.used = counter
    this.mayLeap = false
    if (this.synced) this.#usedForGood = counter
  }

  /** What this opening of the store put was flushed. */
  promise(opening: number): void {
    for (const record of this.records) if (record.opening === opening) record.durable = true
  }

  /** A loss of power took all but the first `count` of the records. */
  cutTo(count: number): void {
    for (const { sequence } of this.records.splice(count))
      if (sequence !== undefined) this.lost.push(sequence)
    this.#forgetBehind(this.records.at(-1))
  }

  /** A loss of power may have taken all but the first `count` of the records, all of which are hidden. */
  doubtFrom(count: number): void {
    const doubted = this.records.slice(count)
    for (const record of doubted) record.mayBeLost = true
    // Then somebody else may have their numbers one day.
    if (this.used > this.#usedForGood) for (const record of doubted) record.sequence = undefined
    this.#forgetBehind(this.records[count - 1])
  }

  /** What was used behind this record, under a mode that does not sync, may be used again. */
  #forgetBehind(record: ModelRecord | undefined): void {
    const last = record?.counter ?? 0n
    if (this.used > this.#usedForGood) this.lost = []
    this.used = last > this.#usedForGood ? last : this.#usedForGood
  }
}

export class ModelStream {
  readonly name: string
  readonly createdAtMs: number
  readonly settings: ModelSettings = new ModelSettings()
  maxRecordBytes: number
  /** All there ever were, by index. */
  readonly shards: ModelShard[]
  retentionHours: number
  #hiddenBeforeMs = 0

  constructor(
    name: string,
    options: { readonly shards: number; readonly retentionHours: number; readonly maxRecordBytes: number },
    nowMs: number,
  ) {
    this.name = name
    this.createdAtMs = nowMs
    this.maxRecordBytes = options.maxRecordBytes
    this.retentionHours = options.retentionHours
    const width = 2n ** 128n / BigInt(options.shards)
    const createdAtSeconds = Math.floor(nowMs / 1000)
    const birth = { createdAtSeconds, openedAtMs: createdAtSeconds * 1000, parents: [] }
    this.shards = Array.from({ length: options.shards }, (_, index) => {
      const start = width * BigInt(index)
      const end = index === options.shards - 1 ? 2n ** 128n - 1n : start + width - 1n
      return new ModelShard(index, { start, end }, birth)
    })
  }

  /** By their hash keys. */
  get open(): ModelShard[] {
    return this.shards
      .filter(({ closedAtMs }) => closedAtMs === undefined)
      .toSorted((a, b) => (a.start < b.start ? -1 : 1))
  }

  /** The open ones, and closed ones within retention. */
  listed(nowMs: number): ModelShard[] {
    const horizonMs = this.horizonMs(nowMs)
    return this.shards.filter(({ closedAtMs = horizonMs }) => closedAtMs >= horizonMs)
  }

  /** Closes shards, and opens others with these ranges. */
  replace(
    parents: readonly ModelShard[],
    ranges: readonly HashRange[],
    nowMs: number,
  ): readonly ModelShard[] {
    for (const parent of parents) parent.closedAtMs = nowMs
    const before = Math.max(
      Math.floor(nowMs / 1000),
      ...parents.map(({ createdAtSeconds }) => createdAtSeconds),
    )
    const birth = { createdAtSeconds: before + 1, openedAtMs: nowMs + 1, parents }
    const children = ranges.map((range, at) => new ModelShard(this.shards.length + at, range, birth))
    this.shards.push(...children)
    return children
  }

  horizonMs(nowMs: number): number {
    return Math.max(this.#hiddenBeforeMs, nowMs - this.retentionHours * hourMs)
  }

  setRetention(hours: number, nowMs: number): void {
    if (hours === this.retentionHours) return
    this.#hiddenBeforeMs = this.horizonMs(nowMs)
    this.retentionHours = hours
  }

  /** The shard that an entry belongs to. */
  shardOf({ key, hashKey }: Entry): ModelShard {
    const hash =
      hashKey === undefined
        ? BigInt(`0x${createHash('md5').update(key, 'utf8').digest('hex')}`)
        : BigInt(hashKey)
    const owner = this.open.find(({ start, end }) => start <= hash && hash <= end)
    if (owner === undefined) throw new Error(`no shard has ${hash}`)
    return owner
  }

  visible(shard: ModelShard, nowMs: number): ModelRecord[] {
    const horizonMs = this.horizonMs(nowMs)
    return shard.records.filter(({ arrivedAtMs }) => arrivedAtMs >= horizonMs)
  }

  /** Every record that is known by its number, shard by shard, and those that were lost. */
  get numbers(): { readonly shard: ModelShard; readonly sequence: string; readonly record?: ModelRecord }[] {
    return this.shards.flatMap((shard) => [
      ...shard.records.flatMap((record) =>
        record.sequence === undefined ? [] : [{ shard, sequence: record.sequence, record }],
      ),
      ...shard.lost.map((sequence) => ({ shard, sequence })),
    ])
  }
}

/** All streams, by name. */
export class ModelStore {
  readonly streams: Map<string, ModelStream> = new Map()

  /** Streams are counted by name, and around. */
  at(place: number): ModelStream | undefined {
    const names = [...this.streams.keys()].toSorted()
    return this.streams.get(names[place % names.length] ?? '')
  }

  get shards(): ModelShard[] {
    return [...this.streams.values()].flatMap(({ shards }) => shards)
  }
}
