import type { BodyEncoder } from './body-encoder.ts'
import { deflated, type DeflatedTotals } from './deflated.ts'

/** What the one entry is called. AWS takes a UUID; a body that is made again must be the same. */
const entryName = Buffer.from('records')

/** The format's oldest version that has directories and DEFLATE. */
const version = 20
/** Checksum and sizes stand behind the data: nobody knows them before. */
const flags = 1 << 3
const deflateMethod = 8
/** 1 January 1980, midnight: there is no earlier one. */
const date = (1 << 5) | 1
/** An ordinary file that its owner may write and everybody read, made on Unix. */
const attributes = 0o100644 * 0x10000
const madeOnUnix = 3 << 8

/**
 * A ZIP archive (PKWARE's APPNOTE) with one deflated entry, as AWS makes them. From 4 GiB on the format would need its later
 * version: a body is a buffer of 128 MiB, or one record that is larger than its buffer.
 */
export const zipEncoder: BodyEncoder = {
  extension: '.zip',
  contentType: 'application/octet-stream',
  contentEncoding: 'zip',
  async *encode(chunks) {
    const header = localHeader()
    yield header
    const totals = yield* deflated(chunks)
    const descriptor = dataDescriptor(totals)
    yield descriptor
    const directoryOffset = header.length + totals.deflatedBytes + descriptor.length
    const directory = centralDirectory(totals)
    yield directory
    yield endOfDirectory(directory.length, directoryOffset)
  },
}

function localHeader(): Uint8Array {
  const fields = Buffer.alloc(30)
  fields.writeUInt32LE(0x04034b50, 0)
  fields.writeUInt16LE(version, 4)
  fields.writeUInt16LE(flags, 6)
  fields.writeUInt16LE(deflateMethod, 8)
  fields.writeUInt16LE(date, 12)
  fields.writeUInt16LE(entryName.length, 26)
  return Buffer.concat([fields, entryName])
}

function dataDescriptor({ crc32, bytes, deflatedBytes }: DeflatedTotals): Uint8Array {
  const fields = Buffer.alloc(16)
  fields.writeUInt32LE(0x08074b50, 0)
  fields.writeUInt32LE(crc32, 4)
  fields.writeUInt32LE(deflatedBytes, 8)
  fields.writeUInt32LE(bytes, 12)
  return fields
}

function centralDirectory({ crc32, bytes, deflatedBytes }: DeflatedTotals): Uint8Array {
  const fields = Buffer.alloc(46)
  fields.writeUInt32LE(0x02014b50, 0)
  fields.writeUInt16LE(madeOnUnix | version, 4)
  fields.writeUInt16LE(version, 6)
  fields.writeUInt16LE(flags, 8)
  fields.writeUInt16LE(deflateMethod, 10)
  fields.writeUInt16LE(date, 14)
  fields.writeUInt32LE(crc32, 16)
  fields.writeUInt32LE(deflatedBytes, 20)
  fields.writeUInt32LE(bytes, 24)
  fields.writeUInt16LE(entryName.length, 28)
  fields.writeUInt32LE(attributes, 38)
  return Buffer.concat([fields, entryName])
}

function endOfDirectory(directoryBytes: number, directoryOffset: number): Uint8Array {
  const fields = Buffer.alloc(22)
  fields.writeUInt32LE(0x06054b50, 0)
  fields.writeUInt16LE(1, 8)
  fields.writeUInt16LE(1, 10)
  fields.writeUInt32LE(directoryBytes, 12)
  fields.writeUInt32LE(directoryOffset, 16)
  return fields
}
