import type { Readable } from 'node:stream'
import type { Clock } from '../clock.ts'
import { invalidArgument } from '../errors.ts'
import { requireMethods } from '../options.ts'
import { insideOf, Store } from '../streams/store.ts'
import type { FirehoseOptions } from '../firehose/firehose-options.ts'
import type { ServiceOptions } from './interception.ts'
import { awsServices } from './services.ts'
import { MessageReadable } from './message-readable.ts'
import { Dispatcher } from './wire/dispatch.ts'
import { type Entropy, systemEntropy } from './wire/entropy.ts'
import type { WireRequest, WireResponse } from './wire/exchange.ts'

/** A request as the AWS SDK for JavaScript v3 hands it to a `requestHandler`. */
export interface SdkRequest {
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly query?: Readonly<Record<string, unknown>> | undefined
  /** Text or bytes. */
  readonly body?: unknown
}

/** An answer as the SDK takes it. */
export interface SdkResponse {
  statusCode: number
  headers: Record<string, string>
  /** All bytes, or a Node stream of messages. */
  body: Uint8Array | Readable
}

/** What the SDK says about one request. */
export interface SdkHandlerOptions {
  /** Ends the wait for an answer, and a stream of events. */
  readonly abortSignal?: unknown
  /** Milliseconds on the store's clock until the answer must be there; 0 for ever. */
  readonly requestTimeout?: number | undefined
}

/** The `requestHandler` of an AWS SDK v3 client, structurally: no type or code of the SDK is imported. */
export interface AwsRequestHandler {
  readonly metadata: { readonly handlerProtocol: string }
  /** Answers one request; rejects only if it was aborted or took too long, as a connection would. */
  handle(request: SdkRequest, options?: SdkHandlerOptions): Promise<{ response: SdkResponse }>
  /** Ends the streams of events. The handler can be used again: it has nothing else to close. */
  destroy(): void
  /** For the SDK. There is nothing to configure. */
  updateHttpClientConfig(key: never, value: never): void
  /** For the SDK. There is nothing to configure. */
  httpHandlerConfigs(): Record<string, never>
}

/** What the services need to know. */
export interface AwsHandlerOptions {
  /**
   * What delivery needs that no request says: functions, tables, where buckets are. Only for the first handler of a store:
   * there is one Firehose for all of them.
   *
   * @defaultValue the store's Firehose as it is
   */
  readonly firehose?: FirehoseOptions | undefined
}

/** What test support may replace. No part of the public surface. */
export interface RequestHandlerOptions extends AwsHandlerOptions, ServiceOptions {
  readonly entropy?: Entropy | undefined
}

/** Makes the handler; `awsRequestHandler` is the public way to one. */
export function makeRequestHandler(store: Store, options: RequestHandlerOptions = {}): AwsRequestHandler {
  if (!(store instanceof Store)) throw invalidArgument('store', store, 'what open() or testStore() answers')
  const { entropy = systemEntropy, intercept } = options
  const services = awsServices(store, options, { intercept })
  return new RequestHandler(new Dispatcher(services, entropy), insideOf(store).clock)
}

class RequestHandler implements AwsRequestHandler {
  readonly metadata: { readonly handlerProtocol: string } = { handlerProtocol: 'h2' }
  readonly #dispatcher: Dispatcher
  readonly #clock: Clock
  readonly #streams: Set<Readable> = new Set()

  constructor(dispatcher: Dispatcher, clock: Clock) {
    this.#dispatcher = dispatcher
    this.#clock = clock
  }

  async handle(request: SdkRequest, options: SdkHandlerOptions = {}): Promise<{ response: SdkResponse }> {
    const signal = signalOf(options.abortSignal)
    if (isAborted(signal)) throw abortError(signal)
    const given = new AbortController()
    const wire = wireRequest(request)
    const answered = this.#dispatcher.answer(wire, given)
    const ended = new Ending(signal, options.requestTimeout ?? 0, this.#clock)
    try {
      const response = await (ended.never ? answered : Promise.race([answered, ended.failed]))
      // Between the answer and this line; a stream would never hear of it.
      if (isAborted(signal)) throw abortError(signal)
      return { response: this.#responseOf(response, signal, given) }
    } catch (error) {
      given.abort(error)
      // A stream that is answered after all is nobody's.
      void answered.then(endUnread).catch(() => {})
      throw error
    } finally {
      ended.release()
    }
  }

  destroy(): void {
    for (const stream of this.#streams) stream.destroy()
  }

  updateHttpClientConfig(): void {}

  httpHandlerConfigs(): Record<string, never> {
    return {}
  }

  #responseOf(response: WireResponse, signal: AbortSignal | undefined, given: AbortController): SdkResponse {
    const { status: statusCode, headers, body } = response
    if (body instanceof Uint8Array) return { statusCode, headers: { ...headers }, body }
    const stream = new MessageReadable(body, () => given.abort())
    const abort = (): void => {
      stream.destroy(abortError(signal))
    }
    signal?.addEventListener('abort', abort, { once: true })
    this.#streams.add(stream)
    stream.once('close', () => {
      signal?.removeEventListener('abort', abort)
      this.#streams.delete(stream)
    })
    return { statusCode, headers: { ...headers }, body: stream }
  }
}

/** Whatever ends the wait for an answer. */
class Ending {
  /** Nothing does. */
  readonly never: boolean
  readonly failed: Promise<never>
  readonly #signal: AbortSignal | undefined
  #abort: () => void = () => {}
  #cancelTimer: () => void = () => {}

  constructor(signal: AbortSignal | undefined, timeoutMs: number, clock: Clock) {
    this.#signal = signal
    this.never = signal === undefined && !(timeoutMs > 0)
    this.failed = new Promise((_resolve, reject) => {
      if (this.never) return
      this.#abort = () => reject(abortError(signal))
      signal?.addEventListener('abort', this.#abort, { once: true })
      if (timeoutMs > 0) this.#cancelTimer = clock.after(timeoutMs, () => reject(timeoutError(timeoutMs)))
    })
  }

  release(): void {
    this.#signal?.removeEventListener('abort', this.#abort)
    this.#cancelTimer()
  }
}

async function endUnread({ body }: WireResponse): Promise<void> {
  if (body instanceof Uint8Array) return
  await body[Symbol.asyncIterator]().return?.()
}

function wireRequest(request: SdkRequest): WireRequest {
  const headers: Record<string, string | undefined> = {}
  for (const name in request.headers) {
    const value: unknown = request.headers[name]
    if (typeof value === 'string') headers[name.toLowerCase()] = value
  }
  const { body = '' } = request
  if (typeof body !== 'string' && !(body instanceof Uint8Array)) {
    throw invalidArgument('request.body', body, 'text or bytes')
  }
  const query = Object.keys(request.query ?? {})
  return { method: request.method, query: query.map((name) => `${name}=`).join('&'), headers, body }
}

/** The SDK takes the platform's signals and its own older ones; only the former can be listened to. */
function signalOf(value: unknown): AbortSignal | undefined {
  if (value === undefined || value === null) return undefined
  // Not `instanceof`: a test runner may have made it in a realm of its own.
  requireMethods('abortSignal', value, ['addEventListener', 'removeEventListener'])
  return value as AbortSignal
}

function isAborted(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true
}

function abortError(signal: AbortSignal | undefined): Error {
  const reason: unknown = signal?.reason
  if (reason instanceof Error && reason.name === 'AbortError') return reason
  return Object.assign(new Error('Request aborted', { cause: reason }), { name: 'AbortError' })
}

function timeoutError(timeoutMs: number): Error {
  return Object.assign(new Error(`no answer within ${timeoutMs} ms`), { name: 'TimeoutError' })
}
