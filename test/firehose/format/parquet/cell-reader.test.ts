import { describe, expect, it } from 'vitest'
import type { ConversionConfiguration } from '../../../../src/firehose/configuration.ts'
import { parseColumnType } from '../../../../src/firehose/format/type-text.ts'
import { cellReaderOf } from '../../../../src/firehose/format/parquet/cell-reader.ts'
import { jsonValues } from '../../../../src/firehose/format/parquet/json-values.ts'

const openx: ConversionConfiguration['input'] = {
  kind: 'openx',
  caseInsensitive: true,
  dotsToUnderscores: false,
  keyOfColumn: {},
  timestampFormats: [],
}
const hive: ConversionConfiguration['input'] = { ...openx, kind: 'hive' }

/** What becomes of some JSON in a column: the cell, or the message. */
function cell(type: string, json: string, input = openx): unknown {
  try {
    return cellReaderOf(parseColumnType(type), input)(jsonValues(json)[0])
  } catch (error) {
    return (error as Error).message
  }
}

const mismatch = (why: string): string => `Data does not match the schema. ${why}`

describe('OpenX', () => {
  it.each<[string, string, unknown]>([
    ['boolean', 'true', true],
    ['boolean', '"FALSE"', false],
    ['tinyint', '-128', -128],
    ['smallint', '"32767"', 32_767],
    ['int', '2147483647', 2_147_483_647],
    ['int', '1e3', 1000],
    ['bigint', '9223372036854775807', 9_223_372_036_854_775_807n],
    ['bigint', '-9223372036854775808', -9_223_372_036_854_775_808n],
    ['bigint', '"9007199254740993"', 9_007_199_254_740_993n],
    ['bigint', '123456789012345e2', 12_345_678_901_234_500n],
    ['float', '0.1', Math.fround(0.1)],
    ['double', '0.1234567890123456789', 0.123_456_789_012_345_68],
    ['double', '"NaN"', Number.NaN],
    ['double', '"-Infinity"', Number.NEGATIVE_INFINITY],
    ['double', '1e999', Number.POSITIVE_INFINITY],
    ['double', '7', 7],
    ['string', '"x"', 'x'],
    ['string', '1.5', '1.5'],
    ['string', '12345678901234567890', '12345678901234567890'],
    ['string', 'true', 'true'],
    ['string', '{"Outer":{"Inner":[1,null,"é"]}}', '{"outer":{"inner":[1,null,"é"]}}'],
    ['varchar(3)', '"abcd"', 'abcd'],
    ['binary', '"AAEC"', Uint8Array.of(0, 1, 2)],
    ['date', '"2026-11-28"', 20_785],
    ['timestamp', '1518033528', 1_518_033_528_000_000n],
    ['timestamp', '1518033528123', 1_518_033_528_123_000n],
    ['timestamp', '1518033528.123', 1_518_033_528_123_000n],
    ['timestamp', '"2017-02-07T15:13:01.39256Z"', 1_486_480_381_392_560n],
    ['timestamp', '"1518033528"', 1_518_033_528_000_000n],
    ['decimal(10,2)', '1.25', 125n],
    ['decimal(10,2)', '1.005', 101n],
    ['decimal(10,2)', '-1.005', -101n],
    ['decimal(10,2)', '"99999999.99"', 9_999_999_999n],
    [
      'decimal(38,18)',
      '12345678901234567890.123456789012345678',
      12_345_678_901_234_567_890_123_456_789_012_345_678n,
    ],
    ['decimal(10,2)', '1e-400', 0n],
    ['array<int>', '[1,null,"3"]', [1, null, 3]],
    ['array<int>', '7', [7]],
    ['array<array<string>>', '[["a"],null,[]]', [['a'], null, []]],
    ['map<string,int>', '{"Mixed":1,"mixed":2}', [{ key: 'mixed', value: 2 }]],
    [
      'map<int,string>',
      '{"1":"a","2":null}',
      [
        { key: 1, value: 'a' },
        { key: 2, value: null },
      ],
    ],
    ['struct<a:int,B:string>', '{"A":1,"b":"x","other":2}', { a: 1, B: 'x' }],
    ['struct<a:int,b:string>', '[1]', { a: 1, b: null }],
    ['struct<a:int,b:string>', '{}', { a: null, b: null }],
  ])('%s takes %s', (type, json, expected) => {
    const found = cell(type, json)
    expect(
      typeof found === 'object' && !(found instanceof Uint8Array) ? structuredClone(found) : found,
    ).toEqual(expected)
  })

  it.each<[string, string, string]>([
    ['boolean', '"yes"', mismatch('"yes" is neither true nor false')],
    ['boolean', '1', mismatch('1 is neither true nor false')],
    ['tinyint', '128', mismatch('Numeric value (128) out of range of an integer of 8 bits')],
    ['int', '"oops"', mismatch('For input string: "oops"')],
    ['int', '1.5', mismatch('For input string: "1.5"')],
    ['int', '""', mismatch('For input string: ""')],
    ['int', '{}', mismatch('an object is no number')],
    [
      'bigint',
      '9223372036854775808',
      mismatch('Numeric value (9223372036854775808) out of range of an integer of 64 bits'),
    ],
    ['bigint', '"1e999999999"', mismatch('For input string: "1e999999999"')],
    ['double', '"0x10"', mismatch('For input string: "0x10"')],
    ['decimal(4,2)', '100', mismatch('For input string: "100": it is no decimal(4,2)')],
    ['decimal(4,2)', '99.995', mismatch('For input string: "99.995": it is no decimal(4,2)')],
    ['binary', '"a"', mismatch('"a" is no base64')],
    ['date', '"2026-02-29"', mismatch('"2026-02-29" is no date')],
    ['date', '20785', mismatch('20785 is no date')],
    ['timestamp', '"tomorrow"', mismatch('"tomorrow" is no timestamp')],
    ['timestamp', 'true', mismatch('true is no timestamp')],
    ['struct<a:int>', '42', mismatch('Data is not JSONObject  but 42')],
    ['map<string,int>', '[["k",1]]', mismatch('A map column cannot hold a JSON array.')],
    ['array<struct<q:int>>', '[{"q":"oops"}]', mismatch('For input string: "oops"')],
  ])('%s refuses %s', (type, json, message) => {
    expect(cell(type, json)).toBe(message)
  })

  it('refuses text that is nested without end', () => {
    const deep = `${'['.repeat(5000)}${']'.repeat(5000)}`
    expect(cell('string', deep)).toBe(mismatch('It is nested more than 1000 levels deep'))
  })
})

describe('Hive', () => {
  it.each<[string, string, string | object, string[]?]>([
    ['array<string>', '"solo"', mismatch('java.io.IOException: Start of Array expected')],
    ['struct<a:int>', '[1]', mismatch('java.io.IOException: Start of Object expected')],
    ['int', '"7"', mismatch('Current token (VALUE_STRING) not numeric, can not use numeric value accessors')],
    ['string', '{}', 'One or more fields have incorrect format. Exception when validating field (root)'],
    ['boolean', '"true"', mismatch('"true" is neither true nor false')],
    ['timestamp', '1518033528', mismatch('1518033528 is no timestamp')],
    ['timestamp', '"2017-02-07 15:13:01"', mismatch('"2017-02-07 15:13:01" is no timestamp'), ['millis']],
    // What a file could not hold would fail all records of its object.
    ['timestamp', '"999999999-1-1"', mismatch('"999999999-1-1" is no timestamp'), ['y-M-d']],
    ['timestamp', '"300000-1-1"', mismatch('"300000-1-1" is no timestamp'), ['y-M-d']],
    ['date', '"999999999-1-1"', mismatch('"999999999-1-1" is no date'), ['y-M-d']],
    ['date', `"${'9'.repeat(400)}-1-1"`, expect.stringContaining('is no date'), [`${'y'.repeat(400)}-M-d`]],
  ])('%s refuses %s', (type, json, message, timestampFormats = []) => {
    expect(cell(type, json, { ...hive, timestampFormats })).toEqual(message)
  })

  it.each<[string, string, unknown, string[]?]>([
    ['array<string>', '[1,2]', ['1', '2']],
    ['map<string,int>', '{"Mixed":1}', [{ key: 'Mixed', value: 1 }]],
    ['timestamp', '"2017-02-07 15:13:01"', 1_486_480_381_000_000n],
    ['timestamp', '1518033528123', 1_518_033_528_123_000n, ['millis']],
    ['timestamp', '20170207', 1_486_425_600_000_000n, ['millis!', 'yyyyMMdd']],
    ['date', '"28.11.2026"', 20_785, ['dd.MM.yyyy']],
    ['date', '"1969-12-31T23:00"', -1, ["yyyy-MM-dd'T'HH:mm"]],
  ])('%s takes %s', (type, json, expected, formats = []) => {
    const timestampFormats = formats.filter((format) => format !== 'millis!')
    expect(cell(type, json, { ...hive, timestampFormats })).toEqual(expected)
  })
})
