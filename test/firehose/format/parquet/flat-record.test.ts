import { isUtf8 } from 'node:buffer'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ConversionConfiguration } from '../../../../src/firehose/configuration.ts'
import { parseColumnType } from '../../../../src/firehose/format/type-text.ts'
import type { Cell } from '../../../../src/firehose/format/parquet/cell-reader.ts'
import { columnReadersOf } from '../../../../src/firehose/format/parquet/column-reader.ts'
import { ExactNumber } from '../../../../src/firehose/format/parquet/exact-number.ts'
import { FlatRecords } from '../../../../src/firehose/format/parquet/flat-record.ts'
import { jsonValues } from '../../../../src/firehose/format/parquet/json-values.ts'
import { KeyMatch, keyRuleOf } from '../../../../src/firehose/format/parquet/key-match.ts'

type Configuration = Pick<ConversionConfiguration, 'schema' | 'input'>

const configuration: Configuration = {
  schema: Object.entries({
    id: 'bigint',
    name: 'string',
    count: 'int',
    ratio: 'double',
    price: 'decimal(9,2)',
    at: 'timestamp',
    on: 'boolean',
    day: 'date',
    list: 'array<int>',
    'dotted.key': 'string',
  }).map(([name, type]) => ({ name, type: parseColumnType(type) })),
  input: {
    kind: 'openx',
    caseInsensitive: true,
    dotsToUnderscores: false,
    keyOfColumn: {},
    timestampFormats: [],
  },
}
const hive: Configuration = { ...configuration, input: { ...configuration.input, kind: 'hive' } }

/** Records in one piece of memory, the first at a place that is no multiple of anything. */
function laid(records: readonly Buffer[], before: number): { bytes: Buffer; ends: readonly number[] } {
  const bytes = Buffer.concat([Buffer.alloc(before, '"'), ...records])
  let end = before
  return { bytes, ends: records.map(({ length }) => (end += length)) }
}

/** The cells of each record that was read from its bytes. */
function flatRows(records: readonly Buffer[], of = configuration, before = 3): (Cell[] | undefined)[] {
  const { bytes, ends } = laid(records, before)
  const readers = columnReadersOf(of)
  const flat = new FlatRecords(bytes, new KeyMatch(of.schema, keyRuleOf(of.input)), readers)
  return ends.map((end, index) => {
    const row: Cell[] = readers.map(() => null)
    return flat.read(ends[index - 1] ?? before, end, row) ? row.map(shown) : undefined
  })
}

/** The cells of a record by way of its values; what it says where it is none. */
function rowOf(record: Buffer, of = configuration): Cell[] | string {
  if (!isUtf8(record)) return 'It is not UTF-8'
  try {
    const values = jsonValues(record.toString())
    const [value] = values
    if (values.length > 1) return 'several values'
    if (typeof value !== 'object' || value === null || Array.isArray(value) || value instanceof ExactNumber)
      return 'no object'
    const match = new KeyMatch(of.schema, keyRuleOf(of.input))
    const found: unknown[] = of.schema.map(() => null)
    for (const [key, each] of Object.entries(value)) {
      if (match.indexOf(key) >= 0) found[match.indexOf(key)] = each
    }
    return columnReadersOf(of).map(({ read }, index) =>
      found[index] === null ? null : shown(read(found[index])),
    )
  } catch (error) {
    return (error as Error).message
  }
}

/** Bytes as the text that they are, for what is printed of a failure; `-0` is told from 0. */
function shown(cell: Cell): Cell {
  if (cell instanceof Uint8Array) return `bytes of ${JSON.stringify(Buffer.from(cell).toString())}`
  return Object.is(cell, -0) ? '-0' : cell
}

const blanks = fc.constantFrom('', '', '', ' ', '\t\r\n')
const numbers = fc.oneof(
  fc.double().map(String),
  fc.integer().map(String),
  fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }).map(String),
  fc
    .tuple(fc.bigInt({ min: 0n, max: 10n ** 18n }), fc.bigInt({ min: 0n, max: 10n ** 12n }))
    .map(([a, b]) => `${a}.${b}`),
  fc.stringMatching(/^-?[0-9]{1,3}(\.[0-9]{0,3})?([eE][+-]?[0-9]{0,2})?$/),
  fc.constantFrom(
    '-0',
    '0',
    '-',
    '.5',
    '1.',
    '01',
    '+1',
    '1e5',
    '0.1',
    '0.10',
    '12.345',
    '999999999999999',
    '0.000000000000001',
    '1e0000000000000000001',
    'NaN',
  ),
)
const pieces = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 12 }).map((text) => JSON.stringify(text).slice(1, -1)),
  fc.constantFrom(
    'plain text of some words ',
    'é',
    '😀',
    '\\ud800',
    '\\u00e9',
    '\\n',
    '\\"',
    '\\\\',
    '\\x',
    '\\',
    '"',
    '\n',
    '\u007f',
    '\u0000',
    '1234567890123456',
    'true',
    '2026-01-02T03:04:05.678Z',
    '2026-01-02',
  ),
)
const strings = fc.array(pieces, { maxLength: 6 }).map((parts) => `"${parts.join('')}"`)
const values = fc.oneof(
  { arbitrary: numbers, weight: 4 },
  { arbitrary: strings, weight: 4 },
  fc.constantFrom(
    'true',
    'false',
    'null',
    'nul',
    'tRue',
    'falsee',
    '[1,2]',
    '[]',
    '{}',
    '{"id":1}',
    '',
    '"12"',
    '"2026-01-02 03:04:05"',
    '1750000000',
  ),
)
const keys = fc.constantFrom(
  'id',
  'name',
  'count',
  'ratio',
  'price',
  'at',
  'on',
  'day',
  'list',
  'dotted.key',
  'ID',
  'Name',
  'other',
  'é',
  'i\\u0064',
  '__proto__',
  '1',
  '',
)
const members = fc.tuple(blanks, keys, blanks, blanks, values, blanks)
const objects = fc
  .tuple(blanks, fc.array(members, { maxLength: 4 }), blanks)
  .map(
    ([before, of, after]) =>
      `${before}{${of.map(([a, key, b, c, value, d]) => `${a}"${key}"${b}:${c}${value}${d}`).join(',')}}${after}`,
  )
/** Some with a byte that is another, cut off, or in another encoding. */
const records = fc
  .tuple(
    objects,
    fc.option(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { freq: 1 }),
    fc.option(fc.nat(), { freq: 8 }),
    fc.constantFrom('utf8', 'utf8', 'latin1'),
  )
  .map(([text, changed, cut, encoding]) => {
    const bytes = Buffer.from(text, encoding)
    if (changed !== null) bytes[changed[0] % bytes.length] = changed[1]
    return cut === null ? bytes : bytes.subarray(0, 1 + (cut % bytes.length))
  })

describe('records that are read from their bytes', () => {
  it.each([
    ['OpenX', configuration],
    ['Hive', hive],
  ])('have the cells that their values have, or are left to the longer way: %s', (_, of) => {
    let read = 0
    fc.assert(
      fc.property(fc.array(records, { minLength: 1, maxLength: 4 }), fc.nat(9), (some, before) => {
        for (const [index, cells] of flatRows(some, of, before).entries()) {
          if (cells === undefined) continue
          read += 1
          expect(cells).toEqual(rowOf(some[index] as Buffer, of))
        }
      }),
      { numRuns: 3000 },
    )
    expect(read).toBeGreaterThan(500)
  })

  it.each([
    '{}',
    ' { "id" : 1 , "name" : "x" } \n',
    '{"id":1,"name":"x","count":-2,"ratio":0.25,"price":1.5,"at":"2026-01-02T03:04:05Z","on":true,"day":"2026-01-02"}',
    '{"ID":"12","Name":"é😀","other":null,"at":1750000000}',
    '{"name":"a \\"word\\" and\\n\\u00e9","ratio":-1e-7,"id":1234567890123456789}',
    `{"name":"${'x'.repeat(10_000)}","dotted.key":7}`,
  ])('are those with one object of scalars: %s', (text) => {
    const record = Buffer.from(text)
    expect(flatRows([record, record, record])).toEqual([rowOf(record), rowOf(record), rowOf(record)])
  })

  it.each([
    ['no object', '[1]'],
    ['two objects', '{"id":1}{"id":2}'],
    ['a list in it', '{"list":[1]}'],
    ['two keys of one column', '{"id":1,"ID":2}'],
    ['a key with an escape', '{"\\u0069d":1}'],
    ['a value that does not fit', '{"id":"x"}'],
    ['an end that is missing', '{"name":"x'],
  ])('are not those with %s', (_, text) => {
    expect(flatRows([Buffer.from(text), Buffer.from('y"}')])).toEqual([undefined, undefined])
  })

  it('are not those that are UTF-8 only with the next', () => {
    const [whole] = ['{"name":"é"}'].map((text) => Buffer.from(text))
    const torn = [whole?.subarray(0, 10), whole?.subarray(10)] as Buffer[]
    expect(flatRows(torn)).toEqual([undefined, undefined])
    expect(flatRows([Buffer.from('{"name":"\xe9"}', 'latin1')])).toEqual([undefined])
  })
})
