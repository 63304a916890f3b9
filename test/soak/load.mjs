// The load of a soak: a store, and everything that can be done with one, a little at a time.
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { open } from '../../dist/index.js'
import { hourMs, MovingClock } from '../trials/moving-clock.mjs'
import { Noise } from '../trials/random.mjs'
import { partitionKeyOf, readRecord, writeRecord } from '../trials/record.mjs'

/** What a step may meet when another one has deleted a stream meanwhile, or its records have expired. */
const passing = new Set(['ERR_MILLRACE_STREAM_NOT_FOUND', 'ERR_MILLRACE_TRIMMED', 'ERR_MILLRACE_BACKLOG'])

/** What is done, as often as its weight says. */
const steps = {
  put: 40,
  batch: 30,
  append: 30,
  readAll: 10,
  lease: 10,
  tailAndAbort: 10,
  streams: 4,
  pointReads: 20,
  flush: 5,
  stats: 10,
  recreate: 2,
  jump: 3,
  retain: 2,
  reopen: 2,
  worker: 1,
}

const expiryHours = 24
/** Records of a store are put under so many keys, and go to as many shards as there are. */
const keys = 16

export class Load {
  #folder
  #options
  #random
  #noise
  #clock
  #store
  #tails
  #sequences = []
  #count = 0
  #life
  #serial = 0
  steps = 0
  records = 0

  /** @param {string} folder @param {object} durability of the store, as `open` takes it */
  constructor(folder, durability, random, life) {
    this.#folder = folder
    this.#random = random
    this.#noise = new Noise(random, 2 ** 18)
    this.#clock = new MovingClock(Date.now())
    this.#options = { ...durability, onWarning: () => {} }
    this.#life = life
  }

  async begin() {
    await this.#open()
    for (const name of ['kept', 'changing']) await this.#store.createStream(name, { shards: 4 })
    this.#followTail()
  }

  /** One thing. */
  async step() {
    const does = this.#random.weighted(steps)
    this.steps += 1
    try {
      await this[does]()
    } catch (error) {
      if (!passing.has(error.code)) throw error
    }
  }

  async end() {
    await this.#store.close()
    await this.#tails
  }

  /** Records that are stored, with their frames. */
  async storedBytes() {
    let bytes = 0
    for (const { name } of this.#store.listStreams()) bytes += (await this.#store.stream(name).stats()).bytes
    return bytes
  }

  async put() {
    const stream = this.#stream()
    const entries = this.#entries(this.#random.between(1, 30))
    const stored = await Promise.all(entries.map(({ partitionKey, data }) => stream.put(partitionKey, data)))
    this.#note(stream, stored)
  }

  async batch() {
    const stream = this.#stream()
    this.#note(stream, await stream.putBatch(this.#entries(this.#random.between(1, 300))))
  }

  async append() {
    if (this.#options.durability === 'commit' || this.#options.durability === 'interval') return this.put()
    const stream = this.#stream()
    for (const { partitionKey, data } of this.#entries(20))
      this.#note(stream, [stream.append(partitionKey, data)])
    return undefined
  }

  async readAll() {
    let left = 5_000
    const options = { from: 'oldest', until: 'tail', onTrimmed: 'skip', reuse: this.#random.once(2) }
    for await (const batch of this.#stream().readBatches(options)) {
      for (let index = 0; index < batch.length; index++)
        readRecord(batch.data(index), batch.partitionKey(index))
      if ((left -= batch.length) < 0) break
    }
  }

  async lease() {
    const held = []
    const options = { from: 'oldest', until: 'tail', onTrimmed: 'skip', lease: true }
    for await (const batch of this.#stream().readBatches(options)) {
      held.push([batch, batch.lease()])
      if (held.length === 8) break
    }
    for (const [batch, lease] of held) {
      readRecord(batch.data(0), batch.partitionKey(0))
      // Some are forgotten: the garbage collector is to find them.
      if (!this.#random.once(10)) lease.release()
    }
  }

  async tailAndAbort() {
    const stop = new AbortController()
    const reader = this.#stream().read({ from: 'latest', signal: stop.signal })
    const next = reader.next().catch((error) => error)
    await new Promise((resolve) => setImmediate(resolve))
    stop.abort()
    await next
  }

  /** Node's and the web's streams. */
  async streams() {
    const stream = this.#stream()
    const writable = stream.writable()
    for (const entry of this.#entries(20)) writable.write(entry)
    await new Promise((resolve, reject) => {
      writable.on('error', reject)
      writable.end(resolve)
    })
    let left = 200
    for await (const record of stream.readable({ from: 'oldest', until: 'tail', onTrimmed: 'skip' })) {
      readRecord(record.data, record.partitionKey)
      if (--left === 0) break
    }
    for await (const record of stream.readableStream({ from: 'oldest', until: 'tail', onTrimmed: 'skip' })) {
      readRecord(record.data, record.partitionKey)
      if (++left === 200) break
    }
  }

  async pointReads() {
    for (let index = 0; index < 20; index++) {
      const sequence = this.#random.pick(this.#sequences)
      if (sequence === undefined) continue
      const found = await this.#store.stream('kept').get(sequence)
      if (found !== undefined) readRecord(found.data, found.partitionKey)
    }
  }

  async flush() {
    await this.#stream().flush()
  }

  async stats() {
    for (const { name } of this.#store.listStreams()) await this.#store.stream(name).stats()
  }

  async recreate() {
    await this.#store.deleteStream('changing')
    const shards = this.#random.between(1, 4)
    const stream = await this.#store.createStream('changing', { shards })
    await stream.putBatch(this.#entries(100))
  }

  async jump() {
    this.#clock.jump(this.#random.between(4, 8) * hourMs)
  }

  async retain() {
    await this.#store.stream('kept').setRetention(expiryHours + this.#random.between(0, 2))
  }

  async reopen() {
    await this.end()
    await this.#open()
    this.#followTail()
  }

  async worker() {
    const isLeft = this.#random.once(2)
    const workerData = {
      folder: this.#folder,
      options: { durability: this.#options.durability },
      stream: 'kept',
      seed: this.#random.between(1, 10_000),
      batches: isLeft ? 1_000_000 : 10,
    }
    const worker = new Worker(new URL('programs/putter.mjs', import.meta.url), { workerData })
    const ended = new Promise((resolve, reject) => {
      worker.on('error', reject)
      worker.on('exit', resolve)
    })
    // Not before: Node forgets the descriptors of modules that a worker reads when it is ended.
    await Promise.race([once(worker, 'message'), ended])
    if (isLeft) setTimeout(() => void worker.terminate(), this.#random.between(0, 100))
    await ended
  }

  async #open() {
    this.#store = await open(this.#folder, { ...this.#options, clock: this.#clock })
  }

  /** A reader of this process that waits for whatever comes, until the store is closed. */
  #followTail() {
    const tail = async () => {
      try {
        for await (const batch of this.#store
          .stream('kept')
          .readBatches({ from: 'latest', onTrimmed: 'skip' })) {
          readRecord(batch.data(0), batch.partitionKey(0))
        }
      } catch (error) {
        if (error.code !== 'ERR_MILLRACE_CLOSED') throw error
      }
    }
    this.#tails = tail()
  }

  #stream() {
    return this.#store.stream(this.#random.once(4) ? 'changing' : 'kept')
  }

  #entries(count) {
    this.records += count
    return Array.from({ length: count }, () => {
      const key = this.#random.between(0, keys - 1)
      const identity = { life: this.#life, thread: 0, key, stream: 0, count: this.#count++ % 2 ** 24 }
      const most = this.#random.once(50) ? 50_000 : 1_500
      const data = writeRecord(identity, this.#random.between(28, most), this.#noise, this.#random)
      return { partitionKey: partitionKeyOf(identity), data }
    })
  }

  #note(stream, results) {
    const [first] = results
    if (first.ok && stream.name === 'kept') this.#sequences[this.#serial++ % 1_000] = first.sequenceNumber
  }
}
