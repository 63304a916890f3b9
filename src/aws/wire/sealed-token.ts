import { createHmac, timingSafeEqual } from 'node:crypto'

/**
 * Opaque tokens: base64 of a fixed beginning, the length of what is inside, that, zeros, and an HMAC-SHA256 of all
 * before. Their length is 152 + 16k bytes, as that of AWS's shard iterators. What is inside can be read by whoever
 * tries; it cannot be changed.
 */

/** How the tokens of AWS begin. */
const beginning: Buffer = Buffer.from([0, 0, 0, 0, 0, 0, 0, 1])
const lengthBytes = 2
const macBytes = 32
const smallest = 152
const step = 16
/** Bytes in a token beside what is inside. */
const overhead: number = beginning.length + lengthBytes + macBytes

/** What a token that is right as far as it goes carries, and its proof. */
export interface OpenedToken {
  readonly inside: string
  /** Whether the token was sealed with this key for this purpose. */
  isSealedWith(key: Uint8Array, purpose: string): boolean
}

/** Seals a text. The same text, key and purpose give the same token. */
export function sealToken(inside: string, key: Uint8Array, purpose: string): string {
  const insideBytes = Buffer.byteLength(inside)
  const total = smallest + Math.max(0, Math.ceil((overhead + insideBytes - smallest) / step)) * step
  const token = Buffer.alloc(total)
  beginning.copy(token)
  token.writeUInt16BE(insideBytes, beginning.length)
  token.write(inside, beginning.length + lengthBytes, 'utf8')
  macOf(token, key, purpose).copy(token, total - macBytes)
  return token.toString('base64')
}

/** Opens a token, also one in double quotes; `undefined` for what is none. */
export function openToken(text: string): OpenedToken | undefined {
  const bare = text.length > 1 && text.startsWith('"') && text.endsWith('"') ? text.slice(1, -1) : text
  const token = Buffer.from(bare, 'base64')
  const wellFormed =
    token.length >= smallest &&
    (token.length - smallest) % step === 0 &&
    token.subarray(0, beginning.length).equals(beginning) &&
    token.toString('base64') === bare
  if (!wellFormed) return undefined
  const insideBytes = token.readUInt16BE(beginning.length)
  if (insideBytes > token.length - overhead) return undefined
  const insideAt = beginning.length + lengthBytes
  return {
    inside: token.toString('utf8', insideAt, insideAt + insideBytes),
    isSealedWith: (key, purpose) =>
      timingSafeEqual(macOf(token, key, purpose), token.subarray(token.length - macBytes)),
  }
}

function macOf(token: Buffer, key: Uint8Array, purpose: string): Buffer {
  return createHmac('sha256', key)
    .update(purpose)
    .update('\0')
    .update(token.subarray(0, token.length - macBytes))
    .digest()
}
