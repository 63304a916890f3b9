/** Median, least and most of some figures. */
export interface Spread {
  readonly median: number
  readonly least: number
  readonly most: number
}

/** The median of an even number of figures is the upper one of the middle, so that it was really measured. */
export function spreadOf(figures: readonly number[]): Spread {
  const sorted = figures.toSorted((a, b) => a - b)
  return {
    median: sorted[sorted.length >> 1] ?? Number.NaN,
    least: sorted[0] ?? Number.NaN,
    most: sorted.at(-1) ?? Number.NaN,
  }
}

/** Shares of all samples, in the order in which `percentilesOf` and the raw loop report them. */
const percentileShares: readonly number[] = [0.5, 0.9, 0.99, 0.999, 0.9999, 1]

/** What these shares are called, in the same order. */
export const percentileNames: readonly string[] = ['p50', 'p90', 'p99', 'p99.9', 'p99.99', 'max']

/**
 * Exact percentiles, of every sample rather than of a histogram's buckets: a few hundred thousand fit in memory.
 * Sorts its argument.
 */
export function percentilesOf(samples: Float64Array): number[] {
  samples.sort()
  const last = samples.length - 1
  return percentileShares.map(
    (share) => samples[Math.min(Math.floor(share * samples.length), last)] as number,
  )
}

/** `212 (198 – 240)` with as many decimals as asked for. */
export function showSpread({ median, least, most }: Spread, decimals: number): string {
  return `${median.toFixed(decimals)} (${least.toFixed(decimals)} – ${most.toFixed(decimals)})`
}
