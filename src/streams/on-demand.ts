/** How a stream on demand grows with its load. Pure: numbers in, decisions out. */
import { minuteMs, secondMs } from '../units.ts'

/** A shard that takes more than this is split (AWS developer guide: "500 KB/second"). Bytes a second. */
export const hotBytesPerSecond = 500_000
/** A shard is judged by so many whole minutes, one after the other. AWS splits within 15 minutes. */
export const judgedMinutes = 5
/** What a stream on demand takes at most, in shards of 1 MB a second (AWS developer guide): 200 MB, or 10 GB. */
const shardsMaxUsual = 200
const shardsMaxLarge = 10_000
const largeRegions: ReadonlySet<string> = new Set(['us-east-1', 'us-west-2', 'eu-west-1'])
/** With fewer samples a shard is split in the middle. */
const samplesMin = 16
/** A split that leaves less than this part of the load on one side helps nobody. */
const lighterPartMin = 0.1

/** Shards that a stream on demand grows to by itself. */
export function onDemandShardsMax(region: string): number {
  return largeRegions.has(region) ? shardsMaxLarge : shardsMaxUsual
}

/** What one shard was put, by minutes of the store's clock. */
export class ShardLoad {
  /** Whole minutes since 1970. */
  #minute: number
  #bytes = 0
  /** Of whole minutes that are over, the newest first; at most `judgedMinutes`. */
  #past: number[] = []

  constructor(nowMs: number) {
    this.#minute = minuteOf(nowMs)
  }

  /** Keys and data were put. */
  add(bytes: number, nowMs: number): void {
    this.#roll(nowMs)
    this.#bytes += bytes
  }

  /** Bytes a second over the judged minutes; `undefined` for a shard that is known for a shorter time. */
  bytesPerSecond(nowMs: number): number | undefined {
    this.#roll(nowMs)
    // The first minute was not whole.
    if (this.#past.length <= judgedMinutes) return undefined
    const bytes = this.#past.slice(0, judgedMinutes).reduce((sum, one) => sum + one, 0)
    return (bytes * secondMs) / (judgedMinutes * minuteMs)
  }

  #roll(nowMs: number): void {
    const minute = minuteOf(nowMs)
    // One more than are judged: the first of all is not.
    for (; this.#minute < minute && minute - this.#minute <= judgedMinutes + 1; this.#minute++) this.#turn()
    if (this.#minute < minute) {
      this.#past = Array.from({ length: judgedMinutes + 1 }, () => 0)
      this.#bytes = 0
    }
    this.#minute = minute
  }

  #turn(): void {
    this.#past.unshift(this.#bytes)
    this.#past.length = Math.min(this.#past.length, judgedMinutes + 1)
    this.#bytes = 0
  }
}

/**
 * Where to split a shard so that both halves take about as much: the first hash key of the upper half.
 *
 * @param samples hash keys of what it was put, each for as many bytes; those out of the range count for nothing
 * @param start the range, inclusive
 * @returns `undefined` if no split helps: nearly all of it has one hash key
 */
export function splitPoint(samples: readonly bigint[], start: bigint, end: bigint): bigint | undefined {
  const middle = start + (end - start + 1n) / 2n
  const sorted = samples.filter((key) => key >= start && key <= end).toSorted((a, b) => (a < b ? -1 : 1))
  if (sorted.length < samplesMin) return isBetween(middle, start, end) ? middle : undefined
  let best: { readonly key: bigint; readonly lighter: number } | undefined
  for (const [below, key] of sorted.entries()) {
    if (below > 0 && sorted[below - 1] === key) continue
    const lighter = Math.min(below, sorted.length - below)
    if (isBetween(key, start, end) && (best === undefined || lighter > best.lighter)) best = { key, lighter }
  }
  return best !== undefined && best.lighter >= sorted.length * lighterPartMin ? best.key : undefined
}

/** What AWS takes as the start of the upper half. */
function isBetween(key: bigint, start: bigint, end: bigint): boolean {
  return key > start + 1n && key < end
}

function minuteOf(nowMs: number): number {
  return Math.floor(nowMs / minuteMs)
}
