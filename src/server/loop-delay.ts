import type { IntervalHistogram } from 'node:perf_hooks'

/** How often the event loop's delay is measured, milliseconds. */
export const loopResolutionMs = 20

/**
 * How late the event loop was at most in 99 of 100 turns, seconds. Node's monitor measures from one of its timers to the
 * next: what it says includes the time that passes between them anyway.
 *
 * @param histogram of a monitor with `loopResolutionMs`
 */
export function loopDelaySeconds(histogram: Pick<IntervalHistogram, 'count' | 'percentile'>): number {
  if (histogram.count === 0) return 0
  return Math.max(0, histogram.percentile(99) / 1e6 - loopResolutionMs) / 1e3
}
