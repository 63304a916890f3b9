/**
 * Messages of `application/vnd.amazon.eventstream`: total length, length of the headers, CRC-32 of those eight bytes,
 * headers, payload, CRC-32 of all before. Numbers are big-endian; every header here is a string.
 */
import { crc32 } from 'node:zlib'

export const eventStreamContentType = 'application/vnd.amazon.eventstream'

const preludeBytes = 12
const checksumBytes = 4
const stringHeader = 7

/** Frames one message. */
export function encodeMessage(
  headers: Readonly<Record<string, string>>,
  payload: Uint8Array | string,
): Buffer {
  const entries = Object.entries(headers)
  const headerBytes = entries.reduce(
    (bytes, [name, value]) => bytes + 4 + Buffer.byteLength(name) + Buffer.byteLength(value),
    0,
  )
  const payloadBytes = typeof payload === 'string' ? Buffer.byteLength(payload) : payload.length
  const totalBytes = preludeBytes + headerBytes + payloadBytes + checksumBytes
  const message = Buffer.allocUnsafe(totalBytes)
  message.writeUInt32BE(totalBytes, 0)
  message.writeUInt32BE(headerBytes, 4)
  message.writeUInt32BE(crc32(message.subarray(0, 8)), 8)
  let at = preludeBytes
  for (const [name, value] of entries) at = writeHeader(message, at, name, value)
  if (typeof payload === 'string') message.write(payload, at, 'utf8')
  else message.set(payload, at)
  message.writeUInt32BE(crc32(message.subarray(0, totalBytes - checksumBytes)), totalBytes - checksumBytes)
  return message
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

/** One event, whose payload is a document. */
export function eventMessage(type: string, contentType: string, payload: Uint8Array | string): Buffer {
  return encodeMessage(
    { ':message-type': 'event', ':event-type': type, ':content-type': contentType },
    payload,
  )
}

/** The last message of a stream that a fault ends. */
export function exceptionMessage(type: string, contentType: string, payload: string): Buffer {
  return encodeMessage(
    { ':message-type': 'exception', ':exception-type': type, ':content-type': contentType },
    payload,
  )
}
