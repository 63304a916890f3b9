// Whether a series of figures grows.

/**
 * The line that fits the points best: what it gains from the first point to the last, and how far the points lie from it
 * as a rule (the root of their mean square).
 */
export function fitLine(points) {
  const count = points.length
  const meanX = points.reduce((sum, [x]) => sum + x, 0) / count
  const meanY = points.reduce((sum, [, y]) => sum + y, 0) / count
  let [covariance, variance] = [0, 0]
  for (const [x, y] of points) {
    covariance += (x - meanX) * (y - meanY)
    variance += (x - meanX) ** 2
  }
  const slope = variance === 0 ? 0 : covariance / variance
  const squares = points.reduce((sum, [x, y]) => sum + (y - meanY - slope * (x - meanX)) ** 2, 0)
  // What the slope of pure noise of this size is, as a rule.
  const slopeError = count > 2 && variance > 0 ? Math.sqrt(squares / (count - 2) / variance) : 0
  const span = points.at(-1)[0] - points[0][0]
  return {
    mean: meanY,
    slope,
    gain: slope * span,
    gainError: slopeError * span,
    noise: Math.sqrt(squares / count),
  }
}

/**
 * A series is flat unless its gain is more than chance explains (three times the error of the slope), more than a part of
 * its mean and more than is worth a word.
 */
export function isFlat({ gain, gainError, mean }, { share, least }) {
  return gain <= 3 * gainError || gain <= share * mean || gain <= least
}
