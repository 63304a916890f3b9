import type { HttpAnswer, HttpRequest } from '../../src/server/http-exchange.ts'
import type { Route } from '../../src/server/router.ts'

/** What the console's own page sends with every request. */
export const ownHeaders: Readonly<Record<string, string>> = {
  host: '127.0.0.1:4567',
  'x-millrace-console': '1',
  'sec-fetch-site': 'same-origin',
}

/** A request as it comes from a socket. */
export function request(method: string, target: string, more: Partial<HttpRequest> = {}): HttpRequest {
  const [path = '/', query = ''] = target.split('?')
  return {
    method,
    path,
    query,
    headers: ownHeaders,
    body: new Uint8Array(0),
    version: '1.1',
    encrypted: false,
    ...more,
  }
}

/** A POST of JSON as the page sends it, `headers` beside or instead of its own. */
export function post(target: string, body: unknown, headers: HttpRequest['headers'] = {}): HttpRequest {
  return request('POST', target, {
    headers: {
      ...ownHeaders,
      origin: 'http://127.0.0.1:4567',
      'content-type': 'application/json',
      ...headers,
    },
    body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
  })
}

/** The paths of a stream in the store's own account. */
export function pathOf(name: string, rest: string): string {
  return `/console/api/streams/000000000000/us-east-1/${name}/${rest}`
}

/** Asks a route; answers without a signal of their own never end by themselves. */
export async function ask(
  route: Route,
  asked: HttpRequest,
  signal = new AbortController().signal,
): Promise<HttpAnswer> {
  return route.answer(asked, signal)
}

/** The body of an answer that is complete, as JSON. */
export function jsonOf({ body }: HttpAnswer): unknown {
  if (typeof body !== 'string') throw new Error('no text')
  return JSON.parse(body)
}

/** One event of a stream of them. */
export interface PageEvent {
  readonly name: string
  // oxlint-disable-next-line typescript/no-explicit-any -- tests look into it as the page does
  readonly data: any
}

/** The events of an answer, one at a time. */
export class PageEvents {
  readonly #parts: AsyncIterator<Uint8Array>

  constructor({ status, body }: HttpAnswer) {
    if (status !== 200 || typeof body === 'string' || body instanceof Uint8Array)
      throw new Error(`no events: ${status}`)
    this.#parts = body[Symbol.asyncIterator]()
  }

  /** The next event; `undefined` at the end. Comments are passed over. */
  async next(): Promise<PageEvent | undefined> {
    for (;;) {
      const { done, value } = await this.#parts.next()
      if (done === true) return undefined
      const [, name, data] = /^event: (\w+)\ndata: (.*)\n\n$/.exec(Buffer.from(value).toString()) ?? []
      if (name !== undefined && data !== undefined) return { name, data: JSON.parse(data) }
    }
  }

  /** The next event of this name. */
  async nextOf(wanted: string): Promise<PageEvent> {
    for (;;) {
      const event = await this.next()
      if (event === undefined) throw new Error(`ended before ${wanted}`)
      if (event.name === wanted) return event
    }
  }

  async return(): Promise<void> {
    await this.#parts.return?.()
  }
}
