const daysBeforeMonth = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334]

/** What a column of dates can hold: 32 bits. */
const daysMax = 2 ** 31

/**
 * Days since 1970 of a day in the Gregorian calendar, also before that was introduced. `undefined` if there is no such day,
 * or no column could hold it.
 *
 * @param month from 1
 */
export function epochDay(year: number, month: number, day: number): number | undefined {
  const before = daysBeforeMonth[month - 1]
  if (before === undefined || day < 1 || day > daysOfMonth(year, month)) return undefined
  const days = firstDay(year) + before + (month > 2 && isLeap(year) ? 1 : 0) + day - 1
  return Math.abs(days) < daysMax ? days : undefined
}

function firstDay(year: number): number {
  const past = year - 1
  return 365 * (year - 1970) + Math.floor(past / 4) - Math.floor(past / 100) + Math.floor(past / 400) - 477
}

function daysOfMonth(year: number, month: number): number {
  if (month === 2) return isLeap(year) ? 29 : 28
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31
}

function isLeap(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
}

/** A time of a day, in the parts that formats have. */
export interface TimeOfDay {
  readonly hour: number
  readonly minute: number
  readonly second: number
  /** Digits behind the second's point, '' for none; those behind the sixth do not count. */
  readonly fraction: string
}

/** Microseconds since midnight. `undefined` if there is no such time. */
export function microsOfDay({ hour, minute, second, fraction }: TimeOfDay): number | undefined {
  if (hour > 23 || minute > 59 || second > 59) return undefined
  return ((hour * 60 + minute) * 60 + second) * 1e6 + Number(fraction.slice(0, 6).padEnd(6, '0'))
}

/** Microseconds since 1970. */
export function epochMicros(day: number, micros: number): bigint {
  const whole = day * 86_400_000_000 + micros
  return Number.isSafeInteger(whole) ? BigInt(whole) : BigInt(day) * 86_400_000_000n + BigInt(micros)
}
