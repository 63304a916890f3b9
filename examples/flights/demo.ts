import type { Store } from 'millrace'
import { Catalog } from './catalog.ts'
import { bytes, count, rate, seconds } from './figures.ts'
import { Interrupted } from './interrupted.ts'
import type { DemoOptions } from './options.ts'
import { planFor } from './plan.ts'
import { ReplayProgress } from './progress.ts'
import { Race } from './race.ts'
import { replay, type ReplayResult } from './replay.ts'
import { consumerLines, storeLine } from './report.ts'
import type { FlightSource } from './source.ts'
import { type Stock, takeStock } from './stock.ts'
import { openStorage, type Storage } from './storage.ts'
import { judge } from './verdict.ts'

/** One run of the demo: finish or make a replay, then replay again while three consumers read, then judge them. */
export class Demo {
  readonly #source: FlightSource
  readonly #storage: Storage
  readonly #signal: AbortSignal
  /** Flights of a replay. */
  readonly #rows: number
  /** Worked out from the source on a thread of its own, while the first replay runs. */
  readonly #catalog: Promise<Catalog>
  readonly #over = new AbortController()

  private constructor(source: FlightSource, storage: Storage, rows: number, signal: AbortSignal) {
    this.#source = source
    this.#storage = storage
    this.#rows = rows
    this.#signal = signal
    const request = {
      file: source.file,
      rows: Math.max(rows, ...storage.ledger.rows),
      shards: storage.shards,
    }
    this.#catalog = Catalog.build(request, AbortSignal.any([signal, this.#over.signal]))
    // Whoever awaits it is told; until then a failure must not end the process.
    this.#catalog.catch(() => undefined)
  }

  /** Opens what earlier runs stored. */
  static async start(
    store: Store,
    source: FlightSource,
    options: DemoOptions,
    signal: AbortSignal,
  ): Promise<Demo> {
    const storage = await openStorage(store, options.fresh)
    const rows = options.records ?? source.rows
    const longest = Math.max(rows, ...storage.ledger.rows)
    if (longest > source.rows) {
      throw new Error(`a replay of ${count(longest)} flights needs more than ${source.file} has`)
    }
    say(`${count(rows)} flights of ${source.file}`)
    say(
      `stream "flights" in ${options.dir}, ${storage.shards} shards, partition key: origin; ${storage.found}`,
    )
    return new Demo(source, storage, rows, signal)
  }

  /** Answers whether every verdict holds. Throws `Interrupted` once the signal is aborted. To be called once. */
  async run(): Promise<boolean> {
    try {
      return await this.#run()
    } finally {
      this.#over.abort()
    }
  }

  async #run(): Promise<boolean> {
    const stock = await this.#fill()
    const { ledger, flights } = this.#storage
    const number = ledger.replays.length + 1
    say(`three consumers at once, while replay ${number} runs`)
    await ledger.announce(this.#rows)
    const race = new Race({
      before: stock.records,
      coming: this.#rows,
      middleMs: stock.middleMs,
      signal: this.#signal,
    })
    await race.run(flights, () => this.#replay(number, this.#rows, this.#nothingStored()))
    if (this.#signal.aborted) throw new Interrupted()

    const catalog = await this.#catalog
    const judged = race.finishers.map(({ consumer, skipped }) => ({
      consumer,
      verdict: judge(consumer.seen, catalog.stretches(ledger.rows, skipped)),
    }))
    for (const line of consumerLines(judged)) say(line)
    say(storeLine(await flights.stats()))
    return judged.every(({ verdict }) => verdict.holds)
  }

  /** Sees to it that the stream holds complete replays, at least one, and answers what it holds. */
  async #fill(): Promise<Stock> {
    const { ledger } = this.#storage
    if (ledger.replays.length === 0) return this.#fillFirst()
    const [stock, catalog] = await Promise.all([this.#takeStock(), this.#catalog])
    const plan = planFor(ledger.rows, stock.records, catalog)
    const number = ledger.replays.length
    switch (plan.kind) {
      case 'refuse':
        throw notOurs(plan.why)
      case 'nothing':
        say(`found ${count(stock.total)} records: ${count(number)} complete replays`)
        return stock
      case 'finish': {
        say(`found ${count(stock.total)} records: replay ${number} was interrupted and is finished first`)
        await this.#replay(number, plan.rows, plan.stored)
        return this.#takeStock()
      }
      default:
        return plan satisfies never
    }
  }

  async #fillFirst(): Promise<Stock> {
    const { total } = await this.#takeStock()
    if (total > 0) throw notOurs(`it holds ${count(total)} records that no replay announced`)
    await this.#storage.ledger.announce(this.#rows)
    await this.#replay(1, this.#rows, this.#nothingStored())
    return this.#takeStock()
  }

  /** @param stored records of this replay that each shard has already */
  async #replay(number: number, rows: number, stored: readonly number[]): Promise<void> {
    const name = `replay ${number}`
    const already = stored.reduce((sum, records) => sum + records, 0)
    const progress = new ReplayProgress(name, rows, already)
    const startedAt = performance.now()
    let result: ReplayResult
    try {
      const order = { rows, stored, signal: this.#signal, onProgress: progress.update }
      result = await replay(this.#storage.flights, this.#source, order)
    } finally {
      progress.stop()
    }
    const tookMs = performance.now() - startedAt
    const figures = `${count(result.records)} records, ${bytes(result.bytes)} in ${seconds(tookMs)}`
    if (!result.complete) {
      say(
        `interrupted: ${name} has ${count(already + result.records)} of ${count(rows)} records; run again to go on`,
      )
      throw new Interrupted()
    }
    say(`${name}: ${figures}, ${count(rate(result.records, tookMs))} records/s`)
    // A replay that is followed by another one is complete whatever happens to the machine.
    await this.#storage.flights.flush()
  }

  async #takeStock(): Promise<Stock> {
    try {
      return await takeStock(this.#storage.flights, this.#storage.shards, this.#signal)
    } catch (error) {
      throw this.#signal.aborted ? new Interrupted() : error
    }
  }

  #nothingStored(): number[] {
    return Array.from({ length: this.#storage.shards }, () => 0)
  }
}

function notOurs(why: string): Error {
  return new Error(`the stream is not as this demo left it: ${why}; --fresh forgets it`)
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}
