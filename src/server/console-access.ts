import type { HttpAnswer, HttpRequest } from './http-exchange.ts'

/** What somebody wants with a stream; `any` is to see that it is there, and what it is. */
export type ConsoleRight = 'any' | 'read' | 'write' | 'admin'

/** Which stream. */
export interface ConsoleTarget {
  readonly account: string
  readonly region: string
  readonly name: string
}

/** Somebody whom the server knows. */
export interface ConsoleCaller {
  /** Twelve digits; `undefined`: the store's. */
  readonly account: string | undefined
  /** When he is not known any more, milliseconds since 1970; `Infinity`: never. */
  readonly expiresAtMs: number
  readonly policy: { allows(right: ConsoleRight, streamName: string): boolean }
}

/**
 * Whoever makes a request, or the answer that turns him away; `undefined` where nobody is asked who he is, and everybody may
 * do everything.
 */
export type ConsoleDoor = (request: HttpRequest) => ConsoleCaller | HttpAnswer | undefined

/** The door of a server without credentials. */
export const openDoor: ConsoleDoor = () => undefined

/** What a visitor of the console may do. */
export interface ConsoleVisitor {
  /** Whose streams he makes. */
  readonly account: string
  may(right: ConsoleRight, target: ConsoleTarget): boolean
}

/**
 * A caller as a visitor of the console: he finds his account there, as with the services, and of it what his policy allows.
 *
 * @param ownAccount of the store
 */
export function visitorOf(caller: ConsoleCaller | undefined, ownAccount: string): ConsoleVisitor {
  if (caller === undefined) return { account: ownAccount, may: () => true }
  const { policy, account = ownAccount } = caller
  return { account, may: (right, target) => target.account === account && policy.allows(right, target.name) }
}

/** The header that the console's own requests carry: a page of another origin cannot send it without being asked. */
export const consoleHeader = 'x-millrace-console'

/**
 * Why a request for the console's data is not one of its own page, in words; `undefined` if it is. Browsers say where
 * a request comes from, and no page of another origin can set the header.
 */
export function foreignRequest({ method, headers }: HttpRequest): string | undefined {
  if (headers[consoleHeader] === undefined) return `the header ${consoleHeader} is missing`
  const site = headers['sec-fetch-site']
  if (site !== undefined && site !== 'same-origin') return 'the request comes from another site'
  const { origin } = headers
  if (origin !== undefined && hostOfOrigin(origin) !== hostOf(headers)) {
    return 'the request comes from another origin'
  }
  if (method === 'POST' && !/^application\/json\s*(;|$)/i.test(headers['content-type'] ?? '')) {
    return 'the body must be application/json'
  }
  return undefined
}

function hostOf(headers: HttpRequest['headers']): string {
  return (headers[':authority'] ?? headers['host'] ?? '').toLowerCase()
}

function hostOfOrigin(origin: string): string | undefined {
  return /^https?:\/\/([^/]+)$/i.exec(origin)?.[1]?.toLowerCase()
}
