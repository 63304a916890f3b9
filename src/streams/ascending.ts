/** The first index whose value is at least `bound`, or `count`. The first `count` values ascend; there is one. */
export function firstAtLeast(values: Float64Array, count: number, bound: number): number {
  let low = 0
  let high = (values[count - 1] as number) < bound ? count : count - 1
  if (high === count) return count
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((values[middle] as number) < bound) low = middle + 1
    else high = middle
  }
  return low
}
