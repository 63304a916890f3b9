import {
  constants,
  createServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2'
import type { Duplex } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import type { Clock } from '../clock.ts'
import { MiB } from '../units.ts'
import { isAmbiguous } from './ambiguous-headers.ts'
import { leaveUnread, writeParts } from './answer-body.ts'
import type { Exchange } from './exchanges.ts'
import type { HttpAnswer, HttpRequest } from './http-exchange.ts'
import type { Answering } from './http1.ts'
import type { HttpLimits } from './http-limits.ts'
import { BodyRefused } from './request-body.ts'
import { targetOf } from './request-target.ts'
import { endBetweenFrames, endSoon, watchSession } from './session-watch.ts'

/** HTTP/2: many requests at once on a connection, or, as the SDK's Kinesis client has it, one connection for each. */
export class Http2Endpoint {
  readonly #answering: Answering
  readonly #limits: HttpLimits
  readonly #clock: Clock
  readonly #server: Http2Server
  readonly #sessions: Map<ServerHttp2Session, Duplex> = new Map()
  #closed: (() => void)[] = []

  constructor(answering: Answering, limits: HttpLimits, clock: Clock) {
    this.#answering = answering
    this.#limits = limits
    this.#clock = clock
    this.#server = createServer({
      maxSessionMemory: Math.ceil(limits.sessionBytes / MiB),
      maxHeaderListPairs: limits.headers,
      settings: {
        maxConcurrentStreams: limits.streams,
        maxHeaderListSize: limits.headerBytes,
        initialWindowSize: MiB,
        enablePush: false,
      },
    })
    // Node hands on more than its types say.
    type Begun = [ServerHttp2Stream, headers: IncomingHttpHeaders, flags: number, raw?: readonly string[]]
    this.#server.on('stream', (...[stream, headers, flags, raw = []]: Begun) => {
      if (isAmbiguous(raw)) refuse(stream)
      else void this.#serve(stream, headers, lengthOf(headers, flags))
    })
    // A broken session takes its streams along, each of which is told.
    this.#server.on('sessionError', () => undefined)
  }

  /** Takes over a connection whose first bytes were those of HTTP/2. */
  accept(socket: Duplex): void {
    // The session that is made of it shows no socket that could be destroyed.
    const watch = (session: ServerHttp2Session): void => this.#watch(session, socket)
    this.#server.once('session', watch)
    this.#server.emit('connection', socket)
    this.#server.off('session', watch)
  }

  get sessions(): number {
    return this.#sessions.size
  }

  /** Takes no new requests; each session ends with the last of those that it has. */
  end(): void {
    for (const session of this.#sessions.keys()) session.close()
  }

  /** Fulfils when no session is left. */
  async closed(): Promise<void> {
    if (this.#sessions.size > 0) await new Promise<void>((resolve) => this.#closed.push(resolve))
  }

  /** Cuts every session off. */
  destroy(): void {
    for (const session of this.#sessions.keys()) session.destroy()
  }

  #watch(session: ServerHttp2Session, socket: Duplex): void {
    this.#sessions.set(session, socket)
    session.once('close', () => {
      this.#sessions.delete(session)
      if (this.#sessions.size === 0) for (const closed of this.#closed.splice(0)) closed()
      endSoon(socket, this.#limits, this.#clock)
    })
    endBetweenFrames(session)
    watchSession(session, this.#limits, this.#clock)
    if (this.#answering.exchanges.ending) session.close()
  }

  async #serve(
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
    declared: number | undefined,
  ): Promise<void> {
    const { handler, exchanges, receptions } = this.#answering
    const exchange = exchanges.begin()
    stream.once('close', () => {
      // Node ends what is written when the client resets the stream: it would look finished.
      if (stream.aborted || stream.rstCode !== 0 || !stream.writableFinished) exchange.abandon()
      exchange.done()
    })
    stream.on('error', () => undefined)
    try {
      const cut = (): void => stream.close(constants.NGHTTP2_CANCEL)
      const answer = await receptions.receive({ source: stream, declared, waiting: exchange, cut }, (body) =>
        handler.answer(requestOf(stream, headers, body), exchange),
      )
      this.#send(answer, stream, exchange)
    } catch (error) {
      if (stream.destroyed) return
      if (!(error instanceof BodyRefused) || stream.headersSent) {
        stream.close(constants.NGHTTP2_INTERNAL_ERROR)
        return
      }
      // The rest of the body is not wanted; what is on its way is let go.
      stream.resume()
      stream.respond({ ':status': error.status, 'content-length': 0 })
      stream.end(() => stream.close(constants.NGHTTP2_NO_ERROR))
    }
  }

  #send({ status, headers, body }: HttpAnswer, stream: ServerHttp2Stream, exchange: Exchange): void {
    const { session } = stream
    const socket = session && this.#sessions.get(session as ServerHttp2Session)
    if (stream.destroyed || socket === undefined) {
      leaveUnread(body)
      return
    }
    if (typeof body === 'string' || body instanceof Uint8Array) {
      stream.respond({ ':status': status, ...headers, 'content-length': Buffer.byteLength(body) })
      this.#answering.answers.send(body, stream, socket)
      return
    }
    exchange.stream()
    stream.respond({ ':status': status, ...headers })
    void writeParts(body, stream).catch(() => stream.close(constants.NGHTTP2_INTERNAL_ERROR))
  }
}

function refuse(stream: ServerHttp2Stream): void {
  stream.on('error', () => undefined)
  stream.resume()
  stream.respond({ ':status': 400, 'content-length': 0 })
  stream.end(() => stream.close(constants.NGHTTP2_NO_ERROR))
}

function lengthOf(headers: IncomingHttpHeaders, flags: number): number | undefined {
  if ((flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0) return 0
  const declared = headers['content-length']
  return declared === undefined ? undefined : Number(declared)
}

function requestOf(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, body: Uint8Array): HttpRequest {
  const { path, query } = targetOf(headers[':path'] ?? '/')
  return {
    method: headers[':method'] ?? 'GET',
    path,
    query,
    headers: headers as Readonly<Record<string, string | undefined>>,
    body,
    version: '2',
    encrypted: (stream.session?.socket as Partial<TLSSocket> | undefined)?.encrypted === true,
  }
}
