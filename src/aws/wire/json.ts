import { serializationFault } from './fault.ts'
import { notConvertible, type WireForm } from './scalar.ts'

/** Parses a request's body. @throws `SerializationException` */
export function parseJson(body: Uint8Array | string): unknown {
  const text =
    typeof body === 'string' ? body : Buffer.from(body.buffer, body.byteOffset, body.length).toString('utf8')
  try {
    return JSON.parse(text) as unknown
  } catch {
    throw serializationFault('the request body is not JSON')
  }
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
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0
  // Node skips what it does not know and takes the alphabet of URLs too.
  const whole = bytes.length === (text.length / 4) * 3 - padding
  if (!whole || text.includes('-') || text.includes('_') || !endsClean(text, bytes, padding)) {
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

function endsClean(text: string, bytes: Buffer, padding: number): boolean {
  if (padding === 0) return true
  const tail = bytes.length % 3
  return tail !== 0 && bytes.subarray(bytes.length - tail).toString('base64') === text.slice(-4)
}

function notBase64(text: string, reason: string): Error {
  const shown = text.length > 128 ? `${text.slice(0, 128)}...` : text
  return serializationFault(`'${shown}' can not be converted to a Blob: ${reason}`)
}
