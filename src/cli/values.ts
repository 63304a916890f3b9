import { InvalidArgumentError } from 'commander'

/** Option values as commander hands them over, checked: a wrong one is a wrong command line. */

/** Reads whole numbers, and says which. */
export interface WholeNumber {
  (text: string): number
  readonly min: number
  readonly max: number
}

/** A whole number from `min` to `max`. */
export function wholeNumber(min: number, max: number): WholeNumber {
  const read = (text: string): number => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN
    if (value >= min && value <= max) return value
    throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`)
  }
  return Object.assign(read, { min, max })
}

const unitMs: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/**
 * A moment: ISO 8601 (`2026-11-23T16:00Z`; without a zone it is local time), milliseconds since 1970, or an
 * age such as `90s`, `15m`, `2h`, `1d`. Answers milliseconds since 1970.
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

/**
 * One more value of an option that may be given again, or several with commas between them, behind those
 * before.
 */
export function listed(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, ...text.split(',').map((part) => part.trim())]
}

/** A shard's id: `0` is short for `shardId-000000000000`. */
export function shardIdOf(shard: string): string {
  return /^\d{1,12}$/.test(shard) ? `shardId-${shard.padStart(12, '0')}` : shard
}
