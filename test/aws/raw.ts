import type { AwsRequestHandler } from '../../src/aws/request-handler.ts'
import { decodeCbor } from '../../src/aws/wire/cbor.ts'

export const authorization =
  'AWS4-HMAC-SHA256 Credential=000000000000/20260101/us-east-1/kinesis/aws4_request, ' +
  'SignedHeaders=host;x-amz-date, Signature=00'

/** What every request of a client has. */
export const usualHeaders: Readonly<Record<string, string>> = {
  'content-type': 'application/x-amz-json-1.1',
  'x-amz-date': '20260101T000000Z',
  authorization,
}

export interface RawAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly text: string
  readonly bytes: Uint8Array
  /** The document, decoded by its content type; `undefined` if it is none. */
  readonly body: Readonly<Record<string, unknown>> | undefined
}

/** Sends a request as it is, and takes a complete answer. */
export async function sendRaw(
  handler: AwsRequestHandler,
  request: {
    readonly method?: string
    readonly headers?: Readonly<Record<string, string>>
    readonly body?: unknown
    readonly query?: Record<string, string>
  },
): Promise<RawAnswer> {
  const { method = 'POST', headers = {}, body, query } = request
  const { response } = await handler.handle({ method, headers, body, query })
  const bytes = response.body
  if (!(bytes instanceof Uint8Array)) throw new Error('the answer is a stream')
  const text = Buffer.from(bytes).toString('utf8')
  return {
    status: response.statusCode,
    headers: response.headers,
    text,
    bytes,
    body: decoded(response.headers, bytes),
  }
}

/** Calls an operation with a JSON document. */
export function callRaw(handler: AwsRequestHandler, operation: string, input: unknown): Promise<RawAnswer> {
  return sendRaw(handler, {
    headers: { ...usualHeaders, 'x-amz-target': `Kinesis_20131202.${operation}` },
    body: JSON.stringify(input),
  })
}

function decoded(
  headers: Readonly<Record<string, string>>,
  bytes: Uint8Array,
): Readonly<Record<string, unknown>> | undefined {
  if (bytes.length === 0) return undefined
  switch (headers['content-type']) {
    case 'application/x-amz-json-1.1':
    case 'application/json':
      return JSON.parse(Buffer.from(bytes).toString('utf8')) as Readonly<Record<string, unknown>>
    case 'application/x-amz-cbor-1.1':
      return decodeCbor(bytes) as Readonly<Record<string, unknown>>
    default:
      return undefined
  }
}
