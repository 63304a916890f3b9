import { invalidArgument, MillraceError } from '../../../errors.ts'
import {
  fraction,
  type JodaStep,
  literal,
  offset,
  twoDigitYear,
  unsignedNumber,
  wholeYear,
  word,
  yearOfEra,
} from './joda-field.ts'
import { emptyMoment, microsOf } from './joda-moment.ts'
import type { TimestampFormat } from './timestamp-text.ts'

const months = 'January February March April May June July August September October November December'.split(
  ' ',
)
const weekdays = 'Monday Tuesday Wednesday Thursday Friday Saturday Sunday'.split(' ')

/** A letter, repeated, or text. */
type Token =
  | { readonly letter: string; readonly count: number }
  | { readonly letter?: undefined; readonly text: string }

/** Letters of Joda time that need weeks, eras or a data base of time zones. */
const unsupported = 'GCxwez'

/** Letters that stand for digits. A year before one of them has just as many digits as letters at most. */
const numeric = 'yYDdhHKkmsSCxew'

/** Digits of years where no others follow. */
const yearDigitsMax = 9

/** Longer ones are no texts of timestamps. Characters. */
const patternLengthMax = 1024

/**
 * Reads times by a pattern of Joda time's `DateTimeFormat`, as `TimestampFormats` of AWS has them: `y Y M d D a h H K k m s S
 * E Z`, quoted and other text. It takes what Joda time takes: numbers have any digits up to their most, a `yyyy` is the year
 * that stands there, names are English. Without a `Z`, times are UTC. What differs: two digits of a `yy` are 1970 to 2069
 * where Joda time takes the years around the current one, digits of a second behind the third count, and a letter stands in
 * a pattern once.
 *
 * @throws MillraceError `ERR_MILLRACE_UNSUPPORTED` for letters that it has and this has not, names of time zones among them;
 * `ERR_MILLRACE_INVALID_ARGUMENT` for what is no pattern
 */
export function jodaFormat(pattern: string): TimestampFormat {
  const steps = stepsOf(pattern)
  return (text) => {
    const moment = emptyMoment()
    let at = 0
    for (const step of steps) {
      at = step(text, at, moment)
      if (at < 0) return undefined
    }
    return at === text.length ? microsOf(moment) : undefined
  }
}

function stepsOf(pattern: string): readonly JodaStep[] {
  if (pattern === '' || pattern.length > patternLengthMax)
    throw invalidArgument('timestamp format', pattern, `a pattern of 1 to ${patternLengthMax} characters`)
  const tokens = [...tokensOf(pattern)]
  const seen = new Set<string>()
  return tokens.map((token, index) => {
    if (token.letter === undefined) return literal(token.text)
    const field = token.letter === 'Y' ? 'y' : token.letter
    if (seen.has(field)) {
      const rule = `a pattern with each letter once, not ${token.letter} again`
      throw invalidArgument('timestamp format', pattern, rule)
    }
    seen.add(field)
    return fieldOf(pattern, token.letter, token.count, isNumeric(tokens[index + 1]))
  })
}

function isNumeric(token: Token | undefined): boolean {
  if (token?.letter === undefined) return false
  return token.letter === 'M' ? token.count <= 2 : numeric.includes(token.letter)
}

function* tokensOf(pattern: string): Generator<Token> {
  for (const [token, letter] of pattern.matchAll(/([A-Za-z])\1*|(?:''|'(?:[^']|'')*'|[^A-Za-z'])+|'/g)) {
    if (token === "'") throw invalidArgument('timestamp format', pattern, 'a pattern that closes its quotes')
    yield letter === undefined ? { text: unquoted(token) } : { letter, count: token.length }
  }
}

/** Two quotes are one, whether they stand in others or not; one opens or closes. */
function unquoted(text: string): string {
  return text.replaceAll(/''|'/g, (quotes) => quotes.slice(1))
}

/** @param adjacent digits follow without anything between */
function fieldOf(pattern: string, letter: string, count: number, adjacent: boolean): JodaStep {
  switch (letter) {
    case 'y':
      return count === 2 ? twoDigitYear(adjacent) : wholeYear(yearDigits(count, adjacent))
    case 'Y':
      return count === 2 ? twoDigitYear(adjacent) : yearOfEra(yearDigits(count, adjacent))
    case 'M':
      return count > 2 ? word('M', months, 1) : unsignedNumber('M', 2)
    case 'E':
      return word('E', weekdays, 1)
    case 'a':
      return word('a', ['AM', 'PM'], 0)
    case 'D':
      return unsignedNumber('D', Math.max(count, 3))
    case 'd':
    case 'H':
    case 'k':
    case 'K':
    case 'h':
    case 'm':
    case 's':
      return unsignedNumber(letter, Math.max(count, 2))
    case 'S':
      return fraction(Math.min(count, 18))
    default:
      if (letter === 'Z' && count <= 2) return offset
      throw refusal(pattern, letter, count)
  }
}

function yearDigits(count: number, adjacent: boolean): number {
  return adjacent ? count : Math.max(count, yearDigitsMax)
}

function refusal(pattern: string, letter: string, count: number): MillraceError {
  if (letter !== 'Z' && !unsupported.includes(letter))
    return invalidArgument('timestamp format', pattern, `a pattern of Joda time; it has no letter ${letter}`)
  return new MillraceError(
    'ERR_MILLRACE_UNSUPPORTED',
    `timestamp format ${JSON.stringify(pattern)}: ${letter.repeat(count)}`,
    { details: { pattern, letter } },
  )
}
