/**
 * Hash keys: the 128-bit numbers that decide which shard a record goes to. As in AWS, a record's hash key is the
 * MD5 of its partition key, unless the caller gives one explicitly.
 */
import { invalidArgument } from '../errors.ts'

/** The largest hash key: 2^128 - 1. */
export const hashKeyMax: bigint = 2n ** 128n - 1n

/** Bytes of a packed hash key. */
export const hashKeyBytes = 16

/** A range of hash keys; both ends belong to it. */
export interface HashRange {
  readonly start: bigint
  readonly end: bigint
}

/** All hash keys in `count` ranges of one width; what is left over goes to the last, as AWS does it. */
export function evenSplit(count: number): readonly HashRange[] {
  const width = (hashKeyMax + 1n) / BigInt(count)
  return Array.from({ length: count }, (_, index) => ({
    start: BigInt(index) * width,
    end: index === count - 1 ? hashKeyMax : BigInt(index + 1) * width - 1n,
  }))
}

const canonicalDecimal = /^(?:0|[1-9]\d{0,38})$/
const rule = 'a decimal string from 0 to 2^128 - 1, without leading zeros'

/** Five limbs of 26 bits, the lowest first: a limb times 10^7 plus a carry stays an exact double. */
const limbs = new Float64Array(5)
const limbBase = 2 ** 26
/** Bits that the highest limb has in a number of 128 bits. */
const highestLimbMax = 2 ** (128 - 4 * 26)

/**
 * Writes an explicit hash key at `at`, 16 bytes, big-endian. The caller has made room.
 *
 * @throws `ERR_MILLRACE_INVALID_ARGUMENT` if it is no canonical decimal number of 128 bits
 */
export function writeHashKey(text: unknown, into: Uint8Array, at: number): void {
  if (typeof text !== 'string' || !canonicalDecimal.test(text)) {
    throw invalidArgument('explicitHashKey', text, rule)
  }
  limbs.fill(0)
  for (let from = 0; from < text.length; from += 7) {
    const digits = text.slice(from, from + 7)
    multiplyAdd(10 ** digits.length, Number(digits))
  }
  if ((limbs[4] as number) >= highestLimbMax) throw invalidArgument('explicitHashKey', text, rule)
  for (let byte = 0; byte < hashKeyBytes; byte++) into[at + hashKeyBytes - 1 - byte] = byteOfLimbs(byte)
}

/** limbs = limbs * factor + summand; the highest limb takes what exceeds it. */
function multiplyAdd(factor: number, summand: number): void {
  let carry = summand
  for (let index = 0; index < 4; index++) {
    const sum = (limbs[index] as number) * factor + carry
    carry = Math.floor(sum / limbBase)
    limbs[index] = sum - carry * limbBase
  }
  limbs[4] = (limbs[4] as number) * factor + carry
}

/** The byte of this significance, 0 being the lowest. */
function byteOfLimbs(significance: number): number {
  const bit = significance * 8
  const index = Math.floor(bit / 26)
  const shift = bit - index * 26
  const low = Math.floor((limbs[index] as number) / 2 ** shift)
  const missing = shift + 8 - 26
  if (missing <= 0 || index === 4) return low & 0xff
  return (low | ((limbs[index + 1] as number) << (8 - missing))) & 0xff
}

/** The decimal text of a packed hash key. */
export function readHashKey(bytes: Uint8Array, at: number): string {
  let hex = '0x'
  for (let byte = 0; byte < hashKeyBytes; byte++) {
    hex += (bytes[at + byte] as number).toString(16).padStart(2, '0')
  }
  return BigInt(hex).toString()
}
