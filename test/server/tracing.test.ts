import {
  type Attributes,
  type Context,
  context,
  propagation,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
  type TracerProvider,
} from '@opentelemetry/api'
import { ListStreamsCommand, PutRecordCommand } from '@aws-sdk/client-kinesis'
import { afterEach, describe, expect, it } from 'vitest'
import { interceptCalls } from '../../src/aws/interception.ts'
import { startServer } from '../../src/server/server.ts'
import { requestTracer } from '../../src/server/tracing.ts'
import { testStore } from '../../src/testing/test-store.ts'
import { sdkClient } from './serving.ts'

interface Told {
  name: string
  readonly kind: SpanKind | undefined
  readonly parent: string | undefined
  attributes: Attributes
  status: SpanStatusCode | undefined
  ended: boolean
}

/** Registers an SDK that keeps what it is told. */
function registered(): readonly Told[] {
  const spans: Told[] = []
  const provider: TracerProvider = {
    getTracer: () => ({
      startSpan(name, options, parent) {
        const told: Told = {
          name,
          kind: options?.kind,
          parent: parent && trace.getSpanContext(parent)?.traceId,
          attributes: {},
          status: undefined,
          ended: false,
        }
        spans.push(told)
        return spanOf(told)
      },
      startActiveSpan: () => {
        throw new Error('not used')
      },
    }),
  }
  trace.setGlobalTracerProvider(provider)
  propagation.setGlobalPropagator({
    inject: () => undefined,
    fields: () => ['traceparent'],
    extract(from: Context, carrier: Readonly<Record<string, string>>) {
      const [, traceId, spanId] = carrier['traceparent']?.split('-') ?? []
      if (traceId === undefined || spanId === undefined) return from
      return trace.setSpanContext(from, { traceId, spanId, traceFlags: 1 })
    },
  })
  return spans
}

function spanOf(told: Told): Span {
  const span: Span = {
    spanContext: () => ({ traceId: '1'.repeat(32), spanId: '2'.repeat(16), traceFlags: 1 }),
    setAttribute: () => span,
    setAttributes(attributes) {
      told.attributes = { ...told.attributes, ...attributes }
      return span
    },
    addEvent: () => span,
    addLink: () => span,
    addLinks: () => span,
    setStatus({ code }) {
      told.status = code
      return span
    },
    updateName(name) {
      told.name = name
      return span
    },
    end: () => void (told.ended = true),
    isRecording: () => true,
    recordException: () => undefined,
  }
  return span
}

afterEach(() => {
  trace.disable()
  propagation.disable()
  context.disable()
})

describe('a span', () => {
  it('is there for each request, with what OpenTelemetry says of calls to AWS', async () => {
    const spans = registered()
    await using store = await testStore()
    await store.createStream('clicks')
    await using server = await startServer(store, { port: 0 })
    const client = sdkClient(server.endpoint)
    await client.send(
      new PutRecordCommand({ StreamName: 'clicks', PartitionKey: 'k', Data: Buffer.from('x') }),
    )
    expect(spans).toEqual([
      {
        name: 'Kinesis.PutRecord',
        kind: SpanKind.SERVER,
        parent: undefined,
        attributes: {
          'rpc.system': 'aws-api',
          'rpc.service': 'Kinesis',
          'rpc.method': 'PutRecord',
          'aws.kinesis.stream_name': 'clicks',
          'http.response.status_code': 200,
          'network.protocol.version': '2',
        },
        status: undefined,
        ended: true,
      },
    ])
  })

  it('continues the trace of its request', async () => {
    const spans = registered()
    await using store = await testStore()
    await using server = await startServer(store, { port: 0 })
    const traceId = 'a'.repeat(32)
    await fetch(server.endpoint, {
      method: 'POST',
      headers: { traceparent: `00-${traceId}-${'b'.repeat(16)}-01` },
      body: '{}',
    })
    expect(spans.map(({ parent }) => parent)).toEqual([traceId])
  })

  it('names what went wrong; only the failures of the server are errors', async () => {
    const spans = registered()
    await using store = await testStore()
    await using server = await startServer(store, { port: 0 })
    const client = sdkClient(server.endpoint)
    const put = new PutRecordCommand({ StreamName: 'none', PartitionKey: 'k', Data: Buffer.from('x') })
    await expect(client.send(put)).rejects.toThrow('not found')
    expect(spans[0]).toMatchObject({
      attributes: { 'error.type': 'ResourceNotFoundException', 'http.response.status_code': 400 },
      status: undefined,
    })

    await using broken = await testStore()
    interceptCalls(broken, () => Promise.reject(new Error('a defect')))
    await using failing = await startServer(broken, { port: 0 })
    const once = sdkClient(failing.endpoint, { maxAttempts: 1 })
    await expect(once.send(new ListStreamsCommand({}))).rejects.toThrow('Internal Service Failure')
    expect(spans.at(-1)).toMatchObject({
      attributes: { 'error.type': 'InternalFailureException' },
      status: SpanStatusCode.ERROR,
    })
  })

  it('is not made where no SDK is registered', async () => {
    expect(await requestTracer()).toBeUndefined()
  })
})
