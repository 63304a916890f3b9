import { epochDay, epochMicros, microsOfDay } from './civil.ts'
import { unscaled } from './decimal-text.ts'

/** Microseconds since 1970 of a text, or `undefined` if it is no such text. What is finer is cut off. */
export type TimestampFormat = (text: string) => bigint | undefined

const sql = /^(\d{4})-(\d{1,2})-(\d{1,2}) (\d{1,2}):(\d{1,2}):(\d{1,2})(?:\.(\d{1,9}))?$/
const iso = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,9}))?Z$/
const sqlDate = /^(\d{4})-(\d{1,2})-(\d{1,2})$/

/** What most writers of JSON have. */
const isoMillis = '____-__-__T__:__:__.___Z'
const anyDigit = 0x5f
const letterT = 0x54
const zero = 0x30

/** From here on integers are milliseconds: as seconds they would be after the year 33658. */
const millisMin = 1_000_000_000_000n

const int64Max = 2n ** 63n

/** As `java.sql.Timestamp.valueOf` has it: `yyyy-[M]M-[d]d [H]H:[m]m:[s]s[.S]`, up to nine digits. UTC. */
export const sqlTimestamp: TimestampFormat = (text) =>
  text.charCodeAt(10) === letterT ? undefined : fromParts(sql.exec(text))

/** `yyyy-MM-dd'T'HH:mm:ss[.S]'Z'`, up to nine digits. */
export const isoTimestamp: TimestampFormat = (text) =>
  text.length === isoMillis.length ? fromIsoMillis(text) : fromParts(iso.exec(text))

/** Milliseconds since 1970. */
export const epochMillis: TimestampFormat = (text) => inRange(unscaled(text, 3, 'never'))

/** Seconds since 1970, also with digits behind a point; integers of thirteen digits are milliseconds. */
export const epochTimestamp: TimestampFormat = (text) => {
  const seconds = unscaled(text, 0, 'never')
  if (seconds === undefined) return inRange(unscaled(text, 6, 'down'))
  return inRange(seconds >= millisMin || seconds <= -millisMin ? seconds * 1000n : seconds * 1_000_000n)
}

/** The same of an integer of at most fifteen digits, quicker. */
export function epochOfInteger(value: number): bigint {
  return BigInt(value) * (Math.abs(value) < 1e12 ? 1_000_000n : 1000n)
}

/** Days since 1970 of `yyyy-[M]M-[d]d`. */
export function sqlDay(text: string): number | undefined {
  const found = sqlDate.exec(text)
  return found === null ? undefined : epochDay(Number(found[1]), Number(found[2]), Number(found[3]))
}

function fromParts(found: RegExpExecArray | null): bigint | undefined {
  if (found === null) return undefined
  const [, year, month, date, hour, minute, second, fraction = ''] = found
  const day = epochDay(Number(year), Number(month), Number(date))
  const micros = microsOfDay({ hour: Number(hour), minute: Number(minute), second: Number(second), fraction })
  return day === undefined || micros === undefined ? undefined : epochMicros(day, micros)
}

/** The same of texts as long as `isoMillis`, quicker. */
function fromIsoMillis(text: string): bigint | undefined {
  for (let at = 0; at < isoMillis.length; at += 1) {
    const mark = isoMillis.charCodeAt(at)
    if (mark === anyDigit ? !isDigit(text.charCodeAt(at)) : mark !== text.charCodeAt(at)) {
      return fromParts(iso.exec(text))
    }
  }
  const day = epochDay(digits(text, 0, 4), digits(text, 5, 2), digits(text, 8, 2))
  const hour = digits(text, 11, 2)
  const minute = digits(text, 14, 2)
  const second = digits(text, 17, 2)
  const micros = microsOfDay({ hour, minute, second, fraction: text.slice(20, 23) })
  return day === undefined || micros === undefined ? undefined : epochMicros(day, micros)
}

function isDigit(symbol: number): boolean {
  return symbol >= zero && symbol <= zero + 9
}

function digits(text: string, at: number, count: number): number {
  let number = 0
  for (let next = at; next < at + count; next += 1) number = number * 10 + text.charCodeAt(next) - zero
  return number
}

/** What a column can hold; `undefined` for what it cannot. */
export function inRange(micros: bigint | undefined): bigint | undefined {
  return micros !== undefined && micros >= -int64Max && micros < int64Max ? micros : undefined
}
