// One of several strands of work on a store, each of which awaits its own calls: puts of all kinds to streams that may be
// deleted, and to a store that may be closed, at any moment.
import { parseSequenceNumber } from '../../../dist/index.js'
import {
  partitionKeyOf,
  readRecord,
  recordBytesMin,
  recordNumber,
  writeRecord,
} from '../../trials/record.mjs'
import { report } from './report.mjs'

/** What may come of a call whose stream or store goes away under it. */
const passing = new Set(['ERR_MILLRACE_CLOSED', 'ERR_MILLRACE_STREAM_NOT_FOUND', 'ERR_MILLRACE_TRIMMED'])

/** Does nothing about an error that comes of what others do meanwhile. */
export function tolerate(error) {
  if (!passing.has(error.code)) throw error
}

/** What a call within the call may meet, where the same call with a promise waits. */
const notNow = new Set(['ERR_MILLRACE_BACKLOG', 'ERR_MILLRACE_UNSUPPORTED'])

/** Keys of one strand: no other has them. */
const keysOfStrand = 512
/** Records that a strand can look up again. */
const rememberedMax = 256

export class Strand {
  #life
  #thread
  #key
  #random
  #noise
  /** Lanes that may go on, by stream number. */
  #lanes = new Map()
  /** Stored records: { stream, sequence, number }. */
  #remembered = []
  #bytesLeft

  /** @param {{ life: number, thread: number, strand: number, bytes: number }} place `bytes` to write in large records */
  constructor({ life, thread, strand, bytes }, random, noise) {
    this.#life = life
    this.#thread = thread
    this.#key = strand * keysOfStrand
    this.#random = random
    this.#noise = noise
    this.#bytesLeft = bytes
  }

  /** Puts something, in one of the ways there are. @param target { stream, number, synchronous } */
  async put(target) {
    const ways = { batch: 4, burst: 3, single: 2, append: target.synchronous ? 4 : 0 }
    await this[this.#random.weighted(ways)](target)
  }

  async single(target) {
    const lane = this.#lane(target)
    const entry = this.#entry(lane)
    try {
      const stored = await target.stream.put(entry.partitionKey, entry.data, entry.options)
      this.#acknowledge(target, [[entry, stored]])
    } catch (error) {
      this.#retire(lane)
      tolerate(error)
    }
  }

  /** Puts that wait for their answers together. */
  async burst(target) {
    const lane = this.#lane(target)
    const entries = Array.from({ length: this.#random.between(2, 30) }, () => this.#entry(lane))
    const answers = await Promise.allSettled(
      entries.map(async (entry) => {
        const stored = await target.stream.put(entry.partitionKey, entry.data, entry.options)
        this.#acknowledge(target, [[entry, stored]])
      }),
    )
    for (const { status, reason } of answers) {
      if (status === 'fulfilled') continue
      this.#retire(lane)
      tolerate(reason)
    }
  }

  async batch(target) {
    const lanes = Array.from({ length: this.#random.between(1, 4) }, () => this.#lane(target))
    const count = this.#random.once(10) ? this.#random.between(100, 400) : this.#random.between(1, 40)
    const entries = Array.from({ length: count }, () => this.#entry(this.#random.pick(lanes)))
    try {
      const results = await target.stream.putBatch(
        entries.map(({ partitionKey, data, options }) => ({ partitionKey, data, ...options })),
      )
      const stored = entries.map((entry, index) => [entry, results[index]])
      this.#acknowledge(
        target,
        stored.filter(([, { ok }]) => ok),
      )
      for (const [entry, { ok, error }] of stored) {
        if (ok) continue
        this.#retire(entry.lane)
        tolerate(error)
      }
    } catch (error) {
      for (const lane of lanes) this.#retire(lane)
      tolerate(error)
    }
  }

  async append(target) {
    const lane = this.#lane(target)
    for (let count = this.#random.between(1, 30); count > 0; count--) {
      const entry = this.#entry(lane)
      try {
        const stored = target.stream.append(entry.partitionKey, entry.data, entry.options)
        this.#acknowledge(target, [[entry, stored]])
      } catch (error) {
        this.#retire(lane)
        if (!notNow.has(error.code)) tolerate(error) // this record was not stored
        return
      }
    }
  }

  /** Reads a record again that was acknowledged here. */
  async lookUp(target, horizonMs) {
    const known = this.#random.pick(this.#remembered)
    if (known === undefined || known.stream !== target.number) return
    try {
      const found = this.#random.once(2)
        ? target.stream.getSync(known.sequence)
        : await target.stream.get(known.sequence)
      if (found === undefined) {
        if (known.arrivedAtMs >= horizonMs())
          throw new Error(`record ${known.sequence} is not found any more`)
      } else if (recordNumber(readRecord(found.data, found.partitionKey)) !== known.number) {
        throw new Error(`record ${known.sequence} is another one now`)
      }
    } catch (error) {
      if (!notNow.has(error.code)) tolerate(error)
    }
  }

  #acknowledge({ number }, answers) {
    const facts = []
    for (const [{ identity }, { shardId, sequenceNumber, arrivedAtMs }] of answers) {
      const { counter, shardIndex } = parseSequenceNumber(sequenceNumber)
      if (Number(shardId.slice(-12)) !== shardIndex) throw new Error(`${sequenceNumber} is not of ${shardId}`)
      facts.push(shardIndex, Number(counter), arrivedAtMs, recordNumber(identity))
      if (this.#random.once(4)) {
        const known = {
          stream: number,
          sequence: sequenceNumber,
          arrivedAtMs,
          number: recordNumber(identity),
        }
        this.#remembered[this.#random.between(0, rememberedMax - 1)] = known
      }
    }
    if (facts.length > 0) report('stored', number, facts)
  }

  /** A lane of the stream: an old one as a rule. */
  #lane({ number }) {
    const lanes = this.#lanes.get(number) ?? []
    this.#lanes.set(number, lanes)
    if (lanes.length > 0 && (lanes.length >= 4 || !this.#random.once(4))) return this.#random.pick(lanes)
    const random = this.#random
    const explicit = random.once(3)
      ? { explicitHashKey: ((BigInt(random.bits()) << 96n) | BigInt(random.bits())).toString() }
      : undefined
    const lane = { number, key: this.#key++, count: 0, options: explicit }
    lanes.push(lane)
    return lane
  }

  /** A record of the lane was refused: no later one may be taken for the next. */
  #retire(lane) {
    const lanes = this.#lanes.get(lane.number)
    if (lanes?.includes(lane)) lanes.splice(lanes.indexOf(lane), 1)
  }

  #entry(lane) {
    const identity = {
      life: this.#life,
      thread: this.#thread,
      key: lane.key,
      stream: lane.number,
      count: lane.count++,
    }
    const data = writeRecord(identity, this.#size(), this.#noise, this.#random)
    return { identity, lane, partitionKey: partitionKeyOf(identity), data, options: lane.options }
  }

  /** Mostly small; now and then as large as a record may be. Once enough was written, as small as can be. */
  #size() {
    const random = this.#random
    if (this.#bytesLeft <= 0) return recordBytesMin
    const most = random.weighted({ 100: 60, 1_500: 30, 20_000: 5, 300_000: 0.3, 1_048_000: 0.1 })
    const bytes = random.between(recordBytesMin, Number(most))
    this.#bytesLeft -= bytes
    return bytes
  }
}
