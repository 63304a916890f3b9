import type { RecordBatch, Stream } from 'millrace'
import { Consumer } from './consumer.ts'
import { shardNumber } from './routing.ts'

/** With nothing left to store, consumers that see nothing for this long will see nothing more. Milliseconds. */
const stallMs = 5000

/** What the consumers have to do with. */
export interface RaceOrder {
  /** Records of each shard before the race. */
  readonly before: readonly number[]
  /** Records that are stored while they read. */
  readonly coming: number
  /** Where the second consumer starts. */
  readonly middleMs: number
  readonly signal: AbortSignal
}

/** A consumer after its run. */
export interface Finisher {
  readonly consumer: Consumer
  /** Records of each shard that lie before its position: where the source's side of the verdict starts. */
  readonly skipped: readonly number[]
}

/**
 * Three consumers of one stream, side by side with whoever stores: one from the oldest record, one from a moment
 * in the middle, one from the latest record on. Each reads until it has seen the last record that was stored.
 */
export class Race {
  readonly #order: RaceOrder
  readonly #oldest: Consumer
  readonly #middle: Consumer
  readonly #latest: Consumer
  /** Records of each shard that arrived before the middle, as the consumer that reads them all counts them. */
  readonly #beforeMiddle: number[]
  #lastPageAt = 0

  constructor(order: RaceOrder) {
    const shards = order.before.length
    const time = new Date(order.middleMs).toISOString().slice(11, 23)
    this.#order = order
    this.#oldest = new Consumer('from the oldest record', { from: 'oldest' }, shards)
    this.#middle = new Consumer(
      `from ${time}, in the middle`,
      { from: 'time', arrivedAtMs: order.middleMs },
      shards,
    )
    this.#latest = new Consumer('tailing from the latest', { from: 'latest' }, shards)
    this.#beforeMiddle = order.before.map(() => 0)
  }

  /** Starts all three, then `store`; resolves when the consumers are done. */
  async run(stream: Stream<string>, store: () => Promise<void>): Promise<void> {
    const stopAll = (): void => this.#all.forEach((consumer) => consumer.stop())
    this.#order.signal.addEventListener('abort', stopAll, { once: true })
    try {
      const reading = Promise.all([
        this.#oldest.run(stream, (batch) => this.#passMiddle(batch)),
        this.#middle.run(stream, () => this.#stopWhereDone()),
        this.#latest.run(stream, () => this.#stopWhereDone()),
      ])
      await Promise.race([store(), failureOf(reading)])
      await this.#endOf(reading, stopAll)
    } finally {
      stopAll()
      this.#order.signal.removeEventListener('abort', stopAll)
    }
  }

  get finishers(): Finisher[] {
    return [
      { consumer: this.#oldest, skipped: this.#order.before.map(() => 0) },
      { consumer: this.#middle, skipped: this.#beforeMiddle },
      { consumer: this.#latest, skipped: this.#order.before },
    ]
  }

  get #all(): Consumer[] {
    return [this.#oldest, this.#middle, this.#latest]
  }

  /** Counts what lies before the middle by looking at every record, so that the verdict does not trust the seek. */
  #passMiddle(batch: RecordBatch<string>): void {
    const shard = shardNumber(batch.shardId)
    let before = 0
    while (before < batch.length && batch.arrivedAtMs(before) < this.#order.middleMs) before += 1
    this.#beforeMiddle[shard] = (this.#beforeMiddle[shard] ?? 0) + before
    this.#stopWhereDone()
  }

  #stopWhereDone(): void {
    this.#lastPageAt = performance.now()
    const total = sum(this.#order.before) + this.#order.coming
    if (this.#latest.records >= this.#order.coming) this.#latest.stop()
    if (this.#oldest.records < total) return
    // Only now is it known how many records lie before the middle.
    this.#oldest.stop()
    if (this.#middle.records >= total - sum(this.#beforeMiddle)) this.#middle.stop()
  }

  /** Waits for the consumers, but not for records that do not exist: then the verdict says what is missing. */
  async #endOf(reading: Promise<unknown>, stopAll: () => void): Promise<void> {
    this.#lastPageAt = performance.now()
    const watch = setInterval(() => {
      if (performance.now() - this.#lastPageAt > stallMs) stopAll()
    }, stallMs / 10)
    try {
      await reading
    } finally {
      clearInterval(watch)
    }
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}

/** Never resolves; rejects if `work` does, so that a failed consumer ends the race at once. */
async function failureOf(work: Promise<unknown>): Promise<never> {
  await work
  return new Promise(() => undefined)
}
