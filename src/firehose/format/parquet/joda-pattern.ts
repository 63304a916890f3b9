import { invalidArgument, MillraceError } from '../../../errors.ts'
import { epochDay, epochMicros, microsOfDay } from './civil.ts'
import { inRange, type TimestampFormat } from './timestamp-text.ts'

const months = 'January February March April May June July August September October November December'.split(
  ' ',
)
const weekdays = 'Monday Tuesday Wednesday Thursday Friday Saturday Sunday'.split(' ')

/** What a pattern finds, by its letter; all but `y` may be left out. */
type Found = Readonly<Partial<Record<string, string>>>

/** A letter repeated, a quoted text, or anything else. */
const token = /([A-Za-z])\1*|'((?:[^']|'')*)'|[^A-Za-z']/gy

/** Letters that stand for digits: how many there may be. */
const digits: Readonly<Record<string, number>> = {
  y: 9,
  M: 2,
  D: 3,
  d: 2,
  h: 2,
  H: 2,
  K: 2,
  k: 2,
  m: 2,
  s: 2,
}

/** Letters of Joda time that need weeks, eras or a data base of time zones. */
const unsupported = 'GCxwez'

const textOf: Readonly<Record<string, (count: number) => string>> = {
  M: (count) => `(?<M>${namesOf(months, count)})`,
  E: (count) => `(?:${namesOf(weekdays, count)})`,
  a: () => '(?<a>AM|PM)',
  Z: () => '(?<Z>Z|[+-]\\d\\d:?\\d\\d)',
}

/**
 * Reads times by a pattern of Joda time's `DateTimeFormat`, as `TimestampFormats` of AWS has them: `y Y M d D a h H K k m s S
 * E Z`, quoted and other text. Names are English and their case does not matter. Without a `Z`, times are UTC. Two digits of a
 * year are 1970 to 2069; Joda time takes the years around the current one.
 *
 * @throws MillraceError `ERR_MILLRACE_UNSUPPORTED` for letters that it has and this has not, names of time zones among them;
 * `ERR_MILLRACE_INVALID_ARGUMENT` for what is no pattern
 */
export function jodaFormat(pattern: string): TimestampFormat {
  const expression = new RegExp(`^${expressionOf(pattern)}$`, 'i')
  return (text) => {
    const found = expression.exec(text)
    return found === null ? undefined : micros(found.groups ?? {})
  }
}

function expressionOf(pattern: string): string {
  let expression = ''
  let end = 0
  const seen = new Set<string>()
  for (const match of pattern.matchAll(token)) {
    end = match.index + match[0].length
    const letter = match[1] === 'Y' ? 'y' : match[1]
    if (letter === undefined) {
      expression += literal(match[0], match[2])
      continue
    }
    if (seen.has(letter))
      throw invalidArgument(
        'timestamp format',
        pattern,
        `a pattern with each letter once, not ${letter} again`,
      )
    seen.add(letter)
    expression += fieldOf(pattern, letter, match[0].length, /^[A-Za-z]/.test(pattern.slice(end)))
  }
  if (end < pattern.length || pattern === '')
    throw invalidArgument('timestamp format', pattern, 'a pattern of Joda time')
  return expression
}

/** Two quotes are one, also where they quote nothing. */
function literal(text: string, quoted: string | undefined): string {
  const plain = quoted === undefined ? text : quoted === '' ? "'" : quoted.replaceAll("''", "'")
  return plain.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')
}

/** @param adjacent another field follows without anything between: then a number has just as many digits as letters */
function fieldOf(pattern: string, letter: string, count: number, adjacent: boolean): string {
  if (letter === 'S') return `(?<S>\\d{1,${count}})`
  const digitsMax = digits[letter]
  if (digitsMax !== undefined && !(letter === 'M' && count > 2)) {
    return `(?<${letter}>\\d{${adjacent ? count : `1,${Math.max(count, digitsMax)}`}})`
  }
  const text = textOf[letter]
  if (text !== undefined && !(letter === 'Z' && count > 2)) return text(count)
  if (letter === 'Z' || unsupported.includes(letter)) {
    throw new MillraceError(
      'ERR_MILLRACE_UNSUPPORTED',
      `timestamp format ${JSON.stringify(pattern)}: ${letter.repeat(count)}`,
      {
        details: { pattern, letter },
      },
    )
  }
  throw invalidArgument('timestamp format', pattern, `a pattern of Joda time; it has no letter ${letter}`)
}

function namesOf(names: readonly string[], count: number): string {
  return names.map((name) => (count > 3 ? name : name.slice(0, 3))).join('|')
}

function micros(found: Found): bigint | undefined {
  const day = dayOf(found)
  const time = microsOfDay({
    hour: hourOf(found),
    minute: Number(found['m'] ?? 0),
    second: Number(found['s'] ?? 0),
    fraction: found['S'] ?? '',
  })
  if (day === undefined || time === undefined) return undefined
  return inRange(epochMicros(day, time) - BigInt(offsetMinutes(found['Z'] ?? 'Z')) * 60_000_000n)
}

function dayOf({ y = '1970', M, D, d = '1' }: Found): number | undefined {
  const year = y.length === 2 ? ((Number(y) + 30) % 100) + 1970 : Number(y)
  if (D === undefined) return epochDay(year, monthOf(M ?? '1'), Number(d))
  const first = epochDay(year, 1, 1)
  const next = epochDay(year + 1, 1, 1)
  if (first === undefined || next === undefined || Number(D) < 1 || Number(D) > next - first) return undefined
  return first + Number(D) - 1
}

function monthOf(text: string): number {
  if (/^\d/.test(text)) return Number(text)
  return months.findIndex((name) => name.slice(0, 3).toLowerCase() === text.slice(0, 3).toLowerCase()) + 1
}

/** An hour that cannot be is one that `microsOfDay` refuses. */
function hourOf({ H, k, h, K, a }: Found): number {
  if (H !== undefined) return Number(H)
  if (k !== undefined) return Number(k) === 0 ? 99 : Number(k) % 24
  const half = a?.toUpperCase() === 'PM' ? 12 : 0
  if (K !== undefined) return Number(K) > 11 ? 99 : Number(K) + half
  if (h !== undefined) return Number(h) > 12 || Number(h) === 0 ? 99 : (Number(h) % 12) + half
  return half
}

function offsetMinutes(text: string): number {
  if (/^z$/i.test(text)) return 0
  const minutes = Number(text.slice(1, 3)) * 60 + Number(text.slice(-2))
  return text.startsWith('-') ? -minutes : minutes
}
