/**
 * Sequence numbers in the layout that AWS uses today: 47 hexadecimal digits, shown as 56 decimal ones.
 *
 * | hex digits | field |
 * | --- | --- |
 * | 1 | `2` |
 * | 9 | creation of the shard, seconds |
 * | 1 | low four bits of the shard's index |
 * | 16 | counter: the record's offset in its log |
 * | 2 | `00` |
 * | 9 | arrival of the record, seconds |
 * | 8 | index of the shard |
 * | 1 | `2`: the layout's version |
 *
 * They are made of BigInts and therefore only when somebody looks at one.
 */

declare const brand: unique symbol
type Branded<T, Name extends string> = T & { readonly [brand]: Name }

/**
 * Position of a record in its shard, and unique in its stream: a decimal string, because a `number` would lose
 * its last digits. Grows strictly within a shard; gaps are allowed; says nothing across shards.
 */
export type SequenceNumber = Branded<string, 'SequenceNumber'>

/** What a sequence number is made of. */
export interface SequenceFields {
  /** Creation of the shard, whole seconds since 1970. */
  readonly shardCreatedAtSeconds: number
  readonly shardIndex: number
  /** Up to 2^64 - 1; the offset of the record in its log. */
  readonly counter: bigint
  /** Arrival of the record, whole seconds since 1970. */
  readonly arrivedAtSeconds: number
}

/** Bit positions, counted from the lowest. */
const shardIndexAt = 4n
const arrivalAt = 36n
const zerosAt = 72n
const counterAt = 80n
const shardNibbleAt = 144n
const creationAt = 148n
const leadingAt = 184n

const version = 2n
const leading = 2n
const secondsBits = 36

/** Writes a sequence number. Every field must fit its digits. */
export function formatSequenceNumber(fields: SequenceFields): SequenceNumber {
  const fixed = fixedFields(fields.shardCreatedAtSeconds, fields.shardIndex)
  const value = fixed | (fields.counter << counterAt) | (BigInt(fields.arrivedAtSeconds) << arrivalAt)
  return value.toString() as SequenceNumber
}

/** What all sequence numbers of one shard share. */
function fixedFields(shardCreatedAtSeconds: number, shardIndex: number): bigint {
  return (
    (leading << leadingAt) |
    (BigInt(shardCreatedAtSeconds) << creationAt) |
    (BigInt(shardIndex & 0xf) << shardNibbleAt) |
    (BigInt(shardIndex) << shardIndexAt) |
    version
  )
}

function fieldOf(value: bigint, at: bigint, bits: number): number {
  return Number(BigInt.asUintN(bits, value >> at))
}

/** Takes a sequence number apart; `undefined` if the text is none of this layout. */
export function parseSequenceNumber(text: string): SequenceFields | undefined {
  if (!/^[1-9]\d{55}$/.test(text)) return undefined
  const value = BigInt(text)
  const shardIndex = fieldOf(value, shardIndexAt, 32)
  const wellFormed =
    value >> leadingAt === leading &&
    fieldOf(value, 0n, 4) === Number(version) &&
    fieldOf(value, zerosAt, 8) === 0 &&
    fieldOf(value, shardNibbleAt, 4) === (shardIndex & 0xf)
  if (!wellFormed) return undefined
  return {
    shardCreatedAtSeconds: fieldOf(value, creationAt, secondsBits),
    shardIndex,
    counter: BigInt.asUintN(64, value >> counterAt),
    arrivedAtSeconds: fieldOf(value, arrivalAt, secondsBits),
  }
}

/** Writes the sequence numbers of one shard. */
export class SequenceNumbers {
  private readonly shardCreatedAtSeconds: number
  private readonly shardIndex: number
  private fixed: bigint | undefined = undefined

  constructor(shardCreatedAtSeconds: number, shardIndex: number) {
    this.shardCreatedAtSeconds = shardCreatedAtSeconds
    this.shardIndex = shardIndex
  }

  /** @param arrivedAtMs milliseconds since 1970, not before */
  at(offset: number, arrivedAtMs: number): SequenceNumber {
    this.fixed ??= fixedFields(this.shardCreatedAtSeconds, this.shardIndex)
    const seconds = BigInt(Math.floor(arrivedAtMs / 1000))
    return (this.fixed + (BigInt(offset) << counterAt) + (seconds << arrivalAt)).toString() as SequenceNumber
  }
}
