import { toUSVString } from 'node:util'
import { invalidArgument } from '../errors.ts'

/** Unicode code points of a partition key, at most; at least one. */
export const partitionKeyCodePointsMax = 256
/** Bytes of a partition key in UTF-8, at most: 256 code points of four bytes. */
export const partitionKeyBytesMax = 1024

/** In place of a partition key: the record has none, which is stored as an empty one. */
export const absentKey: unique symbol = Symbol('no partition key')

const rule = `a string of 1 to ${partitionKeyCodePointsMax} Unicode characters`

/**
 * Writes a partition key as UTF-8 and answers how many bytes that took. The caller has made room for
 * `partitionKeyBytesMax` of them. For `absentKey` that is nothing.
 *
 * @throws `ERR_MILLRACE_INVALID_ARGUMENT` if it is no string, empty, too long, or has a lone surrogate
 */
export function writePartitionKey(key: unknown, into: Buffer, at: number): number {
  if (typeof key !== 'string') {
    if (key === absentKey) return 0
    throw invalidArgument('partitionKey', key, rule)
  }
  const units = key.length
  if (units === 0 || units > 2 * partitionKeyCodePointsMax) throw invalidArgument('partitionKey', key, rule)
  // Nearly every key is short and ASCII; for those a loop beats the call into the runtime.
  for (let index = 0; index < units; index++) {
    const unit = key.charCodeAt(index)
    if (unit > 0x7f) return writeWideKey(key, into, at)
    into[at + index] = unit
  }
  if (units > partitionKeyCodePointsMax) throw invalidArgument('partitionKey', key, rule)
  return units
}

function writeWideKey(key: string, into: Buffer, at: number): number {
  if (toUSVString(key) !== key) {
    throw invalidArgument('partitionKey', key, 'well-formed Unicode, without lone surrogates')
  }
  if (codePointsOf(key) > partitionKeyCodePointsMax) throw invalidArgument('partitionKey', key, rule)
  return into.write(key, at, 'utf8')
}

/** Characters of a well-formed string: every pair of surrogates is one. */
function codePointsOf(text: string): number {
  let pairs = 0
  for (let index = 0; index < text.length; index++) {
    if ((text.charCodeAt(index) & 0xfc00) === 0xd800) pairs += 1
  }
  return text.length - pairs
}
