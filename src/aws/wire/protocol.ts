import type { WireResponse } from './exchange.ts'
import { cborForm, decodeCbor } from './cbor.ts'
import { CborWriter } from './cbor-writer.ts'
import { type Fault, serializationFault } from './fault.ts'
import { jsonForm, parseJson } from './json.ts'
import type { OutputWriter } from './output-writer.ts'
import type { WireForm } from './scalar.ts'

/** One way to write documents: what a content type says. */
export interface Protocol {
  readonly contentType: string
  readonly form: WireForm
  /** @throws `SerializationException` */
  parse(body: Uint8Array | string): unknown
  write(writer: OutputWriter, output: unknown): Uint8Array
  fault(fault: Fault): Uint8Array
}

export const jsonProtocol: Protocol = {
  contentType: 'application/x-amz-json-1.1',
  form: jsonForm,
  parse: parseJson,
  write: (writer, output) => writer.json(output),
  fault: (fault) => Buffer.from(faultText(fault), 'utf8'),
}

export const cborProtocol: Protocol = {
  contentType: 'application/x-amz-cbor-1.1',
  form: cborForm,
  parse(body) {
    if (typeof body === 'string') throw serializationFault('the request body is not CBOR: it is text')
    return decodeCbor(body)
  },
  write: (writer, output) => writer.cbor(output),
  fault(fault) {
    const writer = new CborWriter()
    writer.map(fault.message === '' ? 1 : 2)
    writer.text('__type')
    writer.text(fault.type)
    if (fault.message !== '') {
      writer.text(messageKey(fault))
      writer.text(fault.message)
    }
    return writer.finish()
  },
}

/** The protocol of a content type; parameters such as `charset` are allowed. */
export function protocolOf(contentType: string): Protocol | undefined {
  return [jsonProtocol, cborProtocol].find((protocol) => protocol.contentType === contentType)
}

/** A fault as a JSON document, also inside streams of events. */
export function faultText(fault: Fault): string {
  const body: Record<string, string> = { __type: fault.type }
  if (fault.message !== '') body[messageKey(fault)] = fault.message
  return JSON.stringify(body)
}

function messageKey(fault: Fault): string {
  return fault.framework ? 'Message' : 'message'
}

/** An answer with a complete body. */
export function complete(
  status: number,
  headers: Readonly<Record<string, string>>,
  contentType: string | undefined,
  body: Uint8Array,
): WireResponse {
  const type = contentType === undefined ? {} : { 'content-type': contentType }
  return { status, headers: { ...headers, ...type, 'content-length': String(body.length) }, body }
}
