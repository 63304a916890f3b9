import { isUtf8 } from 'node:buffer'
import type { Cell } from './cell-reader.ts'
import type { ColumnReader } from './column-reader.ts'
import { JsonStringScan } from './json-string.ts'
import { numberOf, unescaped } from './json-values.ts'
import type { KeyMatch } from './key-match.ts'
import { Misfit } from './misfit.ts'

const blank = 0x20
const quote = 0x22
const minus = 0x2d
const point = 0x2e
const zero = 0x30
const nine = 0x39
const colon = 0x3a
const comma = 0x2c
const opening = 0x7b
const closing = 0x7d

const trueWord: Uint8Array = Buffer.from('true')
const falseWord: Uint8Array = Buffer.from('false')
const nullWord: Uint8Array = Buffer.from('null')

/** Digits that a double keeps, whatever they are. */
const digitsMax = 15
const powersOfTen: readonly number[] = Array.from({ length: digitsMax + 1 }, (_, power) => 10 ** power)

/** A key as it was last found at its place, in bytes with its quotes and the colon. */
interface ExpectedKey {
  readonly bytes: Uint8Array
  readonly column: number
}

/**
 * Reads records from their bytes, without a text or an object in between: those that are what most are, one object of numbers,
 * strings and words, whose keys have no escapes. Keys are expected in the order of the record before.
 */
export class FlatRecords {
  readonly #bytes: Buffer
  readonly #match: KeyMatch
  readonly #columns: readonly ColumnReader[]
  readonly #strings: JsonStringScan
  readonly #expected: ExpectedKey[] = []
  /** Columns of the row that were found, by its number. */
  readonly #foundIn: Float64Array
  #rows = 0
  #at = 0
  #end = 0
  /** Whether there are strings in it that must be looked at, whether they are UTF-8. */
  #foreign = false

  /** @param bytes where all records lie */
  constructor(bytes: Buffer, match: KeyMatch, columns: readonly ColumnReader[]) {
    this.#bytes = bytes
    this.#match = match
    this.#columns = columns
    this.#strings = new JsonStringScan(bytes)
    this.#foundIn = new Float64Array(columns.length)
  }

  /**
   * Fills a row with the cells of a record. `false`: it is another kind of record, or none at all, and what is in the row does
   * not count. Then the longer way has to tell what it is.
   */
  read(begin: number, end: number, row: Cell[]): boolean {
    this.#at = begin
    this.#end = end
    this.#rows += 1
    this.#foreign = false
    row.fill(null)
    try {
      if (!this.#object(row)) return false
    } catch (error) {
      if (error instanceof Misfit) return false
      throw error
    }
    this.#skipBlanks()
    // What has no end in its record may have found one in the next.
    return this.#at === end && (!this.#foreign || isUtf8(this.#bytes.subarray(begin, end)))
  }

  #object(row: Cell[]): boolean {
    this.#skipBlanks()
    if (!this.#has(opening)) return false
    this.#skipBlanks()
    if (this.#has(closing)) return true
    for (let place = 0; ; place += 1) {
      this.#skipBlanks()
      const column = this.#key(place)
      if (column === undefined) return false
      this.#skipBlanks()
      if (!this.#member(column, row)) return false
      this.#skipBlanks()
      if (this.#has(comma)) continue
      return this.#has(closing)
    }
  }

  /** Passes a key and the colon; its column, or -1. `undefined` if the record has to go the longer way. */
  #key(place: number): number | undefined {
    const expected = this.#expected[place]
    if (expected !== undefined && this.#passes(expected.bytes)) return expected.column
    const begin = this.#at
    if (!this.#has(quote)) return undefined
    const end = this.#strings.endOf(this.#at, this.#end)
    if (end < 0 || this.#strings.escaped || this.#strings.foreign) return undefined
    const column = this.#match.indexOf(this.#bytes.toString('latin1', begin + 1, end))
    this.#at = end + 1
    if (this.#bytes[this.#at] === colon) {
      this.#expected[place] = { bytes: new Uint8Array(this.#bytes.subarray(begin, end + 2)), column }
    }
    this.#skipBlanks()
    return this.#has(colon) ? column : undefined
  }

  #passes(key: Uint8Array): boolean {
    const bytes = this.#bytes
    const at = this.#at
    for (let index = 0; index < key.length; index += 1) if (bytes[at + index] !== key[index]) return false
    this.#at = at + key.length
    return true
  }

  /** Passes a value into its cell. */
  #member(column: number, row: Cell[]): boolean {
    const target = this.#columns[column]
    if (target !== undefined) {
      // Which of two counts depends on the order of the keys in an object.
      if (this.#foundIn[column] === this.#rows) return false
      this.#foundIn[column] = this.#rows
    }
    const first = this.#bytes[this.#at] as number
    if (first === quote) return this.#string(column, target, row)
    const value = first <= nine ? this.#number() : this.#word(first)
    if (value === undefined) return false
    if (target !== undefined && value !== null) row[column] = target.read(value)
    return true
  }

  #string(column: number, target: ColumnReader | undefined, row: Cell[]): boolean {
    const begin = this.#at + 1
    const end = this.#strings.endOf(begin, this.#end)
    if (end < 0) return false
    this.#at = end + 1
    const { escaped, foreign } = this.#strings
    if (foreign) this.#foreign = true
    if (escaped) {
      const text = unescaped(this.#bytes.toString('utf8', begin - 1, end + 1))
      if (text !== undefined && target !== undefined) row[column] = target.read(text)
      return text !== undefined
    }
    if (target === undefined) return true
    if (target.text) {
      row[column] = new Uint8Array(this.#bytes.buffer, this.#bytes.byteOffset + begin, end - begin)
    } else {
      row[column] = target.read(this.#bytes.toString(foreign ? 'utf8' : 'latin1', begin, end))
    }
    return true
  }

  /** A number as `jsonValues` has it. */
  #number(): unknown {
    const begin = this.#at
    const negative = this.#has(minus)
    const wholeBegin = this.#at
    const whole = this.#digits(0)
    const wholeDigits = this.#at - wholeBegin
    if (wholeDigits === 0 || (wholeDigits > 1 && this.#bytes[wholeBegin] === zero)) return undefined
    let magnitude = whole
    let fractionDigits = 0
    if (this.#has(point)) {
      const fractionBegin = this.#at
      magnitude = this.#digits(whole)
      fractionDigits = this.#at - fractionBegin
      if (fractionDigits === 0) return undefined
    }
    const next = (this.#bytes[this.#at] as number) | 0x20
    if (next === 0x65 || wholeDigits + fractionDigits >= digitsMax) return this.#otherNumber(begin)
    const value = fractionDigits === 0 ? magnitude : magnitude / (powersOfTen[fractionDigits] as number)
    return negative ? -value : value
  }

  /** One with an exponent, or many digits. */
  #otherNumber(begin: number): unknown {
    const bytes = this.#bytes
    if (((bytes[this.#at] as number) | 0x20) === 0x65) {
      this.#at += 1
      const sign = bytes[this.#at]
      if (sign === minus || sign === 0x2b) this.#at += 1
      const digitsBegin = this.#at
      this.#digits(0)
      if (this.#at === digitsBegin) return undefined
    }
    return numberOf(bytes.toString('latin1', begin, this.#at))
  }

  /** Appends digits to a number. */
  #digits(before: number): number {
    const bytes = this.#bytes
    let number = before
    let at = this.#at
    for (; ; at += 1) {
      const digit = (bytes[at] as number) - zero
      if (!(digit >= 0 && digit <= 9)) break
      number = number * 10 + digit
    }
    this.#at = at
    return number
  }

  #word(first: number): boolean | null | undefined {
    if (first === trueWord[0]) return this.#passes(trueWord) ? true : undefined
    if (first === falseWord[0]) return this.#passes(falseWord) ? false : undefined
    return this.#passes(nullWord) ? null : undefined
  }

  #has(byte: number): boolean {
    if (this.#bytes[this.#at] !== byte) return false
    this.#at += 1
    return true
  }

  #skipBlanks(): void {
    const bytes = this.#bytes
    for (; this.#at < this.#end; this.#at += 1) {
      const byte = bytes[this.#at] as number
      if (byte > blank || !(byte === blank || byte === 0x0a || byte === 0x0d || byte === 0x09)) return
    }
  }
}
