// A store whose records are read where they lie, by readers of whom some forget what they were lent, while records expire,
// streams go, the store is closed and opened again, and the garbage collector comes by.
import { open } from '../../dist/index.js'
import { hourMs, MovingClock } from '../trials/moving-clock.mjs'
import { Noise } from '../trials/random.mjs'
import { partitionKeyOf, readRecord, writeRecord } from '../trials/record.mjs'

const steps = {
  hold: 30,
  check: 30,
  release: 25,
  forget: 6,
  abandonReader: 4,
  releaseTwice: 3,
  fill: 5,
  expire: 2,
  recreate: 1,
  reopen: 2,
  collect: 2,
}
const heldMax = 24
const recordsOfSegment = 12

export class LentMemory {
  #folder
  #random
  #noise
  #clock = new MovingClock(Date.now())
  #store
  #stream
  #count = 0
  /** Leases that somebody holds: { batch, lease, expected }. */
  #held = []
  counts = Object.fromEntries(Object.keys(steps).map((step) => [step, 0]))

  constructor(folder, random) {
    this.#folder = folder
    this.#random = random
    this.#noise = new Noise(random, 2 ** 16)
  }

  async begin() {
    await this.#open()
    this.#stream = await this.#store.createStream('s', { shards: 2 })
    await this.fill()
  }

  async step() {
    const does = this.#random.weighted(steps)
    this.counts[does] += 1
    await this[does]()
  }

  /** Nobody holds anything any more. */
  releaseAll() {
    for (const { lease } of this.#held.splice(0)) lease.release()
  }

  async end() {
    await this.#store.close()
  }

  /** Leases some batches, and keeps them beyond the read. */
  async hold() {
    const reader = this.#stream.readBatches({ from: 'oldest', onTrimmed: 'skip', until: 'tail', lease: true })
    for await (const batch of reader) {
      const at = this.#random.between(0, batch.length - 1)
      const expected = Buffer.from(batch.data(at))
      this.#held.push({ batch, lease: batch.lease(), at, expected })
      if (this.#held.length > heldMax) this.#take().lease.release()
      if (this.#random.once(3)) break
    }
  }

  /** What is held is as it was, wherever its file is now. */
  async check() {
    for (const { batch, at, expected } of this.#held) {
      const now = batch.data(at)
      if (!expected.equals(now)) throw new Error('a record that is leased has changed')
      readRecord(now, batch.partitionKey(at))
    }
  }

  async release() {
    const held = this.#take()
    if (held === undefined) return
    held.lease.release()
    // Another lease of the same batch would keep it; none of this batch is left.
    if (!held.batch.released && !this.#held.some(({ batch }) => batch === held.batch))
      throw new Error('a batch is there after its last lease')
  }

  async releaseTwice() {
    const held = this.#take()
    held?.lease.release()
    held?.lease.release()
  }

  /** The garbage collector has to notice. */
  async forget() {
    this.#take()
  }

  /** A read that somebody left in its middle, batch and all. */
  async abandonReader() {
    const reader = this.#stream.readBatches({ from: 'oldest', onTrimmed: 'skip', lease: true })
    const { value } = await reader.next()
    if (this.#random.once(2)) value?.lease()
  }

  /** Some finished segments, and one that is not. */
  async fill() {
    for (let segment = 0; segment < 3; segment++) {
      await this.#stream.putBatch(Array.from({ length: recordsOfSegment }, () => this.#entry()))
      // A segment ends with the first record that comes an hour after it began.
      this.#clock.jump(hourMs + 60_000)
    }
    await this.#stream.putBatch(Array.from({ length: 4 }, () => this.#entry()))
  }

  async expire() {
    this.#clock.jump(this.#random.between(10, 30) * hourMs)
    await this.fill()
  }

  async recreate() {
    await this.#store.deleteStream('s')
    this.#stream = await this.#store.createStream('s', { shards: 2 })
    await this.fill()
  }

  async reopen() {
    await this.#store.close()
    await this.#open()
    this.#stream = this.#store.stream('s')
  }

  async collect() {
    globalThis.gc()
    await new Promise((resolve) => setImmediate(resolve))
  }

  async #open() {
    // Forgotten leases are reported; here they are forgotten on purpose.
    this.#store = await open(this.#folder, { clock: this.#clock, onWarning: () => {} })
  }

  #take() {
    return this.#held.splice(this.#random.between(0, this.#held.length - 1), 1)[0]
  }

  #entry() {
    const identity = { life: 1, thread: 0, key: this.#count % 8, stream: 0, count: this.#count++ }
    const data = writeRecord(identity, this.#random.between(28, 4_000), this.#noise, this.#random)
    return { partitionKey: partitionKeyOf(identity), data }
  }
}
