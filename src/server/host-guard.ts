import type { Waiting } from '../aws/wire/waiting.ts'
import { isIP } from 'node:net'
import { type HttpAnswer, type HttpHandler, type HttpRequest, textAnswer } from './http-exchange.ts'
import { isLoopbackAddress } from './loopback.ts'

/** What names a server without credentials goes by. */
export interface OwnNames {
  /** What it was told to listen on. */
  readonly host: string
  /** Others that it was told of, in lower case. `*` stands for every name. */
  readonly allowedHosts: readonly string[]
  /** Whether it listens on this machine only. */
  readonly loopback: boolean
}

/** What `Host` may be: a name or an address, and a port. What else a URL can have is read in more than one way. */
const hostGrammar = /^(?:[\w.-]+|\[[\da-f]*:[\da-f:.]*(?:%[\w.-]+)?\])(?::\d{0,5})?$/i

/**
 * Keeps web pages off a server without credentials. A page that somebody on this machine looks at can send requests to
 * any address, also to 127.0.0.1, and can point a name of its own at it; where no signature is asked for, only the
 * browser's word for where a page comes from (`Origin`) and for what it believes to talk to (`Host`) tells. Programs say
 * neither or the truth. What listens to other machines goes by names that it does not know; those are believed of calls of
 * AWS's clients only, which no page can make without an `Origin`.
 */
export class HostGuard implements HttpHandler {
  readonly #inner: HttpHandler
  readonly #names: OwnNames
  /** The last `Host` that was fine: it rarely is another one. */
  #lastHost: string | undefined

  constructor(inner: HttpHandler, names: OwnNames) {
    this.#inner = inner
    this.#names = names
  }

  get bodyBytesMax(): number {
    return this.#inner.bodyBytesMax
  }

  answer(request: HttpRequest, waiting: Waiting): Promise<HttpAnswer> {
    const refusal = this.#refusalOf(request)
    return refusal === undefined ? this.#inner.answer(request, waiting) : Promise.resolve(refusal)
  }

  #refusalOf(request: HttpRequest): HttpAnswer | undefined {
    const { headers } = request
    const { origin } = headers
    const host = headers[':authority'] ?? headers['host']
    const asksHost = this.#names.loopback || !isProgram(request)
    if (asksHost && host !== undefined && host !== this.#lastHost) {
      if (!hostGrammar.test(host) || !this.#isOwn(nameIn(host)))
        return refused(`the host ${quoted(host)} is not allowed`)
      this.#lastHost = host
    }
    if (origin === undefined || this.#mayCall(origin, host)) return undefined
    return refused(`pages of ${quoted(origin)} are not allowed`)
  }

  /** Whether no stranger can have pointed this name here. */
  #isOwn(name: string): boolean {
    if (isIP(name) !== 0 || this.#isListed(name)) return true
    // The public name system has no names without a dot, and none that end so (RFC 6761, RFC 6762, ICANN on .internal).
    return name !== '' && (!name.includes('.') || /\.(localhost|local|internal|test)$/.test(name))
  }

  #isListed(name: string): boolean {
    const { host, allowedHosts } = this.#names
    return name === host.toLowerCase() || allowedHosts.includes(name) || allowedHosts.includes('*')
  }

  /** Pages of this machine, of this server, and those that it was told of. */
  #mayCall(origin: string, host: string | undefined): boolean {
    const [, from] = /^https?:\/\/([^/?#@]+)$/i.exec(origin) ?? []
    if (from === undefined) return this.#names.allowedHosts.includes('*')
    if (from.toLowerCase() === host?.toLowerCase()) return true
    const name = nameIn(from)
    return isLoopbackName(name) || this.#isListed(name)
  }
}

/**
 * Whether no browser sends this: a `POST` without `Origin`, nor anything about where it was begun (`Sec-Fetch-Site` and its
 * like). A `GET` of a page's own server has no `Origin`.
 */
function isProgram({ method, path, headers }: HttpRequest): boolean {
  if (method !== 'POST' || path !== '/' || headers['origin'] !== undefined) return false
  for (const name in headers) if (name.startsWith('sec-fetch-')) return false
  return true
}

function isLoopbackName(name: string): boolean {
  return name === 'localhost' || name.endsWith('.localhost') || isLoopbackAddress(name)
}

/** The name in `name:port`, without the brackets of IPv6, in lower case. */
function nameIn(authority: string): string {
  return authority
    .toLowerCase()
    .replace(/:\d*$/, '')
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/\.$/, '')
}

function refused(why: string): HttpAnswer {
  return textAnswer(
    403,
    `millrace: ${why}: this server has no credentials. --allow-host names further hosts, --credentials asks for signatures.\n`,
  )
}

function quoted(text: string): string {
  return JSON.stringify(text.slice(0, 128))
}
