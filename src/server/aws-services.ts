import type { Waiting } from '../aws/wire/waiting.ts'
import type { AwsEndpoint } from '../aws/endpoint.ts'
import { type CallBooks, CallRecord } from './call-record.ts'
import { preflight, withCors } from './cors.ts'
import type { HttpAnswer, HttpHandler, HttpRequest } from './http-exchange.ts'
import { noOperation, type RequestFigures } from './request-figures.ts'
import type { ServerLog } from './server-log.ts'
import type { RequestTracer } from './tracing.ts'

/** Who is told of every request. */
export interface RequestObservers extends CallBooks {
  readonly requests: RequestFigures
  readonly log: ServerLog
  /** `undefined`: nobody traces. */
  readonly tracer: RequestTracer | undefined
}

/** The services of AWS over HTTP. */
export class AwsServices implements HttpHandler {
  readonly bodyBytesMax: number
  readonly #endpoint: AwsEndpoint
  readonly #observers: RequestObservers

  constructor(endpoint: AwsEndpoint, observers: RequestObservers) {
    this.#endpoint = endpoint
    this.#observers = observers
    this.bodyBytesMax = endpoint.bodyBytesMax
  }

  async answer(request: HttpRequest, waiting: Waiting): Promise<HttpAnswer> {
    const { origin } = request.headers
    if (request.method === 'OPTIONS' && origin !== undefined) return preflight(request)
    const { tracer } = this.#observers
    const call = new CallRecord(this.#observers)
    const answer = await (tracer === undefined
      ? this.#endpoint.answer(request, waiting, call)
      : tracer.within(request, call, () => this.#endpoint.answer(request, waiting, call)))
    this.#tell(request, call, answer)
    return origin === undefined ? answer : withCors(answer)
  }

  #tell({ version, body }: HttpRequest, call: CallRecord, answer: HttpAnswer): void {
    const { requests, log } = this.#observers
    const { status } = answer
    const { operation, service, stream, error, faultType } = call
    const seconds = call.answered(status)
    const bytesOut = answer.body instanceof Uint8Array ? answer.body.length : 0
    const of = { operation: operation ?? noOperation, service: service ?? noOperation }
    requests.answered(of, status, version, seconds, body.length, bytesOut)
    if (status >= 500)
      log.error(
        { service, operation, stream, status, fault: faultType, why: reasonOf(error) },
        'request failed',
      )
    else if (call.recordsFailed > 0)
      log.error(
        { service, operation, stream, records: call.recordsFailed, why: reasonOf(error) },
        'records failed',
      )
    if (!log.isLevelEnabled('debug')) return
    const ms = Math.round(seconds * 1e6) / 1000
    log.debug(
      {
        service,
        operation,
        stream,
        status,
        fault: faultType,
        ms,
        bytesIn: body.length,
        bytesOut,
        http: version,
      },
      'request',
    )
  }
}

/** Code and message only: an error's details may hold what was sent. */
function reasonOf(error: unknown): string {
  const cause: unknown = error instanceof Error && error.cause !== undefined ? error.cause : error
  if (!(cause instanceof Error)) return 'unknown'
  const { code } = cause as Error & { readonly code?: unknown }
  return typeof code === 'string' ? `${code}: ${cause.message}` : cause.message
}
