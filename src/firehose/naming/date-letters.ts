/**
 * What each letter of a pattern of Java's `DateTimeFormatter` prints, as Java 17 does in the locale en-US: texts are
 * English, weeks begin on Sunday, and the first one of a year is the one that has its first of January.
 */
import { zoneLetters } from './zone-letters.ts'
import type { ZonedTime } from './zoned-time.ts'

/** Prints one part of a date. */
export interface DatePiece {
  print(time: ZonedTime): string
  /** Characters at most, up to the year 9999. */
  readonly longest: number
}

/** A letter: how often it may stand in a row, and what it prints then. */
export interface DateLetter {
  readonly most: number
  /** Undefined for a count that means nothing to Java. `zone` is what the pattern will be printed in. */
  piece(count: number, zone: { readonly name: string; readonly isUtc: boolean }): DatePiece | undefined
}

const monthNames =
  'January February March April May June July August September October November December'.split(' ')
const dayNames = 'Sunday Monday Tuesday Wednesday Thursday Friday Saturday'.split(' ')
const ordinals = ['1st', '2nd', '3rd', '4th']

/** Java prints no number with more digits than this on demand. */
const digitsMax = 19

/** A number, padded with zeros to as many digits as there are letters. */
function number(most: number, longest: number, of: (time: ZonedTime) => number): DateLetter {
  return {
    most,
    piece: (count) => ({
      print: (time) => String(of(time)).padStart(count, '0'),
      longest: Math.max(count, longest),
    }),
  }
}

/** A year: two letters are its last two digits, and four or more have a sign before what is longer than they. */
function years(of: (time: ZonedTime) => number): DateLetter {
  return {
    most: digitsMax,
    piece: (count) => ({
      print: (time) => yearText(of(time), count),
      longest: count === 2 ? 2 : Math.max(count, 4),
    }),
  }
}

function yearText(year: number, count: number): string {
  if (count === 2) return String(year % 100).padStart(2, '0')
  const text = String(year).padStart(count, '0')
  return count >= 4 && text.length > count ? `+${text}` : text
}

/** Words: one list for each count of letters, from 1. A hole is a count that the letter does not have. */
function texts(
  of: (time: ZonedTime) => number,
  byCount: readonly (readonly string[] | undefined)[],
): DateLetter {
  return {
    most: byCount.length,
    piece: (count) => {
      const words = byCount[count - 1]
      return (
        words && {
          print: (time) => words[of(time)] ?? '',
          longest: Math.max(...words.map((word) => word.length)),
        }
      )
    },
  }
}

/** One or two letters are one letter's numbers, more are words. */
function numberOrTexts(numbers: DateLetter, words: DateLetter): DateLetter {
  return {
    most: words.most,
    piece: (count, zone) => (count <= numbers.most ? numbers : words).piece(count, zone),
  }
}

const shortened = (words: readonly string[]): string[] => words.map((word) => word.slice(0, 3))
const initials = (words: readonly string[]): string[] => words.map((word) => word.slice(0, 1))

const quarterOf = (time: ZonedTime): number => Math.ceil(time.month / 3)
const quarters = numberOrTexts(
  number(2, 1, quarterOf),
  texts(
    (time) => quarterOf(time) - 1,
    [
      undefined,
      undefined,
      ordinals.map((_, index) => `Q${index + 1}`),
      ordinals.map((ordinal) => `${ordinal} quarter`),
      ordinals.map((_, index) => String(index + 1)),
    ],
  ),
)

const months = numberOrTexts(
  number(2, 2, (time) => time.month),
  texts(
    (time) => time.month - 1,
    [undefined, undefined, shortened(monthNames), monthNames, initials(monthNames)],
  ),
)

const weekdayWords = [shortened(dayNames), dayNames, initials(dayNames)]
const weekdays = texts((time) => time.weekday, [undefined, undefined, ...weekdayWords])
/** Sunday is 1. */
const weekdayNumber = (time: ZonedTime): number => time.weekday + 1

/** The week, counted from 1, of a day that is the `ordinal`th of a month or a year; Sundays begin weeks. */
function weekOf(ordinal: number, weekday: number): number {
  const firstWeekday = (((weekday - ordinal + 1) % 7) + 7) % 7
  return Math.floor((ordinal - 1 + firstWeekday) / 7) + 1
}

/** Whether the week of a day reaches into the next year, and so belongs to it. */
function inNextYear(time: ZonedTime): boolean {
  return time.month === 12 && time.day + (6 - time.weekday) > 31
}

const millisecondOfDay = (time: ZonedTime): number =>
  ((time.hour * 60 + time.minute) * 60 + time.second) * 1000 + time.millisecond

/** Nanoseconds of a day lie below 2^47, so they are exact. */
const nanosecondsPerMillisecond = 1_000_000

/** What Java calls the modified Julian day, of 1970-01-01. */
const julianDayOf1970 = 40_587

const letters: Readonly<Record<string, DateLetter>> = {
  G: texts(() => 0, [['AD'], ['AD'], ['AD'], ['Anno Domini'], ['A']]),
  u: years((time) => time.year),
  y: years((time) => time.year),
  Y: years((time) => time.year + (inNextYear(time) ? 1 : 0)),
  Q: quarters,
  q: quarters,
  M: months,
  L: months,
  w: number(2, 2, (time) => (inNextYear(time) ? 1 : weekOf(time.dayOfYear, time.weekday))),
  W: number(1, 1, (time) => weekOf(time.day, time.weekday)),
  D: number(3, 3, (time) => time.dayOfYear),
  d: number(2, 2, (time) => time.day),
  F: number(1, 1, (time) => ((time.day - 1) % 7) + 1),
  g: number(digitsMax, 7, (time) => time.epochDay + julianDayOf1970),
  E: texts((time) => time.weekday, [shortened(dayNames), shortened(dayNames), ...weekdayWords]),
  e: numberOrTexts(number(2, 1, weekdayNumber), weekdays),
  c: {
    most: 5,
    piece: (count, zone) => (count === 1 ? number(1, 1, weekdayNumber) : weekdays).piece(count, zone),
  },
  a: texts((time) => (time.hour < 12 ? 0 : 1), [['AM', 'PM']]),
  H: number(2, 2, (time) => time.hour),
  k: number(2, 2, (time) => time.hour || 24),
  K: number(2, 2, (time) => time.hour % 12),
  h: number(2, 2, (time) => time.hour % 12 || 12),
  m: number(2, 2, (time) => time.minute),
  s: number(2, 2, (time) => time.second),
  S: {
    most: 9,
    piece: (count) => ({
      print: (time) => String(time.millisecond).padStart(3, '0').padEnd(9, '0').slice(0, count),
      longest: count,
    }),
  },
  A: number(digitsMax, 8, millisecondOfDay),
  n: number(digitsMax, 9, (time) => time.millisecond * nanosecondsPerMillisecond),
  N: number(digitsMax, 14, (time) => millisecondOfDay(time) * nanosecondsPerMillisecond),
  ...zoneLetters,
}

/** Undefined for a letter that means nothing. */
export function dateLetter(letter: string): DateLetter | undefined {
  return Object.hasOwn(letters, letter) ? letters[letter] : undefined
}
