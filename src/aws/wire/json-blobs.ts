/**
 * Documents in JSON that are mostly blobs, read from their bytes: base64 goes from there into one slab, and never becomes
 * part of a large text.
 *
 * Only plain documents are read so: objects, lists and texts, without escapes, whose long texts are base64 without a
 * fault. Whatever else there is, or an operation's reader refuses, is parsed again as a whole, and judged by that.
 */
import { base64Bytes, endsClean } from './base64.ts'
import { plainDocument, type RequestDocument } from './document.ts'
import type { ReadInput } from './input-reader.ts'
import { jsonForm, parseJson } from './json.ts'
import { setMember } from './members.ts'
import { RecentTexts } from './recent-texts.ts'
import type { WireForm } from './scalar.ts'
import { giveSlab, takeSlab } from './slab.ts'
import { valuesMax } from './value-bound.ts'

/** Shorter bodies are parsed at once, bytes. */
const bodyBytesMin = 4096
/** Shorter texts stay texts, characters. */
const blobCharactersMin = 128
/** Blobs have to be this part of what was read, or the runtime's parser is faster. */
const share = 0.5
/** Requests nest five deep. */
const depthMax = 8

const quote = 0x22
const backslash = 0x5c
const comma = 0x2c
const colon = 0x3a
const listBegin = 0x5b
const listEnd = 0x5d
const objectBegin = 0x7b
const objectEnd = 0x7d
const minus = 0x2d
const underscore = 0x5f
const equals = 0x3d
const space = 0x20

/** Of a value that is not read here. */
const notPlain: unique symbol = Symbol('not plain')

const names: RecentTexts = new RecentTexts()

/** Parses a request's body. @throws `SerializationException` */
export function parseJsonDocument(body: Uint8Array | string): RequestDocument {
  const blobs = typeof body === 'string' || body.length < bodyBytesMin ? undefined : blobDocument(body)
  return blobs ?? plainDocument(parseJson(body), jsonForm)
}

/** `undefined` for a body that is better parsed as a whole. */
function blobDocument(body: Uint8Array): RequestDocument | undefined {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.length)
  if (bytes.includes(backslash)) return undefined
  const slab = takeSlab(Math.ceil(bytes.length * 0.75))
  const value = new PlainJson(bytes, slab).document()
  if (value !== notPlain) return new BlobDocument(body, value, slab)
  giveSlab(slab)
  return undefined
}

/** Reads one body without a backslash, in which every quote begins or ends a text. */
class PlainJson {
  readonly #body: Buffer
  readonly #slab: Buffer
  #at = 0
  #slabBytes = 0
  /** Characters of blobs so far. */
  #blobCharacters = 0
  /** Values that it may still have. */
  #left = valuesMax
  /** The next characters that only the alphabet of URLs has, at or behind the blob at hand. */
  #nextMinus = -1
  #nextUnderscore = -1

  constructor(body: Buffer, slab: Buffer) {
    this.#body = body
    this.#slab = slab
  }

  document(): unknown {
    const value = this.#value(0)
    this.#skipSpace()
    return this.#at === this.#body.length ? value : notPlain
  }

  #value(depth: number): unknown {
    this.#left -= 1
    if (this.#left < 0) return notPlain
    switch (this.#next()) {
      case quote:
        return this.#text()
      case objectBegin:
        return depth < depthMax ? this.#object(depth) : notPlain
      case listBegin:
        return depth < depthMax ? this.#list(depth) : notPlain
      default:
        return notPlain
    }
  }

  #object(depth: number): unknown {
    const members: Record<string, unknown> = {}
    let next = this.#next()
    if (next === objectEnd) return members
    for (;;) {
      if (next !== quote) return notPlain
      const begin = this.#at
      const end = this.#endOf(begin, blobCharactersMin)
      if (end < 0 || this.#next() !== colon) return notPlain
      const name = names.at(this.#body, begin, end - begin)
      const value = this.#value(depth + 1)
      if (value === notPlain) return notPlain
      setMember(members, name, value)
      next = this.#next()
      if (next === objectEnd) return members
      if (next !== comma) return notPlain
      next = this.#next()
    }
  }

  #list(depth: number): unknown {
    const values: unknown[] = []
    if (this.#peek() === listEnd) {
      this.#at += 1
      return values
    }
    for (;;) {
      const value = this.#value(depth + 1)
      if (value === notPlain) return notPlain
      values.push(value)
      const next = this.#next()
      if (next === listEnd) return values
      if (next !== comma) return notPlain
    }
  }

  /** A text behind its first quote: a blob if it is long. */
  #text(): unknown {
    const begin = this.#at
    const end = this.#body.indexOf(quote, begin)
    if (end - begin >= blobCharactersMin) return this.#blob(begin, end)
    return this.#endOf(begin, blobCharactersMin) < 0 ? notPlain : this.#short(begin, end)
  }

  #short(begin: number, end: number): unknown {
    if (begin > bodyBytesMin && this.#blobCharacters < begin * share) return notPlain
    return this.#body.toString('utf8', begin, end)
  }

  /**
   * Where a text of fewer characters ends, and goes behind its quote; below zero if it is longer, does not end, or has what
   * no text has.
   */
  #endOf(begin: number, characters: number): number {
    const body = this.#body
    const last = begin + characters
    for (let at = begin; at < last; at++) {
      const byte = body[at] as number
      if (byte === quote) {
        this.#at = at + 1
        return at
      }
      // Also behind the end.
      if (!(byte >= space)) return -1
    }
    return -1
  }

  /** Decodes the text between two quotes, if it is base64. */
  #blob(begin: number, end: number): unknown {
    const body = this.#body
    const characters = end - begin
    // Node takes the alphabet of URLs too.
    if (this.#nextMinus < begin) this.#nextMinus = placeOf(body, minus, begin)
    if (this.#nextUnderscore < begin) this.#nextUnderscore = placeOf(body, underscore, begin)
    if (this.#nextMinus < end || this.#nextUnderscore < end) return notPlain
    const padding = body[end - 1] !== equals ? 0 : body[end - 2] !== equals ? 1 : 2
    const text = body.toString('latin1', begin, end)
    const from = this.#slabBytes
    // It skips all other characters: there are none if the length is right.
    const decoded = this.#slab.write(text, from, 'base64')
    if (decoded !== base64Bytes(characters, padding) || !endsClean(text, padding)) return notPlain
    this.#slabBytes = from + decoded
    this.#blobCharacters += characters
    this.#at = end + 1
    return new Uint8Array(this.#slab.buffer, from, decoded)
  }

  /** The next byte that is no space, and goes behind it. */
  #next(): number | undefined {
    const byte = this.#peek()
    this.#at += 1
    return byte
  }

  #peek(): number | undefined {
    const byte = this.#body[this.#at]
    if (byte === undefined || byte > space) return byte
    this.#skipSpace()
    return this.#body[this.#at]
  }

  #skipSpace(): void {
    const body = this.#body
    for (;;) {
      const byte = body[this.#at]
      if (byte !== space && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return
      this.#at += 1
    }
  }
}

/** Where a byte stands next; behind the end if nowhere. */
function placeOf(body: Buffer, byte: number, from: number): number {
  const at = body.indexOf(byte, from)
  return at < 0 ? body.length : at
}

/** A document whose long texts were taken for blobs. */
class BlobDocument implements RequestDocument {
  readonly #body: Uint8Array
  readonly #value: unknown
  readonly #slab: Buffer

  constructor(body: Uint8Array, value: unknown, slab: Buffer) {
    this.#body = body
    this.#value = value
    this.#slab = slab
  }

  input(read: ReadInput): unknown {
    try {
      return read(this.#value, blobForm)
    } catch {
      // A blob may be where a text belongs; and what is wrong is told in words that know the texts.
      return read(parseJson(this.#body), jsonForm)
    }
  }

  release(): void {
    giveSlab(this.#slab)
  }
}

const blobForm: WireForm = {
  blob: (value) => (value instanceof Uint8Array ? value : jsonForm.blob(value)),
  timestamp: (value) => jsonForm.timestamp(value),
}
