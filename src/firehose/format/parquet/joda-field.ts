import type { JodaMoment } from './joda-moment.ts'

/** Reads something at a place of a text; answers the place behind it, or -1. As Joda time, it never tries another way. */
export type JodaStep = (text: string, at: number, into: JodaMoment) => number

/** Fields that are numbers. */
type NumberField = 'y' | 'M' | 'd' | 'D' | 'H' | 'k' | 'K' | 'h' | 'm' | 's'

/** More cannot be an `int` of Java. */
const intDigitsMax = 10
const intMax = 2 ** 31 - 1

/** Behind the digits that begin at a place, at most so many. */
function digitsEnd(text: string, at: number, digitsMax: number): number {
  const limit = Math.min(text.length, at + digitsMax)
  let end = at
  while (end < limit && isDigit(text, end)) end += 1
  return end
}

function isDigit(text: string, at: number): boolean {
  const code = text.charCodeAt(at)
  return code >= 0x30 && code <= 0x39
}

/** Digits, as many as there are up to a number of them. */
export function unsignedNumber(field: NumberField, digitsMax: number): JodaStep {
  return (text, at, into) => {
    const end = digitsEnd(text, at, digitsMax)
    if (end === at) return -1
    into[field] = Number(text.slice(at, end))
    return end
  }
}

/** A year, perhaps with a sign if it may have two digits. Whatever its digits are, they are the year: `24` is the year 24. */
export function wholeYear(digitsMax: number): JodaStep {
  return (text, at, into) => {
    const signed = digitsMax > 1 && (text[at] === '-' || text[at] === '+')
    const from = signed ? at + 1 : at
    const end = digitsEnd(text, from, digitsMax)
    if (end === from) return -1
    const year = Number(text.slice(from, end))
    into.y = text[at] === '-' ? -year : year
    return year > intMax ? -1 : end
  }
}

/** A year of the era: there is no year 0. */
export function yearOfEra(digitsMax: number): JodaStep {
  const read = unsignedNumber('y', digitsMax)
  return (text, at, into) => {
    const end = read(text, at, into)
    return end >= 0 && (into.y === 0 || into.y > intMax) ? -1 : end
  }
}

/**
 * Two digits are a year from 1970 to 2069.
 *
 * @param only nothing else is taken, as digits follow; otherwise other numbers are whole years
 */
export function twoDigitYear(only: boolean): JodaStep {
  const whole = wholeYear(intDigitsMax)
  return (text, at, into) => {
    const end = digitsEnd(text, at, only ? 2 : intDigitsMax)
    if (end !== at + 2) return only ? -1 : whole(text, at, into)
    into.y = ((Number(text.slice(at, end)) + 30) % 100) + 1970
    return end
  }
}

/** Digits behind the point of a second. */
export function fraction(digitsMax: number): JodaStep {
  return (text, at, into) => {
    const end = digitsEnd(text, at, digitsMax)
    if (end === at) return -1
    into.S = text.slice(at, end)
    return end
  }
}

/** One of some words, as it is, in small or in capital letters; the longest that is there. The first one is `first`. */
export function word(field: 'M' | 'E' | 'a', words: readonly string[], first: number): JodaStep {
  const values = new Map<string, number>()
  for (const [index, full] of words.entries()) {
    for (const each of [full.slice(0, 3), full]) {
      for (const text of [each, each.toLowerCase(), each.toUpperCase()]) values.set(text, first + index)
    }
  }
  const longest = [...values].toSorted(([one], [other]) => other.length - one.length)
  return (text, at, into) => {
    for (const [each, value] of longest) {
      if (!text.startsWith(each, at)) continue
      into[field] = value
      return at + each.length
    }
    return -1
  }
}

/** Behind an offset's hours, with colons. What begins has to be whole: a part of it is not left to what follows. */
const withColons = /:([0-5]\d)(?:(?!:)|:([0-5]\d)(?:(?![.,])|[.,](\d{1,3})))/
const without = /([0-5]\d)(?:(?!\d)|([0-5]\d)(?:(?!\d)|(\d{1,3})))/
const offsetPattern = new RegExp(
  `z|([+-])([01]\\d|2[0-3])(?:(?![:\\d])|${withColons.source}|${without.source})`,
  'iy',
)

/** `Z`, or a sign and hours, perhaps with minutes, seconds and milliseconds. */
export const offset: JodaStep = (text, at, into) => {
  offsetPattern.lastIndex = at
  const found = offsetPattern.exec(text)
  if (found === null) return -1
  const [, sign, hours = '0', ...rest] = found
  const [minutes = '0', seconds = '0', milliseconds = ''] = rest[0] === undefined ? rest.slice(3) : rest
  const whole = (Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)
  const ms = whole * 1000 + Number(milliseconds.padEnd(3, '0'))
  into.Z = sign === '-' ? -ms : ms
  return offsetPattern.lastIndex
}

/** Text, whatever its case. */
export function literal(wanted: string): JodaStep {
  const upper = wanted.toUpperCase()
  const lower = wanted.toLowerCase()
  return (text, at) => {
    const end = at + wanted.length
    const given = text.slice(at, end)
    return given === wanted || given.toUpperCase() === upper || given.toLowerCase() === lower ? end : -1
  }
}
