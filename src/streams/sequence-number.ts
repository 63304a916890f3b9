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
const counterAt = 80n
const shardNibbleAt = 144n
const creationAt = 148n
const leadingAt = 184n

const version = 2n
const leading = 2n

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

const digits = 56
/** Decimal digits that are taken at once: 10^7 times a limb is still exact as a `number`. */
const chunkDigits = 7
const chunkBase: number = 10 ** chunkDigits
const limbBase: number = 2 ** 24
/** Exact, and cheaper to multiply by than to divide. */
const perLimbBase: number = 2 ** -24
/** The number being taken apart: eight limbs of 24 bits, the lowest first. */
const limbs = new Float64Array(digits / chunkDigits)

/** Reads decimal digits into `limbs`; false if the text is anything else. Several times faster than a BigInt. */
function readLimbs(text: string): boolean {
  if (text.length !== digits) return false
  for (let chunk = 0; chunk < limbs.length; chunk++) {
    let carry = 0
    const from = chunk * chunkDigits
    for (let at = from; at < from + chunkDigits; at++) {
      const digit = text.charCodeAt(at) - 48
      if (digit < 0 || digit > 9) return false
      carry = carry * 10 + digit
    }
    for (let index = 0; index < chunk; index++) {
      const value = (limbs[index] as number) * chunkBase + carry
      carry = Math.floor(value * perLimbBase)
      limbs[index] = value - carry * limbBase
    }
    limbs[chunk] = carry
  }
  return true
}

/** Takes a sequence number apart; `undefined` if the text is none of this layout. */
export function parseSequenceNumber(text: string): SequenceFields | undefined {
  if (!readLimbs(text)) return undefined
  const l0 = limbs[0] as number
  const l1 = limbs[1] as number
  const l2 = limbs[2] as number
  const l3 = limbs[3] as number
  const l4 = limbs[4] as number
  const l5 = limbs[5] as number
  const l6 = limbs[6] as number
  const l7 = limbs[7] as number
  const shardIndex = (l0 >>> 4) + (l1 & 0xfff) * 2 ** 20
  const wellFormed =
    (l0 & 0xf) === 2 && (l3 & 0xff) === 0 && (l6 & 0xf) === (shardIndex & 0xf) && l7 >>> 16 === 2
  if (!wellFormed) return undefined
  const counterLow = (l3 >>> 8) + l4 * 2 ** 16
  return {
    shardCreatedAtSeconds: (l6 >>> 4) + (l7 & 0xffff) * 2 ** 20,
    shardIndex,
    counter: l5 === 0 ? BigInt(counterLow) : (BigInt(l5) << 40n) + BigInt(counterLow),
    arrivedAtSeconds: (l1 >>> 12) + l2 * 2 ** 12,
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
