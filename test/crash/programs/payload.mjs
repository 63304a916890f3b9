import { Seeded } from './seeded.mjs'

const headBytes = 8

/** A payload that says which record it is, and whose every byte follows from that and its length. */
export function payloadOf(counter, bytes) {
  const data = Buffer.alloc(Math.max(bytes, headBytes))
  data.writeUInt32LE(counter, 0)
  data.writeUInt32LE(data.length, 4)
  const filler = new Seeded(counter * 31 + data.length)
  for (let at = headBytes; at + 4 <= data.length; at += 4) data.writeUInt32LE(filler.below(0xffff_ffff), at)
  return data
}

/** Which record it is; throws where a byte is another one than was stored. */
export function counterOf(data, partitionKey) {
  const stored = Buffer.from(data.buffer, data.byteOffset, data.byteLength)
  const counter = stored.length >= headBytes ? stored.readUInt32LE(0) : -1
  if (counter < 0 || !payloadOf(counter, stored.length).equals(stored)) {
    throw new Error(`a record of ${stored.length} bytes is not what was stored`)
  }
  if (partitionKey !== keyOf(counter)) throw new Error(`record ${counter} has the key ${partitionKey}`)
  return counter
}

/** Over a few shards. */
export function keyOf(counter) {
  return `key-${counter % 29}`
}
