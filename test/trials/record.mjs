// Payloads that speak for themselves. A lane is all that one writer puts under one partition key into one stream: its
// records are counted from 0 on, so whoever reads them sees what is missing, and where.
//
//   0 magic  4 length  8 life  12 thread  14 key  16 stream  20 count  24 noise …  CRC-32 of everything before
import { crc32 } from 'node:zlib'

/** Added to the key of a lane of which records may be refused one by one: its counts only grow. */
export const loosely = 256

const magic = 0x4b49_4c4c
const headBytes = 24
const checksumBytes = 4

/** No payload is smaller. */
export const recordBytesMin = headBytes + checksumBytes

/** @returns a payload of so many bytes, `noise` between its head and its checksum */
export function writeRecord({ life, thread, key, stream, count }, bytes, noise, random) {
  const record = Buffer.allocUnsafe(bytes)
  record.writeUInt32LE(magic, 0)
  record.writeUInt32LE(bytes, 4)
  record.writeUInt32LE(life, 8)
  record.writeUInt16LE(thread, 12)
  record.writeUInt16LE(key, 14)
  record.writeUInt32LE(stream, 16)
  record.writeUInt32LE(count, 20)
  noise.fill(record.subarray(headBytes, bytes - checksumBytes), random)
  record.writeUInt32LE(crc32(record.subarray(0, bytes - checksumBytes)), bytes - checksumBytes)
  return record
}

/** Who wrote a payload, or an error: not one byte may differ from what was put. */
export function readRecord(bytes, partitionKey) {
  const record = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const end = record.length - checksumBytes
  if (end < headBytes) throw new Error(`a record of ${record.length} bytes`)
  if (record.readUInt32LE(0) !== magic) throw new Error('a record that nobody wrote')
  if (record.readUInt32LE(4) !== record.length) throw new Error('a record that was cut')
  if (crc32(record.subarray(0, end)) !== record.readUInt32LE(end)) throw new Error('a torn record')
  const identity = {
    life: record.readUInt32LE(8),
    thread: record.readUInt16LE(12),
    key: record.readUInt16LE(14),
    stream: record.readUInt32LE(16),
    count: record.readUInt32LE(20),
  }
  if (partitionKeyOf(identity) !== partitionKey)
    throw new Error(`${partitionKey} holds a record of another key`)
  return identity
}

/** The partition key of a lane. */
export function partitionKeyOf({ life, thread, key }) {
  return `${life}.${thread}.${key}`
}

/** A lane of a stream as one number: 14 bits of life, 2 of thread, 12 of key. */
export function laneNumber({ life, thread, key }) {
  return (life * 4 + thread) * 4096 + key
}

/** A record of a stream as one number: its lane, and 24 bits of its count. */
export function recordNumber(identity) {
  return laneNumber(identity) * 2 ** 24 + identity.count
}

/** `life.thread.key #count` of a record's number. */
export function describeRecord(number) {
  const lane = Math.floor(number / 2 ** 24)
  const writer = Math.floor(lane / 4096)
  return `${Math.floor(writer / 4)}.${writer % 4}.${lane % 4096} #${number % 2 ** 24}`
}
