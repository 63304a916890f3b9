import { invalidArgument } from '../../errors.ts'

/** A moment as a clock and a calendar on the wall of some zone show it. */
export interface ZonedTime {
  /** As the zone was given, such as `Europe/Vienna`. */
  readonly zone: string
  readonly year: number
  /** 1 to 12. */
  readonly month: number
  /** 1 to 31. */
  readonly day: number
  readonly hour: number
  readonly minute: number
  readonly second: number
  readonly millisecond: number
  /** East of Greenwich. */
  readonly offsetSeconds: number
  /** 1 to 366. */
  readonly dayOfYear: number
  /** 0 is Sunday. */
  readonly weekday: number
  /** Days since 1970. */
  readonly epochDay: number
}

const dayMs = 86_400_000

/** Names of UTC, and of Greenwich's time without its summers (IANA's file `etcetera` and what links to it). */
const utcNames = /^(?:Etc\/)?(?:UTC|UCT|Universal|Zulu|Greenwich|GMT|GMT[+-]?0)$/i

/** One zone of the IANA's data base, with the rules that the runtime has of it. */
export class TimeZone {
  readonly name: string
  /** Undefined for zones that are always UTC: to make the first one of a process takes 30 ms. */
  readonly #format: Intl.DateTimeFormat | undefined

  /** @throws `ERR_MILLRACE_INVALID_ARGUMENT` for what is no zone, under the name of `field` */
  constructor(field: string, name: string) {
    this.name = name
    if (typeof name === 'string' && utcNames.test(name)) return
    this.#format = formatOf(name)
    if (this.#format !== undefined) return
    throw invalidArgument(field, name, 'a time zone of the IANA, such as Europe/Vienna')
  }

  /** Whether it never differs from UTC. */
  get isUtc(): boolean {
    return this.#format === undefined
  }

  /** @param ms milliseconds since 1970 */
  at(ms: number): ZonedTime {
    const offsetSeconds = this.#format === undefined ? 0 : offsetOf(this.#format, ms)
    const local = new Date(ms + offsetSeconds * 1000)
    const year = local.getUTCFullYear()
    const epochDay = Math.floor(local.getTime() / dayMs)
    return {
      zone: this.name,
      year,
      month: local.getUTCMonth() + 1,
      day: local.getUTCDate(),
      hour: local.getUTCHours(),
      minute: local.getUTCMinutes(),
      second: local.getUTCSeconds(),
      millisecond: local.getUTCMilliseconds(),
      offsetSeconds,
      dayOfYear: epochDay - Math.floor(Date.UTC(year, 0, 1) / dayMs) + 1,
      weekday: local.getUTCDay(),
      epochDay,
    }
  }
}

/** Names have letters first: what begins with a sign is an offset, which is no zone. */
const namePattern = /^[A-Za-z][A-Za-z0-9_+/-]*$/

function formatOf(name: unknown): Intl.DateTimeFormat | undefined {
  if (typeof name !== 'string' || !namePattern.test(name)) return undefined
  try {
    return new Intl.DateTimeFormat('en-US-u-ca-gregory-nu-latn', {
      timeZone: name,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    })
  } catch {
    return undefined // a RangeError: no such zone
  }
}

function offsetOf(format: Intl.DateTimeFormat, ms: number): number {
  const parts: Partial<Record<Intl.DateTimeFormatPartTypes, number>> = {}
  for (const { type, value } of format.formatToParts(ms)) parts[type] = Number(value)
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts
  return (Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(ms / 1000) * 1000) / 1000
}
