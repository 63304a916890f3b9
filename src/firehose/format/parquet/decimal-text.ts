const decimal = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,9}))?$/

/** More digits than any column has: beyond them a number is too large, whatever it is exactly. */
const digitsMax = 400

/** What is done with digits behind the scale. */
export type Rounding = 'half-up' | 'down' | 'never'

/**
 * A number in decimal text times ten to the power of `scale`, exactly: `1.25` with scale 2 is 125n.
 *
 * @param rounding `half-up` away from zero; with `never`, digits behind the scale other than 0 are no number
 * @returns `undefined` if the text is no such number, or one of more than 400 digits
 */
export function unscaled(text: string, scale: number, rounding: Rounding): bigint | undefined {
  const found = decimal.exec(text)
  if (found === null) return undefined
  const [, sign, whole = '', fraction = '', exponent = '0'] = found
  const digits = whole + fraction
  if (digits === '' || digits.length > digitsMax) return undefined
  /** How many of the digits are kept; more than there are: zeros are missing. */
  const kept = whole.length + Number(exponent) + scale
  if (kept > digitsMax) return /^0*$/.test(digits) ? 0n : undefined
  if (rounding === 'never' && /[1-9]/.test(digits.slice(Math.max(0, kept)))) return undefined
  let magnitude = kept > 0 ? BigInt(digits.slice(0, kept).padEnd(kept, '0')) : 0n
  if (rounding === 'half-up' && kept >= 0 && (digits[kept] ?? '0') >= '5') magnitude += 1n
  return sign === '-' ? -magnitude : magnitude
}
