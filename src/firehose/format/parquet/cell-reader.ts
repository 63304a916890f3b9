import type { ColumnType, ConversionConfiguration, PrimitiveType } from '../../configuration.ts'
import { unscaled } from './decimal-text.ts'
import { ExactNumber } from './exact-number.ts'
import { jodaFormat } from './joda-pattern.ts'
import { compactJson } from './json-text.ts'
import { keyRuleOf, KeyMatch, type KeyRule } from './key-match.ts'
import { malformedData, Misfit } from './misfit.ts'
import {
  epochMillis,
  epochOfInteger,
  epochTimestamp,
  isoTimestamp,
  sqlDay,
  sqlTimestamp,
  type TimestampFormat,
} from './timestamp-text.ts'

/** A value as the writer of Parquet takes it. */
export type Cell =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | readonly Cell[]
  | { readonly [name: string]: Cell }

/**
 * Turns a value of JSON, as `jsonValues` answers them, into one of a column. `null` is for its caller to see to.
 *
 * @throws Misfit
 */
export type CellReader = (value: unknown) => Cell

/** What the two ways to read JSON differ in, as seen of AWS (floci-io/floci#3521); messages are AWS's where they are known. */
interface Rules {
  /** OpenX: whatever can be made into the type is taken, such as numbers in strings. */
  readonly lenient: boolean
  readonly key: KeyRule
  readonly timestamps: readonly TimestampFormat[]
  /** Formats for dates, beside `yyyy-MM-dd`. */
  readonly dates: readonly TimestampFormat[]
}

/** How the cells of a column are read. */
export function cellReaderOf(type: ColumnType, input: ConversionConfiguration['input']): CellReader {
  return readerOf(type, rulesOf(input))
}

function rulesOf(input: ConversionConfiguration['input']): Rules {
  const key = keyRuleOf(input)
  if (input.kind === 'openx') {
    return { lenient: true, key, timestamps: [sqlTimestamp, isoTimestamp, epochTimestamp], dates: [] }
  }
  const patterns = input.timestampFormats.map((format) =>
    format === 'millis' ? epochMillis : jodaFormat(format),
  )
  return { lenient: false, key, timestamps: patterns.length > 0 ? patterns : [sqlTimestamp], dates: patterns }
}

function readerOf(type: ColumnType, rules: Rules): CellReader {
  switch (type.kind) {
    case 'primitive':
      return primitiveReader(type.name, rules)
    case 'decimal':
      return decimalReader(type, rules)
    case 'array':
      return arrayReader(type, rules)
    case 'struct':
      return structReader(type, rules)
    case 'map':
      return mapReader(type, rules)
    default:
      return type satisfies never
  }
}

function primitiveReader(name: PrimitiveType, rules: Rules): CellReader {
  switch (name) {
    case 'boolean':
      return (value) => readBoolean(value, rules)
    case 'tinyint':
      return (value) => readInteger(value, 7, rules)
    case 'smallint':
      return (value) => readInteger(value, 15, rules)
    case 'int':
      return (value) => readInteger(value, 31, rules)
    case 'bigint':
      return (value) => readBigint(value, rules)
    case 'float':
      return (value) => Math.fround(readDouble(value, rules))
    case 'double':
      return (value) => readDouble(value, rules)
    case 'string':
      return (value) => readString(value, rules)
    case 'binary':
      return readBinary
    case 'date':
      return (value) => readDate(value, rules)
    case 'timestamp':
      return (value) => readTimestamp(value, rules)
    default:
      return name satisfies never
  }
}

function readBoolean(value: unknown, { lenient }: Rules): boolean {
  if (typeof value === 'boolean') return value
  const word = lenient && typeof value === 'string' ? value.toLowerCase() : undefined
  if (word === 'true' || word === 'false') return word === 'true'
  throw malformedData(`${shown(value)} is neither true nor false`)
}

function readInteger(value: unknown, bits: number, rules: Rules): number {
  const integer =
    typeof value === 'number' && Number.isInteger(value) ? value : Number(readBigint(value, rules))
  if (integer >= -(2 ** bits) && integer < 2 ** bits) return integer
  throw malformedData(`Numeric value (${integer}) out of range of an integer of ${bits + 1} bits`)
}

function readBigint(value: unknown, rules: Rules): bigint {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return BigInt(value)
  const text = numberText(value, rules)
  const integer = unscaled(text, 0, 'never')
  if (integer === undefined) throw malformedData(`For input string: ${JSON.stringify(text)}`)
  if (BigInt.asIntN(64, integer) === integer) return integer
  throw malformedData(`Numeric value (${text}) out of range of an integer of 64 bits`)
}

function readDouble(value: unknown, rules: Rules): number {
  if (typeof value === 'number') return value
  const text = numberText(value, rules)
  if (/^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text)) return Number(text)
  if (/^(?:NaN|[+-]?Infinity)$/.test(text)) return Number(text)
  throw malformedData(`For input string: ${JSON.stringify(text)}`)
}

/** Digits behind the scale are rounded, half up, as Hive does. One too large fails its record; Hive would make it null. */
function decimalReader(
  { precision, scale }: Extract<ColumnType, { kind: 'decimal' }>,
  rules: Rules,
): CellReader {
  const bound = 10n ** BigInt(precision)
  const factor = 10 ** scale
  const exactMax = scale > 15 ? 0 : 10 ** Math.min(15, precision)
  return (value) => {
    if (typeof value === 'number') {
      // A double keeps fifteen digits: what comes back as the same is the same.
      const scaled = Math.round(value * factor)
      if (Math.abs(scaled) < exactMax && scaled / factor === value) return BigInt(scaled)
    }
    const text = numberText(value, rules)
    const decimal = unscaled(text, scale, 'half-up')
    if (decimal !== undefined && decimal > -bound && decimal < bound) return decimal
    throw malformedData(`For input string: ${JSON.stringify(text)}: it is no decimal(${precision},${scale})`)
  }
}

function readString(value: unknown, { lenient, key }: Rules): string {
  if (typeof value === 'string') return value
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  if (value instanceof ExactNumber) return value.text
  if (lenient) return compactJson(value, key)
  throw new Misfit(
    'DataFormatConversion.MalformedData',
    'One or more fields have incorrect format. Exception when validating field (root)',
  )
}

function readBinary(value: unknown): Uint8Array {
  if (typeof value === 'string' && /^[A-Za-z0-9+/]*={0,2}$/.test(value) && value.length % 4 === 0) {
    return Uint8Array.from(Buffer.from(value, 'base64'))
  }
  throw malformedData(`${shown(value)} is no base64`)
}

function readDate(value: unknown, { dates }: Rules): number {
  const text = typeof value === 'string' ? value : scalarText(value)
  const day = sqlDay(text)
  if (day !== undefined) return day
  const micros = firstMatch(dates, text)
  if (micros === undefined) throw malformedData(`${shown(value)} is no date`)
  return Number(
    (micros - (((micros % 86_400_000_000n) + 86_400_000_000n) % 86_400_000_000n)) / 86_400_000_000n,
  )
}

function readTimestamp(value: unknown, { lenient, timestamps }: Rules): bigint {
  if (lenient && typeof value === 'number' && Number.isInteger(value) && Math.abs(value) < 1e15) {
    return epochOfInteger(value)
  }
  const micros = firstMatch(timestamps, typeof value === 'string' ? value : scalarText(value))
  if (micros !== undefined) return micros
  throw malformedData(`${shown(value)} is no timestamp`)
}

function arrayReader({ of }: Extract<ColumnType, { kind: 'array' }>, rules: Rules): CellReader {
  const element = nullable(readerOf(of, rules))
  return (value) => {
    if (Array.isArray(value)) return value.map(element)
    if (rules.lenient) return [element(value)]
    throw malformedData('java.io.IOException: Start of Array expected')
  }
}

function structReader({ fields }: Extract<ColumnType, { kind: 'struct' }>, rules: Rules): CellReader {
  const match = new KeyMatch(fields, rules.key)
  const members = fields.map(({ name, type }) => ({ name, read: nullable(readerOf(type, rules)) }))
  return (value) => {
    const found: unknown[] = fields.map(() => null)
    if (isObject(value)) {
      for (const key in value) found[match.indexOf(key)] = value[key]
    } else if (rules.lenient && Array.isArray(value)) {
      for (let index = 0; index < found.length; index += 1) found[index] = value[index]
    } else if (rules.lenient) {
      throw malformedData(`Data is not JSONObject  but ${shown(value)}`)
    } else {
      throw malformedData('java.io.IOException: Start of Object expected')
    }
    const struct: Record<string, Cell> = Object.create(null)
    for (const [index, { name, read }] of members.entries()) struct[name] = read(found[index])
    return struct
  }
}

/** Keys are lowered as OpenX lowers them; of two that become the same, the later one stays. */
function mapReader({ key, value: of }: Extract<ColumnType, { kind: 'map' }>, rules: Rules): CellReader {
  // Keys are strings in JSON, whatever they are in the column.
  const readKey = readerOf(key, { ...rules, lenient: true })
  const readValue = nullable(readerOf(of, rules))
  return (value) => {
    if (!isObject(value)) {
      throw malformedData(
        Array.isArray(value) ? 'A map column cannot hold a JSON array.' : `${shown(value)} is no object`,
      )
    }
    const entries = new Map<string, Cell>()
    for (const name in value) entries.set(rules.lenient ? rules.key(name) : name, readValue(value[name]))
    return Array.from(entries, ([name, each]) => ({ key: readKey(name), value: each }))
  }
}

function nullable(read: CellReader): CellReader {
  return (value) => (value === null || value === undefined ? null : read(value))
}

/** A number, or what may stand for one. */
function numberText(value: unknown, { lenient }: Rules): string {
  if (typeof value === 'number') return String(value)
  if (value instanceof ExactNumber) return value.text
  if (typeof value !== 'string') throw malformedData(`${shown(value)} is no number`)
  if (lenient) return value
  throw malformedData('Current token (VALUE_STRING) not numeric, can not use numeric value accessors')
}

function scalarText(value: unknown): string {
  return value instanceof ExactNumber ? value.text : typeof value === 'number' ? String(value) : ''
}

function firstMatch(formats: readonly TimestampFormat[], text: string): bigint | undefined {
  for (const format of formats) {
    const micros = format(text)
    if (micros !== undefined) return micros
  }
  return undefined
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return (
    typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof ExactNumber)
  )
}

/** A value for a message: short, whatever it is. */
function shown(value: unknown): string {
  if (value instanceof ExactNumber) return value.text
  if (Array.isArray(value)) return 'an array'
  if (typeof value === 'object' && value !== null) return 'an object'
  return JSON.stringify(typeof value === 'string' ? value.slice(0, 80) : value)
}
