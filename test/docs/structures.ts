import { crc32c } from './crc32c.ts'
import { tableUnder } from './markdown.ts'
import { pageAt } from './pages.ts'

const page = pageAt('docs/on-disk-format.md').text

/** One field of a structure, as its row says. */
interface Field {
  readonly name: string
  readonly offset: number
  readonly bytes: number
  readonly type: string
}

/** What a structure holds: numbers, text for `char[n]`, bytes for `u8[n]`. Unused bytes must be zeros. */
export type Fields = Readonly<Record<string, number | string | Uint8Array>>

/** A structure of docs/on-disk-format.md, read by its table alone. */
export class Structure {
  readonly bytes: number
  readonly #fields: readonly Field[]

  /** @param heading the section with the table */
  constructor(heading: string) {
    this.#fields = tableUnder(page, heading).rows.map(({ field = '', offset, bytes, type = '' }) => ({
      name: field,
      offset: Number(offset),
      bytes: Number(bytes),
      type,
    }))
    const last = this.#fields.at(-1)
    this.bytes = last === undefined ? 0 : last.offset + last.bytes
  }

  read(file: Buffer, at = 0): Fields {
    return Object.fromEntries(
      this.#fields.map((field) => [field.name, valueOf(field, file, at + field.offset)]),
    )
  }

  /** Where a field begins. */
  offsetOf(name: string): number {
    const found = this.#fields.find((field) => field.name === name)
    if (found === undefined) throw new Error(`there is no field ${name}`)
    return found.offset
  }

  /** The checksum of the structure's first `bytes` with its field `crc` taken as 0. */
  crcOf(file: Buffer, at = 0, bytes = this.bytes): number {
    const copy = Buffer.from(file.subarray(at, at + bytes))
    copy.writeUInt32LE(0, this.offsetOf('crc'))
    return crc32c(copy)
  }
}

function valueOf({ name, bytes, type }: Field, file: Buffer, at: number): number | string | Uint8Array {
  const raw = file.subarray(at, at + bytes)
  if (raw.length !== bytes) throw new Error(`the file ends within ${name}`)
  if (name === 'unused' && raw.some((byte) => byte !== 0)) throw new Error(`unused bytes at ${at} are set`)
  if (type === `char[${bytes}]`) return raw.toString('latin1')
  if (type === `u8[${bytes}]`) return raw
  if (type === `u${bytes * 8}`) return bytes === 8 ? Number(raw.readBigUInt64LE()) : raw.readUIntLE(0, bytes)
  if (type === `i${bytes * 8}`) return Number(raw.readBigInt64LE())
  throw new Error(`${name} is a ${type} of ${bytes} bytes`)
}

/** The values of an enumeration, by their names. */
export function valuesOf(heading: string): Readonly<Record<string, number>> {
  return Object.fromEntries(
    tableUnder(page, heading).rows.map(({ name = '', value }) => [name, Number(value)]),
  )
}

/** Where a part of a segment begins. */
export function partAt(part: string): number {
  const found = tableUnder(page, 'Segment file').rows.find((row) => row['part']?.startsWith(part))
  return Number(found?.['offset'])
}

const segmentHeader = new Structure('Segment header')
const frameHead = new Structure('Frame')
const hashKeyFlag = valuesOf('Frame flags')['hash key'] as number

/** A frame with what it carries. */
export interface Frame {
  readonly at: number
  /** Bytes to the next frame. */
  readonly stride: number
  readonly head: Fields
  readonly key: string
  readonly hashKey: Buffer | undefined
  readonly payload: Buffer
  /** The checksum, as the page says how to compute it. */
  crc(): number
}

/** The frame at an offset of a segment; undefined where nothing was written. */
export function frameAt(file: Buffer, at: number): Frame | undefined {
  const head = frameHead.read(file, at)
  const length = head['length'] as number
  if (length === 0) return undefined
  const keyAt = at + frameHead.bytes
  const keyEnd = keyAt + (head['key_bytes'] as number)
  const hashed = ((head['flags'] as number) & hashKeyFlag) !== 0
  const hashKeyEnd = keyEnd + (hashed ? 16 : 0)
  const payloadAt = at + toEight(hashKeyEnd - at)
  const inHeader = (name: string, bytes: number): Buffer =>
    file.subarray(segmentHeader.offsetOf(name), segmentHeader.offsetOf(name) + bytes)
  return {
    at,
    stride: toEight(length),
    head,
    key: file.toString('utf8', keyAt, keyEnd),
    hashKey: hashed ? file.subarray(keyEnd, hashKeyEnd) : undefined,
    payload: file.subarray(payloadAt, at + length),
    crc: () =>
      crc32c(
        inHeader('uuid', 16),
        inHeader('shard', 4),
        inHeader('base_sequence', 8),
        inHeader('salt', 8),
        file.subarray(at, at + 4),
        file.subarray(at + 8, at + length),
      ),
  }
}

/** The frames of a segment up to the first that was never written. */
export function framesOf(file: Buffer): Frame[] {
  const frames: Frame[] = []
  let at = segmentHeader.read(file)['data_offset'] as number
  while (file.length - at >= frameHead.bytes) {
    const frame = frameAt(file, at)
    if (frame === undefined) break
    frames.push(frame)
    at += frame.stride
  }
  return frames
}

function toEight(bytes: number): number {
  return Math.ceil(bytes / 8) * 8
}
