// What a reader sees of a stream, held against what must be true of any stream: numbers grow, every byte is as it was
// put, and in each lane no record is missing, doubled or out of its turn, but for those that expired.
import { parseSequenceNumber } from '../../dist/index.js'
import { describeRecord, laneNumber, loosely, readRecord, recordNumber } from '../trials/record.mjs'
import { ShardLineage } from './shard-lineage.mjs'

/** One shard, record after record. */
export class ShardView {
  /** Numbers of records, by their counters. */
  records = new Map()
  /** The first counter that was seen, and the last; 0: none. */
  first = 0
  last = 0
  #lastArrivedAtMs = 0
  /** Of the stream, by lane: its last count, in which shard that was seen, and in which stretch of it. */
  #lanes
  /** Records expired between one stretch and the next. */
  #stretch = 0
  /** The life that the stretch begins in: lanes of later ones are seen from their first record on. */
  #stretchLife = undefined
  /** What it was split or merged from may have lost records that this view has not seen. */
  #isHeirOfGaps

  constructor(lanes, isHeirOfGaps) {
    this.#lanes = lanes
    this.#isHeirOfGaps = isHeirOfGaps
  }

  /** Records that expired may have gone before they were seen. */
  get hasGaps() {
    return this.#isHeirOfGaps || this.#stretch > 0 || this.first !== 1
  }

  /** Records that expired are missing before the next one. */
  skip() {
    this.#stretch += 1
    this.#stretchLife = undefined
  }

  add(counter, arrivedAtMs, identity) {
    if (counter <= this.last) throw new Error(`record ${counter} came after record ${this.last}`)
    if (arrivedAtMs < this.#lastArrivedAtMs)
      throw new Error(`record ${counter} arrived before the one before it`)
    this.#stretchLife ??= counter === 1 && !this.#isHeirOfGaps ? -1 : identity.life
    const lane = laneNumber(identity)
    const before = this.#lanes.get(lane) ?? { count: -1 }
    const stretch = before.shard === this ? before.stretch : -1
    const missesSome = stretch < this.#stretch && identity.life <= this.#stretchLife
    const mayJump = missesSome || (identity.key & loosely) !== 0
    const due = before.count + 1
    if (identity.count !== due && !(mayJump && identity.count > due)) {
      const name = describeRecord(recordNumber(identity))
      throw new Error(`record ${counter} is ${name}, where #${due} was due`)
    }
    this.#lanes.set(lane, { count: identity.count, shard: this, stretch: this.#stretch })
    this.records.set(counter, recordNumber(identity))
    if (this.first === 0) this.first = counter
    this.last = counter
    this.#lastArrivedAtMs = arrivedAtMs
  }

  /** Forgets the records before a counter. */
  forgetBefore(counter) {
    for (const known of this.records.keys()) {
      if (known >= counter) break
      this.records.delete(known)
    }
  }
}

/** All shards of a stream. */
export class StreamView {
  /** Of the stream, as its records name it. */
  number
  #mayBeLater
  #shards = new Map()
  #lanes = new Map()
  #lineage = new ShardLineage()

  /** @param {boolean} mayBeLater the stream was found by its name, so it may be a later one: the first record says so */
  constructor(number, mayBeLater = false) {
    this.number = number
    this.#mayBeLater = mayBeLater
  }

  /** The shard with this index. */
  shard(index) {
    const known = this.#shards.get(index)
    if (known !== undefined) return known
    const gaps = this.#lineage
      .ancestorsOf(index)
      .some((ancestor) => !this.#lineage.isListed(ancestor) || this.#mayMissSomeOf(ancestor))
    const made = new ShardView(this.#lanes, gaps)
    this.#shards.set(index, made)
    return made
  }

  #mayMissSomeOf(index) {
    return this.#shards.get(index)?.hasGaps ?? true
  }

  /** @returns pairs of index and view */
  shards() {
    return this.#shards.entries()
  }

  /** Takes what a read brings, until its end. @returns how many records */
  async follow(stream, options) {
    let records = 0
    const onGap = ({ shardId }) => {
      this.#lineage.meet(indexOf(shardId), stream)
      this.shard(indexOf(shardId)).skip()
    }
    for await (const batch of stream.readBatches({ ...options, from: 'oldest', onTrimmed: 'skip', onGap })) {
      this.#lineage.meet(indexOf(batch.shardId), stream)
      this.add(batch)
      records += batch.length
    }
    return records
  }

  add(batch) {
    const shard = this.shard(indexOf(batch.shardId))
    for (let index = 0; index < batch.length; index++) {
      try {
        const partitionKey = batch.partitionKey(index)
        const identity = readRecord(batch.data(index), partitionKey)
        this.#recognise(identity.stream)
        this.#lineage.place(indexOf(batch.shardId), partitionKey, batch.explicitHashKey(index))
        const { counter } = parseSequenceNumber(batch.sequenceNumber(index))
        shard.add(Number(counter), batch.arrivedAtMs(index), identity)
      } catch (error) {
        error.message = `${batch.shardId}, ${batch.sequenceNumber(index)}: ${error.message}`
        throw error
      }
    }
  }

  #recognise(number) {
    if (this.#mayBeLater && number > this.number) this.number = number
    this.#mayBeLater = false
    if (number !== this.number) throw new Error(`a record of stream ${number}, not of ${this.number}`)
  }
}

function indexOf(shardId) {
  return Number(shardId.slice(-12))
}
