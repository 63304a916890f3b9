import { SingleBar } from 'cli-progress'
import { bytes, count, rate } from './figures.ts'
import type { Acknowledged } from './replay.ts'

/** How often a replay is shown: on a bar, and as lines. */
const barSteps = 500
const lines = 10

/**
 * How far a replay is: a bar on a terminal, plain lines elsewhere, both on standard error. It shows what is stored
 * already and never what is under way.
 */
export class ReplayProgress {
  readonly #name: string
  readonly #rows: number
  readonly #already: number
  readonly #startedAt = performance.now()
  readonly #bar: SingleBar | undefined
  #nextAt: number

  /** @param already records of this replay that an earlier run stored */
  constructor(name: string, rows: number, already: number) {
    this.#name = name
    this.#rows = rows
    this.#already = already
    this.#nextAt = already
    if (!process.stderr.isTTY) return
    this.#bar = new SingleBar({
      format: `${name} {bar} {percentage} % | {records} records | {size} | {rate} records/s`,
      clearOnComplete: true,
      hideCursor: true,
    })
    this.#bar.start(rows, already, this.#figures({ records: 0, bytes: 0 }))
  }

  readonly update = (soFar: Acknowledged): void => {
    const records = this.#already + soFar.records
    if (records < this.#nextAt) return
    this.#nextAt = records + this.#rows / (this.#bar === undefined ? lines : barSteps)
    const figures = this.#figures(soFar)
    if (this.#bar !== undefined) this.#bar.update(records, figures)
    else {
      const size = `${figures.records} of ${count(this.#rows)} records, ${figures.size}`
      process.stderr.write(`${this.#name}: ${size}, ${figures.rate} records/s\n`)
    }
  }

  stop(): void {
    this.#bar?.stop()
  }

  #figures(soFar: Acknowledged): { readonly records: string; readonly size: string; readonly rate: string } {
    return {
      records: count(this.#already + soFar.records),
      size: bytes(soFar.bytes),
      rate: count(rate(soFar.records, performance.now() - this.#startedAt)),
    }
  }
}
