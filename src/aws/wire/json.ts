import { isAscii } from 'node:buffer'
import { base64Bytes, endsClean, paddingOf } from './base64.ts'
import { serializationFault } from './fault.ts'
import { notConvertible, type WireForm } from './scalar.ts'
import { requireFewValues } from './value-bound.ts'

/** Parses a request's body. @throws `SerializationException` */
export function parseJson(body: Uint8Array | string): unknown {
  const text = typeof body === 'string' ? body : textOf(body)
  requireFewValues(text)
  try {
    return JSON.parse(text) as unknown
  } catch {
    throw serializationFault('the request body is not JSON')
  }
}

/** What is ASCII is read several times faster so, and by a glance at its bytes. */
function textOf(body: Uint8Array): string {
  const bytes = Buffer.isBuffer(body) ? body : Buffer.from(body.buffer, body.byteOffset, body.length)
  return bytes.toString(isAscii(bytes) ? 'latin1' : 'utf8')
}

/** Blobs are base64, times are seconds with a fraction. */
export const jsonForm: WireForm = {
  blob(value) {
    if (typeof value !== 'string') throw notConvertible(value, 'a Blob')
    return blobOf(value)
  },
  timestamp(value) {
    if (typeof value === 'number' && Number.isFinite(value)) return Math.round(value * 1000)
    throw notConvertible(value, 'milliseconds since epoch')
  },
}

/** Decodes base64 strictly: whole quads, its own alphabet, no bits left over. */
function blobOf(text: string): Uint8Array {
  if (text.length % 4 !== 0) {
    throw notBase64(text, `Base64 encoded length is expected a multiple of 4 bytes but found: ${text.length}`)
  }
  const bytes = Buffer.from(text, 'base64')
  const padding = paddingOf(text)
  // Node skips what it does not know and takes the alphabet of URLs too.
  const whole = bytes.length === base64Bytes(text.length, padding)
  if (!whole || text.includes('-') || text.includes('_') || !endsClean(text, padding)) {
    const wrong = /[^A-Za-z0-9+/=]|=(?=[^=])/.exec(text)?.[0]
    throw notBase64(
      text,
      wrong === undefined
        ? 'Invalid last non-pad Base64 character detected'
        : `Invalid Base64 character: '${wrong}'`,
    )
  }
  return bytes
}

function notBase64(text: string, reason: string): Error {
  const shown = text.length > 128 ? `${text.slice(0, 128)}...` : text
  return serializationFault(`'${shown}' can not be converted to a Blob: ${reason}`)
}
