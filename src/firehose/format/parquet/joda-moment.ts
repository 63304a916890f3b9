import { epochDay, epochMicros, microsOfDay } from './civil.ts'
import { inRange } from './timestamp-text.ts'

/** What a text says, by the letters of Joda time. What it does not say is that of 1970-01-01, midnight, UTC. */
export interface JodaMoment {
  y: number
  M: number
  d: number | undefined
  /** Day of the year: it says the month, too. A `d` is then a day of that. */
  D: number | undefined
  /** 1 is Monday. It moves the day within its week, as it is set last. */
  E: number | undefined
  /** 1 is the afternoon. */
  a: number
  H: number | undefined
  k: number | undefined
  K: number | undefined
  h: number | undefined
  m: number
  s: number
  /** Digits of the second's fraction. */
  S: string
  /** East of Greenwich. Milliseconds. */
  Z: number
}

export function emptyMoment(): JodaMoment {
  return {
    y: 1970,
    M: 1,
    d: undefined,
    D: undefined,
    E: undefined,
    a: 0,
    H: undefined,
    k: undefined,
    K: undefined,
    h: undefined,
    m: 0,
    s: 0,
    S: '',
    Z: 0,
  }
}

/** Microseconds since 1970; `undefined` if there is no such moment, or no column could hold it. */
export function microsOf(moment: JodaMoment): bigint | undefined {
  const day = dayOf(moment)
  const hour = hourOf(moment)
  if (day === undefined || hour === undefined) return undefined
  const time = microsOfDay({ hour, minute: moment.m, second: moment.s, fraction: moment.S })
  return time === undefined ? undefined : inRange(epochMicros(day, time) - BigInt(moment.Z) * 1000n)
}

function dayOf({ y, M, d, D, E }: JodaMoment): number | undefined {
  const day = D === undefined ? epochDay(y, M, d ?? 1) : dayOfYear(y, D, d)
  if (day === undefined || E === undefined) return day
  const weekday = (((day + 3) % 7) + 7) % 7 // 1970 began on a Thursday.
  return day - weekday + E - 1
}

function dayOfYear(year: number, ordinal: number, ofMonth: number | undefined): number | undefined {
  const first = epochDay(year, 1, 1)
  const last = epochDay(year, 12, 31)
  if (first === undefined || last === undefined || ordinal < 1 || ordinal > last - first + 1) return undefined
  const day = first + ordinal - 1
  if (ofMonth === undefined) return day
  let month = 12
  while ((epochDay(year, month, 1) ?? 0) > day) month -= 1
  return epochDay(year, month, ofMonth)
}

/** Each field is set over those before it: half of the day, hour of the day, hour of the half. */
function hourOf({ a, H, k, K, h }: JodaMoment): number | undefined {
  let hour = 12 * a
  if (H !== undefined) hour = H
  if (k !== undefined) hour = k % 24
  if (k === 0 || (k ?? 0) > 24 || (K ?? 0) > 11 || h === 0 || (h ?? 0) > 12) return undefined
  if (K !== undefined) hour = K + (hour > 11 ? 12 : 0)
  if (h !== undefined) hour = (h % 12) + (hour > 11 ? 12 : 0)
  return hour
}
