import { InvalidArgumentError } from 'commander'

/** Option values as commander hands them over, checked: a wrong one is a wrong command line. */

/** A whole number from `min` to `max`. */
export function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN
    if (value >= min && value <= max) return value
    throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`)
  }
}

const unitMs: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/**
 * A moment: ISO 8601 (`2026-11-23T16:00Z`; without a zone it is local time), milliseconds since 1970, or an age
 * such as `90s`, `15m`, `2h`, `1d`. Answers milliseconds since 1970.
 */
export function moment(text: string): number {
  const age = /^(\d+(?:\.\d+)?)([smhd])$/.exec(text)
  if (age !== null) return Math.round(Date.now() - Number(age[1]) * (unitMs[age[2] ?? ''] ?? 0))
  if (/^\d{1,16}$/.test(text)) return Number(text)
  const parsed = /^\d{4}-\d{2}/.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isFinite(parsed)) return parsed
  throw new InvalidArgumentError(
    'It must be a time like 2026-11-23T16:00Z, milliseconds since 1970, or an age like 15m.',
  )
}
