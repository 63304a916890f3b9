/**
 * CBOR (RFC 8949) as the Java SDKs use it with Kinesis: byte strings for blobs, and times as tag 1 around an integer
 * of milliseconds, where the RFC says seconds. Why no package does this: docs/decisions/0025-own-cbor.md.
 */
import { serializationFault } from './fault.ts'
import { notConvertible, type WireForm } from './scalar.ts'

/** A time in a document, milliseconds since 1970. */
export class CborTime {
  readonly ms: number

  constructor(ms: number) {
    this.ms = ms
  }
}

/** Blobs are byte strings, times have tag 1. */
export const cborForm: WireForm = {
  blob(value) {
    if (value instanceof Uint8Array) return value
    throw notConvertible(value, 'a Blob')
  },
  timestamp(value) {
    if (value instanceof CborTime) return value.ms
    // A time without its tag is what JSON has: seconds.
    if (typeof value === 'number' && Number.isFinite(value)) return Math.round(value * 1000)
    throw notConvertible(value, 'milliseconds since epoch')
  },
}

/** Requests nest five deep. */
const depthMax = 64
const breakByte = 0xff

/** Decodes one item that fills `bytes`; blobs are views. @throws `SerializationException` */
export function decodeCbor(bytes: Uint8Array): unknown {
  const decoder = new Decoder(bytes)
  const value = decoder.item(0)
  decoder.requireEnd()
  return value
}

class Decoder {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  }

  requireEnd(): void {
    if (this.#at !== this.#bytes.length) throw malformed('more than one item')
  }

  item(depth: number): unknown {
    if (depth > depthMax) throw malformed('nested too deep')
    const initial = this.#take(1)[0] as number
    const major = initial >> 5
    const info = initial & 0x1f
    switch (major) {
      case 0:
        return this.#argument(info)
      case 1:
        return -1 - this.#argument(info)
      case 2:
        return info === 31 ? Buffer.concat(this.#chunks(2)) : this.#take(this.#argument(info))
      case 3:
        return (info === 31 ? Buffer.concat(this.#chunks(3)) : this.#take(this.#argument(info))).toString(
          'utf8',
        )
      case 4:
        return this.#list(info, depth)
      case 5:
        return this.#map(info, depth)
      case 6:
        return this.#tagged(this.#argument(info), depth)
      default:
        return this.#simple(info)
    }
  }

  #list(info: number, depth: number): unknown[] {
    const values: unknown[] = []
    const count = info === 31 ? Number.POSITIVE_INFINITY : this.#argument(info)
    while (values.length < count && !(info === 31 && this.#takeBreak())) values.push(this.item(depth + 1))
    return values
  }

  #map(info: number, depth: number): Record<string, unknown> {
    const values = Object.create(null) as Record<string, unknown>
    const count = info === 31 ? Number.POSITIVE_INFINITY : this.#argument(info)
    for (let entry = 0; entry < count && !(info === 31 && this.#takeBreak()); entry++) {
      const key = this.item(depth + 1)
      if (typeof key !== 'string') throw malformed('a key is no text')
      values[key] = this.item(depth + 1)
    }
    return values
  }

  #tagged(tag: number, depth: number): CborTime {
    const value = this.item(depth + 1)
    if (tag !== 1 || typeof value !== 'number' || !Number.isFinite(value)) {
      throw malformed(`tag ${tag} is not known here`)
    }
    return new CborTime(Math.round(value))
  }

  /** Pieces of a string whose length was not known when it began. */
  #chunks(major: number): Buffer[] {
    const chunks: Buffer[] = []
    while (!this.#takeBreak()) {
      const initial = this.#take(1)[0] as number
      if (initial >> 5 !== major || (initial & 0x1f) === 31) throw malformed('a piece of another kind')
      chunks.push(this.#take(this.#argument(initial & 0x1f)))
    }
    return chunks
  }

  #simple(info: number): unknown {
    switch (info) {
      case 20:
        return false
      case 21:
        return true
      case 22:
        return null
      case 23:
        return undefined
      case 25:
        return halfFloat(this.#take(2).readUInt16BE())
      case 26:
        return this.#take(4).readFloatBE()
      case 27:
        return this.#take(8).readDoubleBE()
      default:
        throw malformed(`simple value ${info} is not known here`)
    }
  }

  /** The number behind the initial byte. One beyond 2^53 loses its last digits; no member has such. */
  #argument(info: number): number {
    if (info < 24) return info
    switch (info) {
      case 24:
        return this.#take(1)[0] as number
      case 25:
        return this.#take(2).readUInt16BE()
      case 26:
        return this.#take(4).readUInt32BE()
      case 27: {
        const bytes = this.#take(8)
        return bytes.readUInt32BE(0) * 2 ** 32 + bytes.readUInt32BE(4)
      }
      default:
        throw malformed(`length of kind ${info}`)
    }
  }

  #takeBreak(): boolean {
    if (this.#bytes[this.#at] !== breakByte) return false
    this.#at += 1
    return true
  }

  #take(count: number): Buffer {
    if (this.#bytes.length - this.#at < count) throw malformed('it ends early')
    this.#at += count
    return this.#bytes.subarray(this.#at - count, this.#at)
  }
}

function halfFloat(bits: number): number {
  const exponent = (bits >> 10) & 0x1f
  const fraction = bits & 0x3ff
  const magnitude =
    exponent === 0
      ? fraction * 2 ** -24
      : exponent === 31
        ? fraction === 0
          ? Number.POSITIVE_INFINITY
          : Number.NaN
        : (1 + fraction / 1024) * 2 ** (exponent - 15)
  return bits & 0x8000 ? -magnitude : magnitude
}

function malformed(reason: string): Error {
  return serializationFault(`the request body is not CBOR: ${reason}`)
}
