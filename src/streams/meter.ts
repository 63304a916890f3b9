import { Column } from '../log/log.ts'
import type { ReadBlock } from '../log/read-block.ts'
import { minuteMs } from '../units.ts'
import { type ShardMetricName, shardMetricNames } from './metric-names.ts'
import type { Shard } from './shard.ts'
import type { Staging } from './staging.ts'
import type { StoreTime } from './store-time.ts'

/** Minutes that are kept of each shard: a day. */
const minutesMax = 24 * 60

/** What enhanced monitoring counted of one shard in one minute; only what was kept then. */
export interface ShardMinute {
  readonly shardId: string
  /** Beginning of the minute, milliseconds since 1970. */
  readonly minuteMs: number
  /**
   * Records and bytes (keys and data) that were put and read, records that were refused by enforced limits, and the
   * greatest age of a last record that a read answered, in milliseconds.
   */
  readonly values: { readonly [Name in ShardMetricName]?: number }
}

type Values = Float64Array

/**
 * Counts what enhanced monitoring keeps of the shards of a stream, minute by minute on the store's time, while it is
 * enabled. A day of minutes in memory, and only those in which something happened.
 */
export class Meter {
  readonly #time: StoreTime
  /** By shard, then by minute; minutes ascend. */
  readonly #minutes: Map<Shard, Map<number, Values>> = new Map()
  /** Whether each metric, in the order of `shardMetricNames`, is kept now. */
  #kept: readonly boolean[] = []
  #latest = 0

  constructor(time: StoreTime) {
    this.#time = time
  }

  /** From now on these metrics are kept. */
  keep(names: readonly string[]): void {
    this.#kept = shardMetricNames.map((name) => names.includes(name))
  }

  /** The records `order[from .. from + count)` of `staging` were stored in the shard. */
  stored(shard: Shard, staging: Staging, from: number, count: number): void {
    const { order, columns } = staging
    let bytes = 0
    for (let index = from; index < from + count; index++) {
      bytes += bytesOf(columns, order[index] as number)
    }
    const minute = this.#minuteOf(shard)
    this.#add(minute, place.IncomingBytes, bytes)
    this.#add(minute, place.IncomingRecords, count)
  }

  /** A read answered the records of a page from index `from` on. */
  read(shard: Shard, { columns, timesMs }: ReadBlock, from: number, count: number): void {
    let bytes = 0
    for (let index = from; index < count; index++) bytes += bytesOf(columns, index)
    const minute = this.#minuteOf(shard)
    this.#add(minute, place.OutgoingBytes, bytes)
    this.#add(minute, place.OutgoingRecords, count - from)
    const age = place.IteratorAgeMilliseconds
    if (this.#kept[age] !== true) return
    const ageMs = Math.max(0, this.#time.nowMs() - (timesMs[count - 1] as number))
    minute[age] = Math.max(ageMs, orZero(minute[age]))
  }

  /** Limits refused so many records of a put. */
  refusedWrites(shard: Shard, records: number): void {
    this.#add(this.#minuteOf(shard), place.WriteProvisionedThroughputExceeded, records)
  }

  /** Limits refused a call that would have read. */
  refusedRead(shard: Shard): void {
    this.#add(this.#minuteOf(shard), place.ReadProvisionedThroughputExceeded, 1)
  }

  /** The minutes that begin within a time, by shard and ascending. Milliseconds since 1970, the end exclusive. */
  report(fromMs: number, toMs: number): readonly ShardMinute[] {
    const found: ShardMinute[] = []
    for (const [shard, minutes] of this.#minutes) {
      for (const [minute, values] of minutes) {
        const beginMs = minute * minuteMs
        if (beginMs < fromMs || beginMs >= toMs) continue
        found.push({ shardId: shard.id, minuteMs: beginMs, values: named(values) })
      }
    }
    return found.toSorted((a, b) => (a.shardId === b.shardId ? a.minuteMs - b.minuteMs : byShard(a, b)))
  }

  #minuteOf(shard: Shard): Values {
    const minute = Math.floor(this.#time.nowMs() / minuteMs)
    let minutes = this.#minutes.get(shard)
    if (minutes === undefined) this.#minutes.set(shard, (minutes = new Map()))
    let values = minutes.get(minute)
    if (values === undefined) {
      values = new Float64Array(shardMetricNames.length).fill(Number.NaN)
      minutes.set(minute, values)
      if (minute > this.#latest) this.#forget(minute)
    }
    return values
  }

  #add(values: Values, at: number, amount: number): void {
    if (this.#kept[at] === true) values[at] = orZero(values[at]) + amount
  }

  /** A minute begins: those of a day ago go, and shards of which nothing is left. */
  #forget(begins: number): void {
    this.#latest = begins
    const last = begins - minutesMax
    for (const [shard, minutes] of this.#minutes) {
      for (const minute of minutes.keys()) {
        if (minute > last) break
        minutes.delete(minute)
      }
      if (minutes.size === 0) this.#minutes.delete(shard)
    }
  }
}

/** Where the values of a metric stand. */
const place = Object.fromEntries(shardMetricNames.map((name, index) => [name, index])) as Readonly<
  Record<ShardMetricName, number>
>

function bytesOf(columns: Uint32Array, record: number): number {
  const at = record * Column.stride
  return (columns[at + Column.keyBytes] as number) + (columns[at + Column.dataBytes] as number)
}

function orZero(value: number | undefined): number {
  return value === undefined || Number.isNaN(value) ? 0 : value
}

function named(values: Values): ShardMinute['values'] {
  const known = shardMetricNames.flatMap((name, index) => {
    const value = values[index] as number
    return Number.isNaN(value) ? [] : [[name, value] as const]
  })
  return Object.fromEntries(known)
}

function byShard(a: ShardMinute, b: ShardMinute): number {
  return a.shardId < b.shardId ? -1 : 1
}
