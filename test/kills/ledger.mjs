// What the world knows of a store that writers die on: which calls were acknowledged, so that they must have been
// carried out, and which were under way, so that they may have been.
import { hourMs } from '../trials/moving-clock.mjs'
import { describeRecord } from '../trials/record.mjs'
import { KnownMetadata } from '../trials/known-metadata.mjs'

/** An acknowledged record may be gone although its time has not quite come: clocks of two processes differ so much. */
const clockSlackMs = 60_000

/** A stream, from its creation to its deletion. */
class KnownStream {
  name
  number
  /** 'creating', 'there' or 'deleting'. */
  state = 'creating'
  /** Kept at least so long, ever. */
  #hoursMin
  /** What arrived before may have expired, milliseconds since 1970. */
  #expiredBeforeMs = 0
  /** By shard: { records, first }: what must be there by counter, { number, arrivedAtMs }. */
  #shards = new Map()
  /** Numbers of records that were refused. */
  #refused = new Set()
  metadata

  constructor(name, number, hours, shards) {
    this.name = name
    this.number = number
    this.metadata = new KnownMetadata(hours, shards)
    this.#hoursMin = hours
  }

  get hoursMin() {
    return this.#hoursMin
  }

  retains(hours, nowMs) {
    this.#hoursMin = Math.min(this.#hoursMin, hours)
    this.timeIs(nowMs)
  }

  timeIs(nowMs) {
    this.#expiredBeforeMs = Math.max(this.#expiredBeforeMs, nowMs + clockSlackMs - this.#hoursMin * hourMs)
  }

  acknowledge(index, counter, arrivedAtMs, number) {
    const { records } = this.#shard(index)
    const before = records.get(counter)
    if (before !== undefined && before.number !== number) {
      throw new Error(`record ${counter} of ${this.name} was given twice: ${describeRecord(before.number)}, and
        ${describeRecord(number)}`)
    }
    records.set(counter, { number, arrivedAtMs })
  }

  /** Records were refused: they must never be seen. */
  refuse(records) {
    for (const number of records) this.#refused.add(number)
  }

  /** Holds what a reader saw from the oldest record to the tail against what must be there; from then on, it must. */
  check(view) {
    for (const [index, shard] of this.#shards) this.#checkShard(index, shard, view.shard(index))
    for (const [index, { records }] of view.shards()) {
      const known = this.#shard(index).records
      for (const [counter, number] of records) {
        if (this.#refused.has(number)) throw new Error(`${describeRecord(number)} was refused, and is there`)
        if (!known.has(counter)) known.set(counter, { number, arrivedAtMs: Number.POSITIVE_INFINITY })
      }
    }
  }

  #checkShard(index, shard, seen) {
    const where = `shard ${index} of ${this.name} (stream ${this.number})`
    if (seen.first !== 0 && seen.first < shard.first)
      throw new Error(`${where}: record ${seen.first} came back`)
    shard.first = Math.max(shard.first, seen.first)
    for (const [counter, { number, arrivedAtMs }] of shard.records) {
      const there = seen.records.get(counter)
      if (there === number) continue
      const name = `record ${counter}, ${describeRecord(number)},`
      if (there !== undefined) throw new Error(`${where}: ${name} is ${describeRecord(there)} now`)
      const isExpired = arrivedAtMs < this.#expiredBeforeMs || arrivedAtMs === Number.POSITIVE_INFINITY
      const mayBeGone = (counter < seen.first || seen.last === 0) && isExpired
      if (!mayBeGone) throw new Error(`${where}: ${name} is lost; there are ${seen.first} to ${seen.last}`)
      shard.records.delete(counter)
    }
  }

  #shard(index) {
    const known = this.#shards.get(index)
    if (known !== undefined) return known
    const made = { records: new Map(), first: 0 }
    this.#shards.set(index, made)
    return made
  }
}

export class Ledger {
  nowMs
  nextNumber = 1
  /** By number. */
  #streams = new Map()
  /** What was acknowledged, in all. */
  records = 0
  refused = 0
  changes = 0
  reshards = 0
  created = 0
  deleted = 0

  constructor(nowMs) {
    this.nowMs = nowMs
  }

  /** All streams that may exist. */
  get streams() {
    return [...this.#streams.values()]
  }

  timeIs(nowMs) {
    this.nowMs = Math.max(this.nowMs, nowMs)
    for (const stream of this.#streams.values()) stream.timeIs(this.nowMs)
  }

  /** Notes what a writer reported. */
  note([event, ...facts]) {
    const notes = {
      stored: ([number, answers]) => this.#stored(number, answers),
      clock: ([nowMs]) => this.timeIs(nowMs),
      create: (known) => this.#creates(...known),
      created: ([name]) => this.#exists(name),
      delete: ([name]) => {
        this.#named(name).state = 'deleting'
      },
      deleted: ([name]) => this.#isGone(name),
      change: ([number, thing, value]) => {
        const stream = this.#streams.get(number)
        if (thing === 'retentionHours') stream?.retains(value, this.nowMs)
        stream?.metadata.note('begins', thing, value)
      },
      changed: ([number, thing, value]) => {
        if (thing === 'shards') this.reshards += 1
        else this.changes += 1
        this.#streams.get(number)?.metadata.note('isNow', thing, value)
      },
      unchanged: ([number, thing, value]) => this.#streams.get(number)?.metadata.note('stays', thing, value),
      throttled: ([number, records]) => {
        this.refused += records.length
        this.#streams.get(number)?.refuse(records)
      },
    }
    notes[event]?.(facts)
  }

  /**
   * Holds the streams that a reader sees against what was acknowledged. A call that was under way when the writer died is
   * decided only when the next one opens the store: what it takes over may be more than what was to be seen.
   *
   * @param names of the streams that there are @returns those streams
   */
  settle(names) {
    const unknown = new Set(names)
    const seen = []
    for (const stream of this.streams) {
      const isThere = unknown.delete(stream.name)
      if (isThere) seen.push(stream)
      if (!isThere && stream.state === 'there') throw new Error(`stream ${stream.name} is lost`)
      if (isThere && stream.state === 'creating') this.#exists(stream.name)
      if (!isThere && stream.state === 'deleting') this.#isGone(stream.name)
    }
    if (unknown.size > 0) throw new Error(`streams that were deleted are there: ${[...unknown]}`)
    return seen
  }

  #creates(name, number, hours, shards) {
    if (this.#find(name) !== undefined) throw new Error(`there is a stream ${name} already`)
    this.#streams.set(number, new KnownStream(name, number, hours, shards))
    this.nextNumber = number + 1
  }

  #exists(name) {
    const stream = this.#named(name)
    if (stream.state === 'creating') this.created += 1
    stream.state = 'there'
  }

  #isGone(name) {
    const { number, state } = this.#named(name)
    if (state !== 'creating') this.deleted += 1
    this.#streams.delete(number)
  }

  #stored(number, answers) {
    this.records += answers.length / 4
    // A deletion may be reported before the last answers of the stream.
    const stream = this.#streams.get(number)
    if (stream === undefined) return
    for (let at = 0; at < answers.length; at += 4) {
      const [index, counter, arrivedAtMs, record] = answers.slice(at, at + 4)
      stream.acknowledge(index, counter, arrivedAtMs, record)
    }
  }

  #find(name) {
    return this.streams.find((stream) => stream.name === name)
  }

  #named(name) {
    const stream = this.#find(name)
    if (stream === undefined) throw new Error(`there is no stream ${name}`)
    return stream
  }
}
