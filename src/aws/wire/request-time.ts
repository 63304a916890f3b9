import { minuteMs } from '../../units.ts'
import type { WireRequest } from './exchange.ts'
import { Fault } from './fault.ts'

/** How far the client's clock may be off (AWS IAM User Guide). */
const skewMaxMs: number = 15 * minuteMs

/** When a request was signed. */
export interface RequestTime {
  /** As in credential scopes: `YYYYMMDD`. */
  readonly date: string
  /** As in strings to sign: `YYYYMMDDTHHMMSSZ`. */
  readonly text: string
  readonly ms: number
}

/**
 * When a request says that it was signed: `X-Amz-Date`, or else `Date` of either format.
 *
 * @throws `IncompleteSignatureException` if that is no time
 */
export function requestTimeOf({ headers }: WireRequest): RequestTime {
  const header = headers['x-amz-date'] ?? headers['date'] ?? ''
  const ms = basicTime(header) ?? (headers['x-amz-date'] === undefined ? httpTime(header) : undefined)
  if (ms === undefined) {
    const got = header.slice(0, 128)
    throw new Fault(
      'IncompleteSignatureException',
      `Date must be in ISO-8601 'basic format'. Got '${got}'. See http://en.wikipedia.org/wiki/ISO_8601`,
    )
  }
  const text = basicText(ms)
  return { date: text.slice(0, 8), text, ms }
}

/** @throws `InvalidSignatureException` for what was signed too long ago, or is not signed yet */
export function requireNow({ ms, text }: RequestTime, nowMs: number): void {
  const now = basicText(nowMs)
  if (nowMs - ms > skewMaxMs) {
    const earliest = basicText(nowMs - skewMaxMs)
    throw new Fault(
      'InvalidSignatureException',
      `Signature expired: ${text} is now earlier than ${earliest} (${now} - 15 min.)`,
    )
  }
  if (ms - nowMs > skewMaxMs) {
    const latest = basicText(nowMs + skewMaxMs)
    throw new Fault(
      'InvalidSignatureException',
      `Signature not yet current: ${text} is still later than ${latest} (${now} + 15 min.)`,
    )
  }
}

function basicTime(text: string): number | undefined {
  const [, year, month, day, hour, minute, second] =
    /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text) ?? []
  if (second === undefined) return undefined
  const ms = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`)
  return Number.isNaN(ms) ? undefined : ms
}

/** Such as `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110). */
function httpTime(text: string): number | undefined {
  if (!/^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/.test(text)) return undefined
  const ms = Date.parse(text)
  return Number.isNaN(ms) ? undefined : ms
}

function basicText(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`
}
