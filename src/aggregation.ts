/**
 * Aggregated records: many records of users in one of Kinesis, as the Kinesis Producer Library makes them and its
 * consumers take them apart.
 *
 * The format (its document "Aggregation Format") is four bytes, a message of Protocol Buffers, and the MD5 of that:
 *
 *     AggregatedRecord: 1 repeated string partition_key_table     Record: 1 required uint64 partition_key_index
 *                       2 repeated string explicit_hash_key_table         2 optional uint64 explicit_hash_key_index
 *                       3 repeated Record records                         3 required bytes data
 *                                                                         4 repeated Tag tags
 */
import { createHash } from 'node:crypto'

/** A record of a user in an aggregated one. */
export interface SubRecord {
  readonly partitionKey: string
  /** A decimal number of 128 bits, where one was given. */
  readonly explicitHashKey?: string | undefined
  /** Within the bytes of the aggregated record. */
  readonly data: Uint8Array
  /** Its place in the aggregated record, from 0: with the sequence number, that all of them share, it names the record. */
  readonly subsequenceNumber: number
}

/** What `aggregate` takes. */
export type AggregatedEntry = Omit<SubRecord, 'subsequenceNumber'>

/** Hash keys of a shard; both ends belong to it. */
export interface OwnHashKeys {
  readonly start: bigint
  readonly end: bigint
}

const magic: readonly number[] = [0xf3, 0x89, 0x9a, 0xc2]
const digestBytes = 16
const hashKeyCount = 2n ** 128n
/**
 * Of a partition key, as streams take them. Each record of hundreds of thousands may name the same one of hundreds of
 * kilobytes: what is done for each with it, done with that, would not end.
 */
const partitionKeyBytesMax = 1024

/**
 * The records in an aggregated one, in order; `undefined` for a record that is not aggregated. So is whatever does not keep
 * to the format: nothing that anybody stores makes this throw.
 *
 * @param own hash keys of the shard that is read. Records that belong to others are left out, as the Kinesis Client Library
 *   does: after a resharding, they would be seen in two shards.
 */
export function deaggregate(data: Uint8Array, own?: OwnHashKeys): readonly SubRecord[] | undefined {
  const message = messageOf(data)
  if (message === undefined) return undefined
  try {
    const records = recordsOf(message)
    if (records.length === 0) return undefined
    return own === undefined ? records : ownRecords(records, own)
  } catch (error) {
    if (error instanceof Malformed) return undefined
    throw error
  }
}

/** One record of many. `deaggregate` answers them again. The size is not looked at. */
export function aggregate(entries: readonly AggregatedEntry[]): Uint8Array {
  const partitionKeys = new Table()
  const hashKeys = new Table()
  const records = entries.map(({ partitionKey, explicitHashKey, data }) => {
    const parts = [fieldKey(1, 0), varint(partitionKeys.indexOf(partitionKey))]
    if (explicitHashKey !== undefined) parts.push(fieldKey(2, 0), varint(hashKeys.indexOf(explicitHashKey)))
    return field(3, Buffer.concat([...parts, field(3, data)]))
  })
  const tables = [...partitionKeys.fields(1), ...hashKeys.fields(2)]
  const message = Buffer.concat([...tables, ...records])
  return Buffer.concat([Uint8Array.from(magic), message, md5(message)])
}

function md5(bytes: Uint8Array | string): Buffer {
  return createHash('md5').update(bytes).digest()
}

/** The message between the first bytes and the digest, if both are right. */
function messageOf(data: Uint8Array): Uint8Array | undefined {
  if (data.length < magic.length + digestBytes) return undefined
  if (magic.some((byte, at) => data[at] !== byte)) return undefined
  const message = data.subarray(magic.length, data.length - digestBytes)
  return md5(message).equals(data.subarray(data.length - digestBytes)) ? message : undefined
}

/** Thrown and caught here: bytes that are no such message. */
class Malformed extends Error {}

const decoder = new TextDecoder()

function recordsOf(message: Uint8Array): readonly SubRecord[] {
  const partitionKeys: string[] = []
  const hashKeys: string[] = []
  const records: Uint8Array[] = []
  for (const each of new Fields(message)) {
    if (typeof each.value === 'number') continue
    if (each.tag === 1) partitionKeys.push(partitionKeyOf(each.value))
    else if (each.tag === 2) hashKeys.push(decoder.decode(each.value))
    else if (each.tag === 3) records.push(each.value)
  }
  return records.map((record, place) => recordOf(record, place, partitionKeys, hashKeys))
}

function partitionKeyOf(bytes: Uint8Array): string {
  if (bytes.length > partitionKeyBytesMax) throw new Malformed()
  return decoder.decode(bytes)
}

function recordOf(
  message: Uint8Array,
  subsequenceNumber: number,
  partitionKeys: readonly string[],
  hashKeys: readonly string[],
): SubRecord {
  let keyIndex: number | undefined
  let hashIndex: number | undefined
  let data: Uint8Array | undefined
  for (const { tag, value } of new Fields(message)) {
    if (tag === 1 && typeof value === 'number') keyIndex = value
    else if (tag === 2 && typeof value === 'number') hashIndex = value
    else if (tag === 3 && typeof value !== 'number') data = value
  }
  const partitionKey = keyIndex === undefined ? undefined : partitionKeys[keyIndex]
  if (partitionKey === undefined || data === undefined) throw new Malformed()
  if (hashIndex === undefined) return { partitionKey, data, subsequenceNumber }
  const explicitHashKey = hashKeys[hashIndex]
  if (explicitHashKey === undefined || !isHashKey(explicitHashKey)) throw new Malformed()
  return { partitionKey, explicitHashKey, data, subsequenceNumber }
}

function isHashKey(text: string): boolean {
  return /^\d{1,39}$/.test(text) && BigInt(text) < hashKeyCount
}

/** Keys are few, and looked at once each. */
function ownRecords(records: readonly SubRecord[], own: OwnHashKeys): readonly SubRecord[] {
  const byPartitionKey = new Map<string, boolean>()
  return records.filter((record) => {
    if (record.explicitHashKey !== undefined) return isWithin(hashKeyOf(record), own)
    const known = byPartitionKey.get(record.partitionKey)
    if (known !== undefined) return known
    const within = isWithin(hashKeyOf(record), own)
    byPartitionKey.set(record.partitionKey, within)
    return within
  })
}

function hashKeyOf({ partitionKey, explicitHashKey }: SubRecord): bigint {
  return BigInt(explicitHashKey ?? `0x${md5(partitionKey).toString('hex')}`)
}

function isWithin(hashKey: bigint, { start, end }: OwnHashKeys): boolean {
  return hashKey >= start && hashKey <= end
}

/** A field of a message: a number, or bytes. Numbers of fixed width are not used by the format, and passed over as bytes. */
interface Field {
  readonly tag: number
  readonly value: number | Uint8Array
}

/** Reads the fields of a message, one after the other. Groups, which nobody has made for long, are malformed. */
class Fields implements Iterable<Field> {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  *[Symbol.iterator](): Generator<Field> {
    while (this.#at < this.#bytes.length) {
      const key = this.#varint()
      const tag = Math.floor(key / 8)
      if (tag === 0) throw new Malformed()
      yield { tag, value: this.#value(key % 8) }
    }
  }

  #value(wireType: number): number | Uint8Array {
    switch (wireType) {
      case 0:
        return this.#varint()
      case 1:
        return this.#take(8)
      case 2:
        return this.#take(this.#varint())
      case 5:
        return this.#take(4)
      default:
        throw new Malformed()
    }
  }

  #take(bytes: number): Uint8Array {
    if (bytes > this.#bytes.length - this.#at) throw new Malformed()
    const from = this.#at
    this.#at += bytes
    return this.#bytes.subarray(from, this.#at)
  }

  /** Up to 64 bits; beyond 53 it is not exact, and too large to be a place in anything. */
  #varint(): number {
    let value = 0
    for (let place = 0; place < 10; place++) {
      const byte = this.#bytes[this.#at]
      if (byte === undefined) throw new Malformed()
      this.#at += 1
      value += (byte & 0x7f) * 2 ** (7 * place)
      if (byte < 0x80) return value
    }
    throw new Malformed()
  }
}

/** Texts, each once, in the order of their first use. */
class Table {
  readonly #places: Map<string, number> = new Map()

  indexOf(text: string): number {
    const place = this.#places.get(text) ?? this.#places.size
    this.#places.set(text, place)
    return place
  }

  fields(tag: number): readonly Uint8Array[] {
    return [...this.#places.keys()].map((text) => field(tag, Buffer.from(text)))
  }
}

function field(tag: number, bytes: Uint8Array): Uint8Array {
  return Buffer.concat([fieldKey(tag, 2), varint(bytes.length), bytes])
}

/** The key of a field. */
function fieldKey(tag: number, wireType: number): Uint8Array {
  return varint(tag * 8 + wireType)
}

function varint(value: number): Uint8Array {
  const bytes: number[] = []
  let rest = value
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) + 0x80)
    rest = Math.floor(rest / 0x80)
  }
  return Uint8Array.from([...bytes, rest])
}
