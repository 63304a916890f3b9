/**
 * CBOR (RFC 8949) as the Java SDKs use it with Kinesis: byte strings for blobs, and times as tag 1 around an integer
 * of milliseconds, where the RFC says seconds. Why no package does this: docs/decisions/0025-own-cbor.md.
 */
import { serializationFault } from './fault.ts'
import { setMember } from './members.ts'
import { RecentTexts } from './recent-texts.ts'
import { notConvertible, type WireForm } from './scalar.ts'
import { tooManyValues, valuesMax } from './value-bound.ts'

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
/** Lengths up to here stand in the initial byte. */
const shortTextMax = 23

const knownKeys: RecentTexts = new RecentTexts()

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
  /** Values that the document may still have. */
  #left = valuesMax

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  }

  requireEnd(): void {
    if (this.#at !== this.#bytes.length) throw malformed('more than one item')
  }

  item(depth: number): unknown {
    if (depth > depthMax) throw malformed('nested too deep')
    this.#count()
    const initial = this.#byte()
    const info = initial & 0x1f
    switch (initial >> 5) {
      case 0:
        return this.#argument(info)
      case 1:
        return -1 - this.#argument(info)
      case 2:
        return info === 31 ? Buffer.concat(this.#chunks(2)) : this.#blob(this.#argument(info))
      case 3:
        return this.#text(info)
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

  #count(): void {
    this.#left -= 1
    if (this.#left < 0) throw tooManyValues()
  }

  #text(info: number): string {
    if (info === 31) return Buffer.concat(this.#chunks(3)).toString('utf8')
    const begin = this.#skip(this.#argument(info))
    return this.#bytes.toString('utf8', begin, this.#at)
  }

  #list(info: number, depth: number): unknown[] {
    const values: unknown[] = []
    const count = info === 31 ? Number.POSITIVE_INFINITY : this.#argument(info)
    while (values.length < count && !(info === 31 && this.#takeBreak())) values.push(this.item(depth + 1))
    return values
  }

  #map(info: number, depth: number): Record<string, unknown> {
    const values: Record<string, unknown> = {}
    const count = info === 31 ? Number.POSITIVE_INFINITY : this.#argument(info)
    for (let entry = 0; entry < count && !(info === 31 && this.#takeBreak()); entry++) {
      const key = this.#key(depth + 1)
      setMember(values, key, this.item(depth + 1))
    }
    return values
  }

  /** A key of a map; one that was met before is the same string again, which costs less to look up. */
  #key(depth: number): string {
    const initial = this.#bytes[this.#at]
    const length = (initial ?? 0) & 0x1f
    if (initial === undefined || initial >> 5 !== 3 || length > shortTextMax) {
      const key = this.item(depth)
      if (typeof key !== 'string') throw malformed('a key is no text')
      return key
    }
    if (depth > depthMax) throw malformed('nested too deep')
    this.#count()
    this.#at += 1
    const begin = this.#skip(length)
    return knownKeys.at(this.#bytes, begin, length)
  }

  #tagged(tag: number, depth: number): CborTime {
    const value = this.item(depth + 1)
    if (tag !== 1 || typeof value !== 'number' || !Number.isFinite(value)) {
      throw malformed(`tag ${tag} is not known here`)
    }
    return new CborTime(Math.round(value))
  }

  /** Pieces of a string whose length was not known when it began. */
  #chunks(major: number): Uint8Array[] {
    const chunks: Uint8Array[] = []
    while (!this.#takeBreak()) {
      this.#count()
      const initial = this.#byte()
      if (initial >> 5 !== major || (initial & 0x1f) === 31) throw malformed('a piece of another kind')
      chunks.push(this.#blob(this.#argument(initial & 0x1f)))
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
        return halfFloat(this.#bytes.readUInt16BE(this.#skip(2)))
      case 26:
        return this.#bytes.readFloatBE(this.#skip(4))
      case 27:
        return this.#bytes.readDoubleBE(this.#skip(8))
      default:
        throw malformed(`simple value ${info} is not known here`)
    }
  }

  /** The number behind the initial byte. One beyond 2^53 loses its last digits; no member has such. */
  #argument(info: number): number {
    if (info < 24) return info
    const bytes = this.#bytes
    switch (info) {
      case 24:
        return this.#byte()
      case 25: {
        const at = this.#skip(2)
        return ((bytes[at] as number) << 8) | (bytes[at + 1] as number)
      }
      case 26:
        return bytes.readUInt32BE(this.#skip(4))
      case 27: {
        const at = this.#skip(8)
        return bytes.readUInt32BE(at) * 2 ** 32 + bytes.readUInt32BE(at + 4)
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

  #byte(): number {
    return this.#bytes[this.#skip(1)] as number
  }

  #blob(count: number): Uint8Array {
    const begin = this.#skip(count)
    return new Uint8Array(this.#bytes.buffer, this.#bytes.byteOffset + begin, count)
  }

  /** Answers where the next bytes begin, and goes behind them. */
  #skip(count: number): number {
    const begin = this.#at
    if (this.#bytes.length - begin < count) throw malformed('it ends early')
    this.#at = begin + count
    return begin
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
