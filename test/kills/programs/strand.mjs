// One of several strands of work on a store, each of which awaits its own calls: puts of all kinds to streams that may be
// deleted, and to a store that may be closed, at any moment.
import { parseSequenceNumber } from '../../../dist/index.js'
import {
  loosely,
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
/** Records that no shard takes in one second. */
const floodRecords = 1_100
/** Records that a strand can look up again. */
const rememberedMax = 256

export class Strand {
  #life
  #thread
  #strict
  #loose
  #random
  #noise
  /** Lanes that may go on, by stream number and whether limits are enforced. */
  #lanes = new Map()
  /** Stored records: { stream, sequence, number }. */
  #remembered = []
  #bytesLeft

  /** @param {{ life: number, thread: number, strand: number, bytes: number }} place `bytes` to write in large records */
  constructor({ life, thread, strand, bytes }, random, noise) {
    this.#life = life
    this.#thread = thread
    this.#strict = strand * keysOfStrand
    this.#loose = this.#strict + loosely
    this.#random = random
    this.#noise = noise
    this.#bytesLeft = bytes
  }

  /** Puts something, in one of the ways there are. @param target { stream, number, synchronous } */
  async put(target) {
    const flood = target.isLimited ? 0.25 : 0
    const ways = { batch: 4, burst: 3, single: 2, append: target.synchronous ? 4 : 0, flood }
    await this[this.#random.weighted(ways)](target)
  }

  async single(target) {
    const lane = this.#lane(target)
    const entry = this.#entry(lane)
    try {
      const stored = await target.stream.put(entry.partitionKey, entry.data, entry.options)
      this.#acknowledge(target, [[entry, stored]])
    } catch (error) {
      this.#failed(target, [[entry, error]])
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
    this.#failed(
      target,
      answers.flatMap(({ status, reason }, at) => (status === 'fulfilled' ? [] : [[entries[at], reason]])),
    )
  }

  /** More of one key than its shard takes in a second. */
  async flood(target) {
    const lane = this.#lane(target)
    await this.#putTogether(
      target,
      Array.from({ length: floodRecords }, () => this.#entry(lane, recordBytesMin)),
    )
  }

  async batch(target) {
    const lanes = Array.from({ length: this.#random.between(1, 4) }, () => this.#lane(target))
    const count = this.#random.once(10) ? this.#random.between(100, 400) : this.#random.between(1, 40)
    await this.#putTogether(
      target,
      Array.from({ length: count }, () => this.#entry(this.#random.pick(lanes))),
    )
  }

  async #putTogether(target, entries) {
    try {
      const results = await target.stream.putBatch(
        entries.map(({ partitionKey, data, options }) => ({ partitionKey, data, ...options })),
      )
      const stored = entries.map((entry, index) => [entry, results[index]])
      this.#acknowledge(
        target,
        stored.filter(([, { ok }]) => ok),
      )
      this.#failed(
        target,
        stored.flatMap(([entry, { ok, error }]) => (ok ? [] : [[entry, error]])),
      )
    } catch (error) {
      for (const { lane } of entries) this.#retire(lane)
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
        if (notNow.has(error.code)) this.#retire(lane)
        else this.#failed(target, [[entry, error]]) // this record was not stored
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

  /** Records were not stored: not yet, or never if a limit was enforced. @param failures pairs of entry and error */
  #failed({ number }, failures) {
    const throttled = failures.filter(([, { code }]) => code === 'ERR_MILLRACE_THROTTLED')
    if (throttled.length > 0) {
      report(
        'throttled',
        number,
        throttled.map(([{ identity }]) => recordNumber(identity)),
      )
    }
    for (const [{ lane }, error] of failures) {
      if (error.code === 'ERR_MILLRACE_THROTTLED') continue
      this.#retire(lane)
      tolerate(error)
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
  #lane({ number, isLimited }) {
    const kept = `${number} ${isLimited}`
    const lanes = this.#lanes.get(kept) ?? []
    this.#lanes.set(kept, lanes)
    if (lanes.length > 0 && (lanes.length >= 4 || !this.#random.once(4))) return this.#random.pick(lanes)
    const random = this.#random
    const explicit = random.once(3)
      ? { explicitHashKey: ((BigInt(random.bits()) << 96n) | BigInt(random.bits())).toString() }
      : undefined
    const key = isLimited ? this.#loose++ : this.#strict++
    const lane = { kept, number, key, count: 0, options: explicit }
    lanes.push(lane)
    return lane
  }

  /** A record of the lane was refused: no later one may be taken for the next. */
  #retire(lane) {
    const lanes = this.#lanes.get(lane.kept)
    if (lanes?.includes(lane)) lanes.splice(lanes.indexOf(lane), 1)
  }

  #entry(lane, bytes = this.#size()) {
    const identity = {
      life: this.#life,
      thread: this.#thread,
      key: lane.key,
      stream: lane.number,
      count: lane.count++,
    }
    const data = writeRecord(identity, bytes, this.#noise, this.#random)
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
