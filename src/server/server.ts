import { awsEndpoint } from '../aws/endpoint.ts'
import { SignatureAuthority } from '../aws/wire/signature-authority.ts'
import { afterHolding, type Clock, systemClock } from '../clock.ts'
import { invalidArgument } from '../errors.ts'
import { Store } from '../streams/store.ts'
import { refusalOf, requireCredential } from './basic-credential.ts'
import { AnswerBudget } from './answer-budget.ts'
import { AnswerGate } from './answer-gate.ts'
import { AwsServices } from './aws-services.ts'
import { consoleRoute } from './console.ts'
import type { ConsoleDoor } from './console-access.ts'
import { Exchanges } from './exchanges.ts'
import { healthRoute } from './health.ts'
import { HostGuard } from './host-guard.ts'
import { http1Server } from './http1.ts'
import { Http1Connections } from './http1-connections.ts'
import { Http2Endpoint } from './http2.ts'
import { type HttpLimits, httpLimits } from './http-limits.ts'
import { Listener } from './listener.ts'
import { isLoopbackHost, refuseUnguarded } from './loopback.ts'
import { metricsRoute } from './metrics.ts'
import { PlainHttp1 } from './plain-http1.ts'
import { Receptions } from './receptions.ts'
import { RequestFigures } from './request-figures.ts'
import { Router } from './router.ts'
import { checkedServerOptions, type ChosenServerOptions, type ServerOptions } from './server-options.ts'
import { ServerDeliveries } from './server-deliveries.ts'
import { StoreHealth } from './store-health.ts'
import { StreamFigures } from './stream-figures.ts'
import { requestTracer } from './tracing.ts'
import type { TlsSpeaker } from './tls-speaker.ts'

/** What a server is busy with. */
export interface ServerLoad {
  /** Connections that are open, whatever they speak. */
  readonly connections: number
  /** Sessions of HTTP/2. */
  readonly sessions: number
  /** Requests that are being read or answered. */
  readonly requests: number
  /** Memory that bodies of requests have, bytes. */
  readonly bodyBytes: number
  /** Bodies that wait for memory. */
  readonly bodiesWaiting: number
  /** Answers that clients have not taken yet, bytes. */
  readonly answerBytes: number
  /** Requests for long answers that wait until others have taken theirs. */
  readonly answersWaiting: number
}

/** What a server is made of. */
interface ServerParts {
  readonly listener: Listener
  readonly exchanges: Exchanges
  readonly http1Connections: Http1Connections
  readonly http2: Http2Endpoint
  readonly metrics: { close(): void }
  readonly deliveries: ServerDeliveries
  readonly load: () => ServerLoad
  readonly host: string
  readonly port: number
  readonly tls: TlsSpeaker | undefined
  readonly graceMs: number
}

/** A server that runs. The store is the caller's to close, after it. */
export class Server implements AsyncDisposable {
  /** Where clients reach it, such as `http://127.0.0.1:4567`. */
  readonly endpoint: string
  readonly host: string
  readonly port: number
  /** File of the certificate that signs itself, which clients have to trust; `undefined` if it has another, or none. */
  readonly certificateFile: string | undefined
  readonly #parts: ServerParts
  #closed: Promise<void> | undefined

  /** `startServer` makes these. */
  constructor(parts: ServerParts) {
    const { host, port, tls } = parts
    this.#parts = parts
    this.host = host
    this.port = port
    this.certificateFile = tls?.certFile
    const scheme = tls === undefined ? 'http' : 'https'
    this.endpoint = `${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}`
  }

  /** What it is busy with now. */
  get load(): ServerLoad {
    return this.#parts.load()
  }

  /**
   * Ends the server: no new connections, subscriptions end, requests under way are answered, and what delivery streams have
   * buffered is delivered, for `graceMs` at most; what is not stays in the store. Calling it again waits for the same end.
   */
  close(): Promise<void> {
    return (this.#closed ??= this.#close())
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(): Promise<void> {
    const { listener, exchanges, http1Connections, http2, metrics, deliveries, tls, graceMs } = this.#parts
    const endsAtMs = performance.now() + graceMs
    exchanges.end()
    listener.end()
    http1Connections.end()
    let cancel: (() => void) | undefined
    const late = new Promise<void>((resolve) => {
      cancel = afterHolding(graceMs, resolve)
    })
    await Promise.race([exchanges.idle(), late])
    // What was answered has to be sent, too.
    await Promise.race([Promise.all([http1Connections.closed(), http2.closed()]), late])
    cancel?.()
    listener.destroy()
    metrics.close()
    await tls?.close()
    await deliveries.end(Math.max(0, endsAtMs - performance.now()))
  }
}

/**
 * Serves a store to clients of AWS in any language: change their endpoint's URL.
 *
 * ```ts
 * const server = await startServer(store, { port: 0 })
 * const client = new KinesisClient({ region, credentials, endpoint: server.endpoint })
 * ```
 *
 * Without credentials it listens to this machine only, unless `insecure` says otherwise.
 *
 * Rejects with `ERR_MILLRACE_INVALID_ARGUMENT`, `ERR_MILLRACE_UNKNOWN_OPTION`, and `ERR_MILLRACE_ADDRESS` if it cannot
 * listen there.
 */
export function startServer(store: Store, options: ServerOptions = {}): Promise<Server> {
  return startServerWithin(store, options, httpLimits)
}

/** `startServer` with other limits: for tests, which have no time. No part of the public surface. */
export async function startServerWithin(
  store: Store,
  options: ServerOptions,
  limits: HttpLimits,
  clock: Clock = systemClock,
): Promise<Server> {
  if (!(store instanceof Store)) throw invalidArgument('store', store, 'what open() or testStore() answers')
  const chosen = checkedServerOptions(options)
  const { host, keyring, insecure, firehose, log } = chosen
  const loopback = await isLoopbackHost(host)
  if (!loopback && keyring === undefined && !insecure) refuseUnguarded(host)
  const deliveries = new ServerDeliveries({ store, options: firehose, log, clock })
  try {
    return await listening({ store, chosen, loopback, deliveries, limits, clock })
  } catch (error) {
    await deliveries.end(0)
    throw error
  }
}

/** What a server is made with. */
interface ServerPlan {
  readonly store: Store
  readonly chosen: ChosenServerOptions
  readonly loopback: boolean
  readonly deliveries: ServerDeliveries
  readonly limits: HttpLimits
  readonly clock: Clock
}

/** A server that listens. */
async function listening(plan: ServerPlan): Promise<Server> {
  const { store, chosen, loopback, deliveries, limits, clock } = plan
  const { host, port, graceMs, keyring, allowedHosts, tls, log, console } = chosen
  const exchanges = new Exchanges()
  const authority = keyring && new SignatureAuthority(keyring, () => clock.nowMs())
  const storeHealth = new StoreHealth(store, clock)
  const requests = new RequestFigures()
  const streams = new StreamFigures()
  const services = new AwsServices(awsEndpoint(store, authority), {
    requests,
    streams,
    health: storeHealth,
    log,
    tracer: await requestTracer(),
  })
  const health = healthRoute(() => (exchanges.ending ? 'ending' : storeHealth.trouble()))
  const metrics = metricsRoute(
    {
      store,
      requests,
      streams,
      health: storeHealth,
      connections: () => ({ all: listener.connections, http2: http2.sessions }),
      underWay: () => ({
        requests: exchanges.count,
        subscriptions: Math.max(0, exchanges.streams - (pages?.eventStreams ?? 0)),
      }),
    },
    (request) => refusalOf(request, { keyring, clock }),
  )
  const door: ConsoleDoor = (request) => requireCredential(request, { keyring, clock })
  const pages = console ? consoleRoute(store, door, clock) : undefined
  const router = new Router(services, [health, metrics, ...(pages === undefined ? [] : [pages])])
  const answers = new AnswerBudget(limits, clock, log)
  const gate = new AnswerGate(router, answers)
  const handler = keyring === undefined ? new HostGuard(gate, { host, allowedHosts, loopback }) : gate
  const receptions = new Receptions(handler.bodyBytesMax, limits, clock)
  const answering = { handler, exchanges, receptions, answers }
  // Most servers speak none, and it takes a while to load.
  const speaker = tls && (await (await import('./tls-speaker.ts')).tlsSpeaker(tls, host, { limits, clock }))
  const http1Connections = new Http1Connections()
  const http2 = new Http2Endpoint(answering, limits, clock)
  const http1 = http1Server(answering, http1Connections, limits)
  const plain = new PlainHttp1({ answering, connections: http1Connections, limits })
  const speakers = { http1, plain: plain.accept.bind(plain), http2, tls: speaker?.server }
  const listener = new Listener(speakers, limits, clock)
  const address = await listener.listen(host, port).catch(async (error: unknown) => {
    await speaker?.close()
    throw error
  })
  const load = (): ServerLoad => ({
    connections: listener.connections,
    sessions: http2.sessions,
    requests: exchanges.count,
    bodyBytes: receptions.budget.used,
    bodiesWaiting: receptions.budget.waiting,
    answerBytes: answers.used,
    answersWaiting: answers.waiting,
  })
  const parts = { listener, exchanges, http1Connections, http2, metrics, deliveries, load, graceMs }
  return new Server({ ...parts, host, port: address.port, tls: speaker })
}
