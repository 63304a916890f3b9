import type { DateLetter, DatePiece } from './date-letters.ts'

type Parts = (offsetSeconds: number) => string

/** Two digits. */
const two = (value: number): string => String(value).padStart(2, '0')

function parts(offsetSeconds: number): { sign: string; hours: number; minutes: number; seconds: number } {
  const rest = Math.abs(offsetSeconds)
  return {
    sign: offsetSeconds < 0 ? '-' : '+',
    hours: Math.floor(rest / 3600),
    minutes: Math.floor(rest / 60) % 60,
    seconds: rest % 60,
  }
}

/** An offset with `zero` where it is none, which Java judges by the parts that are printed. */
function offset(zero: string, longest: number, text: Parts): DatePiece {
  const nothing = /^[+-][0:]*$/
  return {
    print: ({ offsetSeconds }) => {
      const printed = text(offsetSeconds)
      return nothing.test(printed) ? zero : printed
    },
    longest: Math.max(zero.length, longest),
  }
}

/** `+HH`, and the minutes if there are some. */
const shortHours: Parts = (seconds) => {
  const { sign, hours, minutes } = parts(seconds)
  return `${sign}${two(hours)}${minutes > 0 ? two(minutes) : ''}`
}

/** Hours and minutes, and the seconds if they are wanted and there are some. */
function hoursAndMinutes(colon: string, withSeconds: boolean): Parts {
  return (offsetSeconds) => {
    const { sign, hours, minutes, seconds } = parts(offsetSeconds)
    const last = withSeconds && seconds > 0 ? `${colon}${two(seconds)}` : ''
    return `${sign}${two(hours)}${colon}${two(minutes)}${last}`
  }
}

const offsets: readonly (readonly [zero: string, longest: number, text: Parts])[] = [
  ['+00', 5, shortHours],
  ['+0000', 5, hoursAndMinutes('', false)],
  ['+00:00', 6, hoursAndMinutes(':', false)],
  ['+0000', 7, hoursAndMinutes('', true)],
  ['+00:00', 9, hoursAndMinutes(':', true)],
]

/** `GMT+1`, or `GMT+01:00` for `full`. */
function greenwich(full: boolean): DatePiece {
  return offset('GMT', 12, (offsetSeconds) => {
    const { sign, hours, minutes, seconds } = parts(offsetSeconds)
    if (offsetSeconds === 0) return '+'
    const short = minutes > 0 || seconds > 0 ? `${hours}:${two(minutes)}` : String(hours)
    return `GMT${sign}${full ? `${two(hours)}:${two(minutes)}` : short}${seconds > 0 ? `:${two(seconds)}` : ''}`
  })
}

const letterX = (zero: string | undefined): DateLetter => ({
  most: offsets.length,
  piece: (count) => {
    const form = offsets[count - 1]
    return form && offset(zero ?? form[0], form[1], form[2])
  },
})

/** What Java calls a zone that is always UTC. */
function utcText(name: string, long: boolean): string {
  if (/GMT|Greenwich/i.test(name)) return long ? 'Greenwich Mean Time' : 'GMT'
  return long ? 'Coordinated Universal Time' : 'UTC'
}

/** Letters for zones. Names of zones in words are known for UTC only: Java has a table of its own for the others. */
export const zoneLetters: Readonly<Record<string, DateLetter>> = {
  V: {
    most: 2,
    piece: (count, { name }) =>
      count === 2 ? { print: (time) => time.zone, longest: name.length } : undefined,
  },
  X: letterX('Z'),
  x: letterX(undefined),
  Z: {
    most: 5,
    piece: (count) => {
      if (count === 4) return greenwich(true)
      return count === 5
        ? offset('Z', 9, hoursAndMinutes(':', true))
        : offset('+0000', 5, hoursAndMinutes('', false))
    },
  },
  O: { most: 4, piece: (count) => (count === 1 || count === 4 ? greenwich(count === 4) : undefined) },
  z: {
    most: 4,
    piece: (count, { name, isUtc }) => {
      const text = utcText(name, count === 4)
      return isUtc ? { print: () => text, longest: text.length } : undefined
    },
  },
}
