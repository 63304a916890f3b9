import type * as Api from '@opentelemetry/api'
import type { Context, Span, Tracer } from '@opentelemetry/api'
import type { HttpRequest } from './http-exchange.ts'
import type { CallRecord } from './call-record.ts'

/** Makes a span of each request, for whatever SDK of OpenTelemetry the process has. */
export class RequestTracer {
  readonly #api: typeof Api
  readonly #tracer: Tracer

  constructor(api: typeof Api) {
    this.#api = api
    this.#tracer = api.trace.getTracer('millrace')
  }

  /** Runs `work` within the span of a request, which continues the trace that the request's headers name. */
  async within<Answer extends { readonly status: number }>(
    request: HttpRequest,
    call: CallRecord,
    work: () => Promise<Answer>,
  ): Promise<Answer> {
    const { context, propagation, trace, SpanKind } = this.#api
    const parent = propagation.extract(context.active(), request.headers)
    const span = this.#tracer.startSpan('Kinesis', { kind: SpanKind.SERVER }, parent)
    const inside: Context = trace.setSpan(parent, span)
    try {
      const answer = await context.with(inside, work)
      this.#describe(span, request, call, answer.status)
      return answer
    } finally {
      span.end()
    }
  }

  #describe(span: Span, { version }: HttpRequest, call: CallRecord, status: number): void {
    if (!span.isRecording()) return
    const { operation, stream, faultType } = call
    const service = call.service === 'firehose' ? 'Firehose' : 'Kinesis'
    if (operation !== undefined) span.updateName(`${service}.${operation}`)
    span.setAttributes({
      'rpc.system': 'aws-api',
      'rpc.service': service,
      ...(operation === undefined ? {} : { 'rpc.method': operation }),
      ...(stream === undefined ? {} : { [nameAttribute[service]]: stream }),
      ...(faultType === undefined ? {} : { 'error.type': faultType }),
      'http.response.status_code': status,
      'network.protocol.version': version,
    })
    // As OpenTelemetry has it for servers: what the client did wrong is no error of this span.
    if (status >= 500) span.setStatus({ code: this.#api.SpanStatusCode.ERROR })
  }
}

/** What a span calls the resource. For delivery streams OpenTelemetry has no name. */
const nameAttribute = {
  Kinesis: 'aws.kinesis.stream_name',
  Firehose: 'aws.firehose.delivery_stream_name',
} as const

/** Where every copy of OpenTelemetry's API with this major version leaves what was registered with it. */
const registered: unique symbol = Symbol.for('opentelemetry.js.api.1') as never

/**
 * A tracer, if the process has an SDK of OpenTelemetry; `undefined` if it has none: then nothing is loaded, and requests
 * cost nothing more.
 */
export async function requestTracer(): Promise<RequestTracer | undefined> {
  const found = (globalThis as { readonly [registered]?: { readonly trace?: unknown } })[registered]
  return found?.trace === undefined ? undefined : new RequestTracer(await import('@opentelemetry/api'))
}
