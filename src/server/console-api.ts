import { MillraceError } from '../errors.ts'
import { streamId } from '../meta/state.ts'
import { insideOf, type Store } from '../streams/store.ts'
import type { Account } from '../streams/account.ts'
import { actionBody, consoleActions } from './console-actions.ts'
import type { ConsoleRight, ConsoleTarget, ConsoleVisitor } from './console-access.ts'
import { ConsoleFeed } from './console-feed.ts'
import { bufferOf } from './console-record.ts'
import { consoleTail, failureOf } from './console-tail.ts'
import { storeEvents, streamEvents } from './console-views.ts'
import type { HttpAnswer, HttpRequest } from './http-exchange.ts'
import { eventStream } from './server-sent-events.ts'

/** Streams of events at once, all pages together. */
export const eventStreamsMax = 64

/** A request for one stream: which, and what of it. */
interface StreamRequest {
  readonly target: ConsoleTarget
  readonly what: string
  readonly query: URLSearchParams
}

/** What the console's page asks for, of the streams of all accounts and regions. */
export class ConsoleApi {
  readonly #store: Store
  readonly #feed: ConsoleFeed
  readonly #headers: HttpAnswer['headers']
  #eventStreams = 0

  /** @param headers that every answer gets */
  constructor(store: Store, headers: HttpAnswer['headers']) {
    this.#store = store
    this.#feed = new ConsoleFeed(store)
    this.#headers = { ...headers, 'cache-control': 'no-store' }
  }

  /** Streams of events that are being sent. */
  get eventStreams(): number {
    return this.#eventStreams
  }

  /**
   * Answers a request of somebody who was let in. Never rejects.
   *
   * @param path below `/console/api`, beginning with a slash
   */
  async answer(
    request: HttpRequest,
    path: string,
    visitor: ConsoleVisitor,
    signal: AbortSignal,
  ): Promise<HttpAnswer> {
    try {
      return await this.#answer(request, path, visitor, signal)
    } catch (error) {
      return this.#json(statusOf(error), failureOf(error))
    }
  }

  #answer(
    request: HttpRequest,
    path: string,
    visitor: ConsoleVisitor,
    signal: AbortSignal,
  ): HttpAnswer | Promise<HttpAnswer> {
    const { method, query } = request
    if (method !== 'GET' && method !== 'POST') {
      return this.#json(405, { code: 'METHOD', message: 'GET and POST only' }, { allow: 'GET, POST' })
    }
    if (path === '/session' && method === 'GET') return this.#session(visitor)
    if (path === '/events' && method === 'GET') {
      return this.#events(signal, (ends) => storeEvents(this.#feed, visitor, ends))
    }
    const [, account = '', region = '', name = '', what = '', rest] =
      /^\/streams\/(\d{12})\/([a-z0-9-]{1,64})\/([a-zA-Z0-9_.-]{1,128})\/([a-z-]+)(?:\/(\d{1,200}))?$/.exec(
        path,
      ) ?? []
    if (name === '') return this.#json(404, { code: 'PATH', message: 'there is nothing here' })
    const asked = { target: { account, region, name }, what, query: new URLSearchParams(query) }
    return method === 'POST'
      ? this.#act(asked, request.body, visitor)
      : this.#read(asked, rest, visitor, signal)
  }

  /** What a new stream is proposed to be in. */
  #session({ account }: ConsoleVisitor): HttpAnswer {
    return this.#json(200, { account, region: this.#store.account.region })
  }

  async #act(
    { target, what }: StreamRequest,
    body: Uint8Array,
    visitor: ConsoleVisitor,
  ): Promise<HttpAnswer> {
    const action = Object.hasOwn(consoleActions, what) ? consoleActions[what] : undefined
    if (action === undefined) return this.#json(404, { code: 'PATH', message: 'there is no such action' })
    const refusal = this.#refusal(visitor, action.right, target)
    if (refusal !== undefined) return refusal
    return this.#json(200, await action.act(this.#account(target), target, actionBody(what, action, body)))
  }

  #read(
    { target, what, query }: StreamRequest,
    rest: string | undefined,
    visitor: ConsoleVisitor,
    signal: AbortSignal,
  ): HttpAnswer | Promise<HttpAnswer> {
    const refusal = this.#refusal(visitor, what === 'events' ? 'any' : 'read', target)
    if (refusal !== undefined) return refusal
    const stream = this.#account(target).stream(target.name)
    if (what === 'record' && rest !== undefined) return this.#record(stream.get(rest))
    if (what === 'events') {
      return this.#events(signal, (ends) => streamEvents(this.#feed, streamId(target), ends))
    }
    if (what === 'tail') {
      const { clock } = insideOf(this.#store)
      return this.#events(signal, (ends) => consoleTail(stream, query, clock, ends))
    }
    return this.#json(404, { code: 'PATH', message: 'there is nothing here' })
  }

  /** The payload as it is, for the page to show; nothing that a browser would open. */
  async #record(found: Promise<{ readonly bytes: Uint8Array } | undefined>): Promise<HttpAnswer> {
    const record = await found
    if (record === undefined)
      return this.#json(404, { code: 'RECORD', message: 'the record is not there any more' })
    return {
      status: 200,
      headers: {
        ...this.#headers,
        'content-type': 'application/octet-stream',
        'content-disposition': 'attachment; filename="record.bin"',
      },
      body: bufferOf(record.bytes),
    }
  }

  /** Events, until they end, the page goes, or the server does. */
  #events(signal: AbortSignal, make: (signal: AbortSignal) => AsyncIterable<Uint8Array>): HttpAnswer {
    if (this.#eventStreams >= eventStreamsMax) {
      const message = `${eventStreamsMax} views are open already: close some`
      return this.#json(503, { code: 'VIEWS', message }, { 'retry-after': '5' })
    }
    const events = make(signal)
    this.#eventStreams += 1
    return eventStream(this.#counted(events, signal), this.#headers)
  }

  /** The events, counted out when they end or, if nobody ever takes one, with the signal. */
  #counted(events: AsyncIterable<Uint8Array>, signal: AbortSignal): AsyncIterable<Uint8Array> {
    let counted = true
    const release = (): void => {
      signal.removeEventListener('abort', release)
      if (counted) this.#eventStreams -= 1
      counted = false
    }
    if (signal.aborted) release()
    else signal.addEventListener('abort', release, { once: true })
    return (async function* () {
      try {
        yield* events
      } finally {
        release()
      }
    })()
  }

  #refusal(visitor: ConsoleVisitor, right: ConsoleRight, target: ConsoleTarget): HttpAnswer | undefined {
    if (visitor.may(right, target)) return undefined
    const message = `this credential may not ${verbs[right]} ${target.name}`
    return this.#json(403, { code: 'DENIED', message })
  }

  #account({ account, region }: ConsoleTarget): Account {
    return this.#store.within({ account, region })
  }

  #json(status: number, value: unknown, headers: HttpAnswer['headers'] = {}): HttpAnswer {
    return {
      status,
      headers: { ...this.#headers, ...headers, 'content-type': 'application/json; charset=utf-8' },
      body: JSON.stringify(value),
    }
  }
}

/** What each right is called in a message. */
const verbs: Readonly<Record<ConsoleRight, string>> = {
  any: 'see',
  read: 'read records of',
  write: 'put records into',
  admin: 'change',
}

/** Errors that are not the fault of the request as such. */
const statuses: Readonly<Record<string, number>> = {
  ERR_MILLRACE_STREAM_NOT_FOUND: 404,
  ERR_MILLRACE_SHARD_NOT_FOUND: 404,
  ERR_MILLRACE_STREAM_EXISTS: 409,
  ERR_MILLRACE_STREAM_NOT_ACTIVE: 409,
  ERR_MILLRACE_STREAM_IN_USE: 409,
  ERR_MILLRACE_SHARD_SEALED: 409,
  ERR_MILLRACE_LIMIT_EXCEEDED: 409,
  ERR_MILLRACE_READ_ONLY: 403,
  ERR_MILLRACE_THROTTLED: 429,
  ERR_MILLRACE_BACKLOG: 429,
  ERR_MILLRACE_CLOSED: 503,
  ERR_MILLRACE_NO_SPACE: 507,
  ERR_MILLRACE_CORRUPT: 500,
  ERR_MILLRACE_IO: 500,
  ERR_MILLRACE_POISONED: 500,
}

function statusOf(error: unknown): number {
  return error instanceof MillraceError ? (statuses[error.code] ?? 400) : 500
}
