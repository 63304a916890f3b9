import { toUSVString, types } from 'node:util'
import { Packr } from 'msgpackr'
import { invalidArgument, MillraceError } from '../errors.ts'

/**
 * Turns a stream's values into bytes and back. Chosen when a stream is created or opened; it is the caller's
 * business and not stored.
 */
export interface Codec<T> {
  /** For messages. */
  readonly name: string
  /**
   * The bytes of a value, or a string that is stored as UTF-8. They are copied at once, so a codec may reuse its
   * buffer. What it throws reaches the caller as `ERR_MILLRACE_CODEC`.
   */
  encode(value: T): Uint8Array | string
  /** The value of stored bytes. They are a view; a codec that keeps them keeps a whole page of records. */
  decode(bytes: Uint8Array): T
}

/** Bytes as they are: a `Uint8Array` (so also a `Buffer`) in, a `Uint8Array` out. The default. */
export const bytesCodec: Codec<Uint8Array> = {
  name: 'bytes',
  encode(value) {
    // Also of another realm; never a stand-in such as a Proxy, whose bytes cannot be had.
    if (types.isUint8Array(value)) return value
    throw invalidArgument('data', value, 'a Uint8Array; for other values give the stream a codec')
  },
  decode: (bytes) => bytes,
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Text as UTF-8. Strings with lone surrogates and bytes that are not UTF-8 are refused, never replaced. */
export const textCodec: Codec<string> = {
  name: 'text',
  encode(value) {
    if (typeof value !== 'string') throw invalidArgument('data', value, 'a string')
    if (toUSVString(value) !== value) throw new RangeError('the text has a lone surrogate')
    return value
  },
  decode: (bytes) => utf8.decode(bytes),
}

/** JSON, one value a record. What JSON cannot say (`undefined`, functions, BigInts) is refused. */
export function jsonCodec<T = unknown>(): Codec<T> {
  return {
    name: 'json',
    encode(value) {
      const text = JSON.stringify(value) as string | undefined
      if (text === undefined) throw new TypeError(`JSON has no ${typeof value}`)
      return text
    },
    decode: (bytes) => JSON.parse(utf8.decode(bytes)) as T,
  }
}

/** MessagePack in its plain, portable form. Binary values come back as views of the page they were read with. */
export function msgpackCodec<T = unknown>(): Codec<T> {
  const packr = new Packr({ useRecords: false })
  return {
    name: 'msgpack',
    encode: (value) => packr.pack(value),
    decode: (bytes) => packr.unpack(bytes) as T,
  }
}

/** Encodes one value; whatever goes wrong is a `MillraceError`. */
export function encodeWith<T>(codec: Codec<T>, value: T): Uint8Array | string {
  let payload: unknown
  try {
    payload = codec.encode(value)
  } catch (cause) {
    if (cause instanceof MillraceError) throw cause
    throw new MillraceError(
      'ERR_MILLRACE_CODEC',
      `codec ${codec.name} cannot encode data: ${reasonOf(cause)}`,
      {
        cause,
        details: { field: 'data', codec: codec.name },
      },
    )
  }
  if (typeof payload === 'string' || types.isUint8Array(payload)) return payload
  throw new MillraceError(
    'ERR_MILLRACE_CODEC',
    `codec ${codec.name} made neither a Uint8Array nor a string`,
    {
      details: { field: 'data', codec: codec.name },
    },
  )
}

/** Where a payload comes from, for the message if it cannot be decoded. */
interface PayloadSource {
  readonly shardId: string
  sequenceNumber(index: number): string
}

/** Decodes one payload; what goes wrong is an `ERR_MILLRACE_CODEC` that names the record. */
export function decodeWith<T>(codec: Codec<T>, bytes: Uint8Array, source: PayloadSource, index: number): T {
  try {
    return codec.decode(bytes)
  } catch (cause) {
    const shardId = source.shardId
    const sequenceNumber = source.sequenceNumber(index)
    throw new MillraceError(
      'ERR_MILLRACE_CODEC',
      `codec ${codec.name} cannot decode record ${sequenceNumber} of ${shardId}: ${reasonOf(cause)}`,
      { cause, details: { codec: codec.name, shardId, sequenceNumber } },
    )
  }
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
