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
 * They are made only when somebody looks at one: that costs more than storing a small record.
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

/** Of the number at which a closed shard ends. */
const counterOfEnd = 0x7fff_ffff_ffff_ffffn

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
/** Decimal digits that are taken at once: 10^7 times a limb is still exact as a `number`, and so is the sum of eight. */
const chunkDigits = 7
const chunks: number = digits / chunkDigits
const limbBase: number = 2 ** 24
/** Exact, and cheaper to multiply by than to divide. */
const perLimbBase: number = 2 ** -24
/** The number being taken apart: its chunks of digits, the highest first; then eight limbs of 24 bits, the lowest first. */
const chunkValues = new Float64Array(chunks)
const limbs = new Float64Array(chunks)
/** `powers[limb * chunks + chunk]`: that limb of what the chunk counts. */
const powers: Float64Array = powersOfChunks()

function powersOfChunks(): Float64Array {
  const table = new Float64Array(chunks * chunks)
  for (let chunk = 0; chunk < chunks; chunk++) {
    const worth = 10n ** BigInt(chunkDigits * (chunks - 1 - chunk))
    for (let limb = 0; limb < chunks; limb++) {
      table[limb * chunks + chunk] = Number((worth >> BigInt(24 * limb)) & 0xff_ffffn)
    }
  }
  return table
}

/** Reads decimal digits into `limbs`; false if the text is anything else. Several times faster than a BigInt. */
function readLimbs(text: string): boolean {
  if (text.length !== digits) return false
  // Below zero as soon as a character is no digit.
  let wrong = 0
  for (let chunk = 0, at = 0; chunk < chunks; chunk++, at += chunkDigits) {
    const a = text.charCodeAt(at) - 48
    const b = text.charCodeAt(at + 1) - 48
    const c = text.charCodeAt(at + 2) - 48
    const d = text.charCodeAt(at + 3) - 48
    const e = text.charCodeAt(at + 4) - 48
    const f = text.charCodeAt(at + 5) - 48
    const g = text.charCodeAt(at + 6) - 48
    wrong |= a | b | c | d | e | f | g
    wrong |= (9 - a) | (9 - b) | (9 - c) | (9 - d) | (9 - e) | (9 - f) | (9 - g)
    chunkValues[chunk] = (((((a * 10 + b) * 10 + c) * 10 + d) * 10 + e) * 10 + f) * 10 + g
  }
  const c0 = chunkValues[0] as number
  const c1 = chunkValues[1] as number
  const c2 = chunkValues[2] as number
  const c3 = chunkValues[3] as number
  const c4 = chunkValues[4] as number
  const c5 = chunkValues[5] as number
  const c6 = chunkValues[6] as number
  const c7 = chunkValues[7] as number
  for (let limb = 0, carry = 0, at = 0; limb < chunks; limb++, at += chunks) {
    const value =
      c0 * power(at) +
      c1 * power(at + 1) +
      (c2 * power(at + 2) + c3 * power(at + 3)) +
      (c4 * power(at + 4) + c5 * power(at + 5) + (c6 * power(at + 6) + c7 * power(at + 7))) +
      carry
    carry = Math.floor(value * perLimbBase)
    limbs[limb] = value - carry * limbBase
  }
  return wrong >= 0
}

function power(at: number): number {
  return powers[at] as number
}

/** A sequence number whose counter is an offset: below 2^53. */
export interface SequencePlace {
  readonly shardCreatedAtSeconds: number
  readonly shardIndex: number
  readonly offset: number
  readonly arrivedAtSeconds: number
}

/** Whether `limbs` are a number of this layout. */
function wellFormed(): boolean {
  const l0 = limbs[0] as number
  const l1 = limbs[1] as number
  const l6 = limbs[6] as number
  const versioned = (l0 & 0xf) === 2 && ((limbs[3] as number) & 0xff) === 0
  return versioned && (l6 & 0xf) === (((l0 >>> 4) | (l1 << 20)) & 0xf) && (limbs[7] as number) >>> 16 === 2
}

/** As `parseSequenceNumber`, of numbers that records here can have; makes no BigInt. */
export function parseSequencePlace(text: string): SequencePlace | undefined {
  if (!readLimbs(text) || !wellFormed()) return undefined
  const offset =
    ((limbs[3] as number) >>> 8) + (limbs[4] as number) * 2 ** 16 + (limbs[5] as number) * 2 ** 40
  if (offset >= Number.MAX_SAFE_INTEGER) return undefined
  return {
    shardCreatedAtSeconds: ((limbs[6] as number) >>> 4) + ((limbs[7] as number) & 0xffff) * 2 ** 20,
    shardIndex: ((limbs[0] as number) >>> 4) + ((limbs[1] as number) & 0xfff) * 2 ** 20,
    offset,
    arrivedAtSeconds: ((limbs[1] as number) >>> 12) + (limbs[2] as number) * 2 ** 12,
  }
}

/** Takes a sequence number apart; `undefined` if the text is none of this layout. */
export function parseSequenceNumber(text: string): SequenceFields | undefined {
  if (!readLimbs(text) || !wellFormed()) return undefined
  const counterLow = ((limbs[3] as number) >>> 8) + (limbs[4] as number) * 2 ** 16
  return {
    shardCreatedAtSeconds: ((limbs[6] as number) >>> 4) + ((limbs[7] as number) & 0xffff) * 2 ** 20,
    shardIndex: ((limbs[0] as number) >>> 4) + ((limbs[1] as number) & 0xfff) * 2 ** 20,
    counter: (BigInt(limbs[5] as number) << 40n) + BigInt(counterLow),
    arrivedAtSeconds: ((limbs[1] as number) >>> 12) + (limbs[2] as number) * 2 ** 12,
  }
}

/** What a chunk counts up to. */
const chunkBase: number = 10 ** chunkDigits
/** Nearly one chunk in so many: multiplied by it, a sum is at most one off. */
const perChunkBase: number = 10 ** -chunkDigits
/** Fields are taken in two parts: what a chunk is multiplied by, and the sum of all such products, stays exact. */
const partBits = 26
const partBase: number = 2 ** partBits

/** What fields are worth as digits, and the digits of all numbers below a thousand. Made when a number is first written. */
interface DecimalWorths {
  readonly counter: FieldWorth
  readonly arrival: FieldWorth
  /** Three characters a number. */
  readonly thousand: Uint8Array
  /** The number being written. */
  readonly text: Buffer
}

/** In chunks, the highest first: the worth of a field's lowest bit, and of the lowest bit of its upper part. */
interface FieldWorth {
  readonly low: Float64Array
  readonly high: Float64Array
}

let worths: DecimalWorths | undefined

function decimalWorths(): DecimalWorths {
  const thousand = new Uint8Array(3000)
  for (let number = 0; number < 1000; number++) {
    thousand[3 * number] = 48 + Math.floor(number / 100)
    thousand[3 * number + 1] = 48 + (Math.floor(number / 10) % 10)
    thousand[3 * number + 2] = 48 + (number % 10)
  }
  return {
    counter: worthAt(counterAt),
    arrival: worthAt(arrivalAt),
    thousand,
    text: Buffer.alloc(digits),
  }
}

function worthAt(bit: bigint): FieldWorth {
  return { low: chunksOf(1n << bit), high: chunksOf(1n << (bit + BigInt(partBits))) }
}

/** A number of up to 56 digits in chunks, the highest first. */
function chunksOf(value: bigint): Float64Array {
  const text = value.toString().padStart(digits, '0')
  return Float64Array.from({ length: chunks }, (_, chunk) =>
    Number(text.slice(chunk * chunkDigits, (chunk + 1) * chunkDigits)),
  )
}

/** Adds what a field is worth, without carrying. */
function addWorth(chunkSums: Float64Array, { low, high }: FieldWorth, value: number): void {
  const upper = Math.floor(value / partBase)
  const lower = value - upper * partBase
  for (let chunk = 0; chunk < chunks; chunk++) {
    chunkSums[chunk] =
      (chunkSums[chunk] as number) + lower * (low[chunk] as number) + upper * (high[chunk] as number)
  }
}

/** Writes the sum of an offset, as a counter, and of what the other fields are worth. */
function writeSum(others: Float64Array, offset: number): SequenceNumber {
  const { counter, thousand, text } = (worths ??= decimalWorths())
  const { low, high } = counter
  const upper = Math.floor(offset / partBase)
  const lower = offset - upper * partBase
  for (let chunk = chunks - 1, carry = 0, at = digits - chunkDigits; chunk >= 0; chunk--, at -= chunkDigits) {
    const sum =
      (others[chunk] as number) + lower * (low[chunk] as number) + upper * (high[chunk] as number) + carry
    carry = Math.floor(sum * perChunkBase)
    let rest = sum - carry * chunkBase
    if (rest < 0) {
      rest += chunkBase
      carry -= 1
    } else if (rest >= chunkBase) {
      rest -= chunkBase
      carry += 1
    }
    const whole = rest | 0
    const thousands = (whole / 1000) | 0
    const millions = (thousands / 1000) | 0
    const middle = 3 * (thousands - 1000 * millions)
    const last = 3 * (whole - 1000 * thousands)
    text[at] = 48 + millions
    text[at + 1] = thousand[middle] as number
    text[at + 2] = thousand[middle + 1] as number
    text[at + 3] = thousand[middle + 2] as number
    text[at + 4] = thousand[last] as number
    text[at + 5] = thousand[last + 1] as number
    text[at + 6] = thousand[last + 2] as number
  }
  return text.toString('latin1') as SequenceNumber
}

/** Writes the sequence numbers of one shard. */
export class SequenceNumbers {
  private readonly shardCreatedAtSeconds: number
  private readonly shardIndex: number
  /** What the fields that never change are worth, in chunks; and with the arrival in one second added. */
  private fixed: Float64Array | undefined = undefined
  private others: Float64Array | undefined = undefined
  private secondOfOthers = -1

  constructor(shardCreatedAtSeconds: number, shardIndex: number) {
    this.shardCreatedAtSeconds = shardCreatedAtSeconds
    this.shardIndex = shardIndex
  }

  /** The number before that of the shard's first record: no record has it. */
  get first(): SequenceNumber {
    return this.at(0, this.shardCreatedAtSeconds * 1000)
  }

  /**
   * The number behind that of the shard's last record: no record has it. Its counter is 7fffffffffffffff (AWS,
   * observed).
   *
   * @param closedAtMs milliseconds since 1970
   */
  last(closedAtMs: number): SequenceNumber {
    return formatSequenceNumber({
      shardCreatedAtSeconds: this.shardCreatedAtSeconds,
      shardIndex: this.shardIndex,
      counter: counterOfEnd,
      arrivedAtSeconds: Math.floor(closedAtMs / 1000),
    })
  }

  /** @param arrivedAtMs milliseconds since 1970, not before */
  at(offset: number, arrivedAtMs: number): SequenceNumber {
    const seconds = Math.floor(arrivedAtMs / 1000)
    // Records come many in a second.
    const others = this.secondOfOthers === seconds ? this.others : undefined
    return writeSum(others ?? this.othersIn(seconds), offset)
  }

  private othersIn(seconds: number): Float64Array {
    this.fixed ??= chunksOf(fixedFields(this.shardCreatedAtSeconds, this.shardIndex))
    this.others ??= new Float64Array(chunks)
    this.others.set(this.fixed)
    addWorth(this.others, (worths ??= decimalWorths()).arrival, seconds)
    this.secondOfOthers = seconds
    return this.others
  }
}
