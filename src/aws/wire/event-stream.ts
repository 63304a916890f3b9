/**
 * Messages of `application/vnd.amazon.eventstream`: total length, length of the headers, CRC-32 of those eight bytes,
 * headers, payload, CRC-32 of all before. Numbers are big-endian; every header here is a string.
 */
import { crc32 } from 'node:zlib'

export const eventStreamContentType = 'application/vnd.amazon.eventstream'

const preludeBytes = 12
const checksumBytes = 4
const stringHeader = 7

/** Headers as they are framed, made once for many messages. */
export type FramedHeaders = Readonly<Uint8Array>

/** Frames one message. */
export function encodeMessage(
  headers: Readonly<Record<string, string>>,
  payload: Uint8Array | string,
): Buffer {
  return frame(framedHeaders(headers), payload)
}

/** Frames one message, whose headers are framed already. */
export function frame(headers: FramedHeaders, payload: Uint8Array | string): Buffer {
  const payloadBytes = typeof payload === 'string' ? Buffer.byteLength(payload) : payload.length
  const payloadAt = preludeBytes + headers.length
  const checksumAt = payloadAt + payloadBytes
  const message = Buffer.allocUnsafe(checksumAt + checksumBytes)
  message.writeUInt32BE(checksumAt + checksumBytes, 0)
  message.writeUInt32BE(headers.length, 4)
  message.writeUInt32BE(crc32(message.subarray(0, 8)), 8)
  message.set(headers, preludeBytes)
  if (typeof payload === 'string') message.write(payload, payloadAt, 'utf8')
  else message.set(payload, payloadAt)
  message.writeUInt32BE(crc32(message.subarray(0, checksumAt)), checksumAt)
  return message
}

function framedHeaders(headers: Readonly<Record<string, string>>): Buffer {
  const entries = Object.entries(headers)
  const bytes = entries.reduce(
    (sum, [name, value]) => sum + 4 + Buffer.byteLength(name) + Buffer.byteLength(value),
    0,
  )
  const framed = Buffer.allocUnsafe(bytes)
  let at = 0
  for (const [name, value] of entries) at = writeHeader(framed, at, name, value)
  return framed
}

function writeHeader(into: Buffer, at: number, name: string, value: string): number {
  const nameBytes = into.write(name, at + 1, 'utf8')
  into[at] = nameBytes
  const valueAt = at + 1 + nameBytes
  into[valueAt] = stringHeader
  const valueBytes = into.write(value, valueAt + 3, 'utf8')
  into.writeUInt16BE(valueBytes, valueAt + 1)
  return valueAt + 3 + valueBytes
}

/** The first message of every stream: clients refuse one without it. */
export function initialResponse(contentType: string): Buffer {
  return encodeMessage(
    { ':message-type': 'event', ':event-type': 'initial-response', ':content-type': contentType },
    '{}',
  )
}

/** The headers of events of one type, whose payloads are documents. */
export function eventHeaders(type: string, contentType: string): FramedHeaders {
  return framedHeaders({ ':message-type': 'event', ':event-type': type, ':content-type': contentType })
}

/** The last message of a stream that a fault ends. */
export function exceptionMessage(type: string, contentType: string, payload: string): Buffer {
  return encodeMessage(
    { ':message-type': 'exception', ':exception-type': type, ':content-type': contentType },
    payload,
  )
}
