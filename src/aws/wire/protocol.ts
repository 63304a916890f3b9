import type { WireResponse } from './exchange.ts'
import { cborForm, decodeCbor } from './cbor.ts'
import { CborWriter } from './cbor-writer.ts'
import { plainDocument, type RequestDocument } from './document.ts'
import { type Fault, serializationFault } from './fault.ts'
import { parseJsonDocument } from './json-blobs.ts'
import type { OutputWriter } from './output-writer.ts'

/** One way to write documents: what a content type says. */
export interface Protocol {
  readonly contentType: string
  /** @throws `SerializationException` */
  parse(body: Uint8Array | string): RequestDocument
  write(writer: OutputWriter, output: unknown): Uint8Array
  fault(fault: Fault): Uint8Array
}

export const jsonProtocol: Protocol = {
  contentType: 'application/x-amz-json-1.1',
  parse: parseJsonDocument,
  write: (writer, output) => writer.json(output),
  fault: (fault) => Buffer.from(faultText(fault), 'utf8'),
}

export const cborProtocol: Protocol = {
  contentType: 'application/x-amz-cbor-1.1',
  parse(body) {
    if (typeof body === 'string') throw serializationFault('the request body is not CBOR: it is text')
    return plainDocument(decodeCbor(body), cborForm)
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

/** A fault as a JSON document, also inside streams of events. */
export function faultText(fault: Fault): string {
  const body: Record<string, string> = { __type: fault.type }
  if (fault.message !== '') body[messageKey(fault)] = fault.message
  return JSON.stringify(body)
}

function messageKey(fault: Fault): string {
  return fault.framework ? 'Message' : 'message'
}

/** What every answer of the service is told apart by. */
export interface AnswerNames {
  readonly 'x-amzn-requestid': string
  readonly 'x-amz-id-2': string
}

/** An answer with a complete body. */
export function complete(
  status: number,
  names: AnswerNames,
  contentType: string | undefined,
  body: Uint8Array,
): WireResponse {
  const requestId = names['x-amzn-requestid']
  const id2 = names['x-amz-id-2']
  const length = String(body.length)
  const headers =
    contentType === undefined
      ? { 'x-amzn-requestid': requestId, 'x-amz-id-2': id2, 'content-length': length }
      : {
          'x-amzn-requestid': requestId,
          'x-amz-id-2': id2,
          'content-type': contentType,
          'content-length': length,
        }
  return { status, headers, body }
}
