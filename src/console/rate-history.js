/** Rates of the last minutes, one of each second; bounded however long the page is open. */

import { Ring } from './ring.js'

/** Seconds that are kept. */
export const historySeconds = 300
/** Series that are kept at most: of a stream with more shards, those that come first. */
const seriesMax = 64

/** @typedef {{ readonly records: number, readonly bytes: number }} Rates a second */

/** The rates of a stream or of all of them, and of some of their parts. */
export class RateHistory {
  /**
   * @type {Ring<{ readonly at: number, readonly total: Rates, readonly parts: ReadonlyMap<number, Rates> }>}
   */
  #samples = new Ring(historySeconds)

  /**
   * @param {number} atMs
   * @param {Rates} total
   * @param {Iterable<readonly [number, Rates]>} [parts] by index
   */
  add(atMs, total, parts = []) {
    /** @type {Map<number, Rates>} */
    const kept = new Map()
    for (const [index, rates] of parts) {
      if (kept.size >= seriesMax) break
      kept.set(index, rates)
    }
    this.#samples.push({ at: atMs / 1000, total, parts: kept })
  }

  /** Seconds since 1970, then records and bytes a second. */
  totals() {
    const samples = this.#samples.newest()
    return [
      samples.map(({ at }) => at),
      samples.map(({ total }) => total.records),
      samples.map(({ total }) => total.bytes),
    ]
  }

  /**
   * Seconds since 1970, then records a second of each part.
   *
   * @param {readonly number[]} indexes
   * @returns {(number | null)[][]}
   */
  partsOf(indexes) {
    const samples = this.#samples.newest()
    return [
      samples.map(({ at }) => at),
      ...indexes.map((index) => samples.map(({ parts }) => parts.get(index)?.records ?? null)),
    ]
  }
}
