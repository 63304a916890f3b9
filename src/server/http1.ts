import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { TLSSocket } from 'node:tls'
import { isAmbiguous } from './ambiguous-headers.ts'
import type { AnswerBudget } from './answer-budget.ts'
import { writeParts } from './answer-body.ts'
import { ConnectionEnds } from './connection-ends.ts'
import type { Exchange, Exchanges } from './exchanges.ts'
import type { Http1Connections } from './http1-connections.ts'
import type { HttpAnswer, HttpHandler, HttpRequest } from './http-exchange.ts'
import type { HttpLimits } from './http-limits.ts'
import type { Receptions } from './receptions.ts'
import { BodyRefused } from './request-body.ts'
import { targetOf } from './request-target.ts'

/** HTTP/1.1: requests one after the other on a connection that stays. */
export function http1Server(answering: Answering, connections: Http1Connections, limits: HttpLimits): Server {
  const watchers = { ends: new ConnectionEnds(), connections }
  const server = createServer(
    {
      maxHeaderSize: limits.headerBytes,
      headersTimeout: limits.headersMs,
      requestTimeout: limits.requestMs,
      keepAliveTimeout: limits.idleMs,
      connectionsCheckingInterval: limits.checkMs,
      noDelay: true,
      requireHostHeader: true,
      insecureHTTPParser: false,
    },
    (request, response) => void serve(request, response, answering, watchers),
  )
  server.maxHeadersCount = limits.headers
  // A client that takes no answer; subscriptions have something to say every few seconds.
  server.timeout = limits.idleMs
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    const declared = lengthOf(request)
    // Whoever waits to be asked is told at once that it is too much.
    if (declared === undefined || declared <= answering.handler.bodyBytesMax) response.writeContinue()
    void serve(request, response, answering, watchers)
  })
  return server
}

/** What answers requests, whichever HTTP carries them. */
export interface Answering {
  readonly handler: HttpHandler
  readonly exchanges: Exchanges
  readonly receptions: Receptions
  readonly answers: AnswerBudget
}

/** Who is told how a connection fares. */
interface Watchers {
  readonly ends: ConnectionEnds
  readonly connections: Http1Connections
}

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  { handler, exchanges, receptions, answers }: Answering,
  { ends, connections }: Watchers,
): Promise<void> {
  if (isAmbiguous(request.rawHeaders)) {
    response.writeHead(400, { connection: 'close', 'content-length': 0 }).end()
    return
  }
  const exchange = exchanges.begin()
  const { socket } = request
  connections.begin(socket)
  ends.watch(socket, response, () => {
    if (!response.writableFinished) exchange.abandon()
    exchange.done()
    connections.done(socket)
  })
  // A connection that breaks is no error of ours; `close` follows.
  response.on('error', () => undefined)
  request.on('error', () => undefined)
  try {
    const answer = await receptions.receive(
      { source: request, declared: lengthOf(request), waiting: exchange },
      (body) => handler.answer(requestOf(request, body), exchange),
    )
    await send(answer, response, exchange, { exchanges, answers })
  } catch (error) {
    if (!(error instanceof BodyRefused) || response.headersSent) {
      response.destroy()
      return
    }
    // The rest of the body is not read: the connection has to go.
    response.writeHead(error.status, { connection: 'close', 'content-length': 0 }).end()
  }
}

function requestOf(request: IncomingMessage, body: Uint8Array): HttpRequest {
  const { path, query } = targetOf(request.url ?? '/')
  return {
    method: request.method ?? 'GET',
    path,
    query,
    headers: request.headers as Readonly<Record<string, string | undefined>>,
    body,
    version: '1.1',
    encrypted: (request.socket as Partial<TLSSocket>).encrypted === true,
  }
}

async function send(
  { status, headers, body, mayRest }: HttpAnswer,
  response: ServerResponse,
  exchange: Exchange,
  { exchanges, answers }: Pick<Answering, 'exchanges' | 'answers'>,
): Promise<void> {
  const last = exchanges.ending ? { connection: 'close' } : {}
  if (typeof body === 'string' || body instanceof Uint8Array) {
    response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body), ...last })
    answers.send(body, response, response.req.socket)
    return
  }
  exchange.stream()
  // Whose client has gone is found by TCP, which waits for what it sent last to arrive.
  if (mayRest === true) response.setTimeout(0)
  response.writeHead(status, { ...headers, ...last })
  response.flushHeaders()
  await writeParts(body, response)
}

function lengthOf({ headers }: IncomingMessage): number | undefined {
  const declared = headers['content-length']
  if (declared !== undefined) return Number(declared)
  return headers['transfer-encoding'] === undefined ? 0 : undefined
}
