/** Upper ends of the buckets, seconds; what took longer is in none but the last. */
export const latencyBounds: readonly number[] = [
  0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
]

/** How long something took, each time, as a histogram shows it. */
export interface Durations {
  /** Upper ends of all buckets but the last, ascending. Seconds. */
  readonly bounds: readonly number[]
  /** By bucket, not summed up; the last one has no upper end. */
  readonly counts: ArrayLike<number>
  readonly count: number
  /** All of them together. */
  readonly seconds: number
}

/** Counts how long something took, each time. Adding to it allocates nothing. */
export class LatencyHistogram implements Durations {
  readonly bounds: readonly number[] = latencyBounds
  readonly counts: Float64Array = new Float64Array(latencyBounds.length + 1)
  #seconds = 0
  #count = 0

  get seconds(): number {
    return this.#seconds
  }

  get count(): number {
    return this.#count
  }

  add(seconds: number): void {
    let bucket = 0
    while (bucket < latencyBounds.length && seconds > (latencyBounds[bucket] as number)) bucket += 1
    this.counts[bucket] = (this.counts[bucket] as number) + 1
    this.#seconds += seconds
    this.#count += 1
  }
}
