import { randomBytes } from 'node:crypto'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { ConversionConfiguration } from '../../../../src/firehose/configuration.ts'
import type { DeliveryRecord } from '../../../../src/firehose/delivery-record.ts'
import { parseColumnType } from '../../../../src/firehose/format/type-text.ts'
import {
  converterOf,
  type Converted,
  type Converter,
  type ConverterOptions,
} from '../../../../src/firehose/format/parquet/converter.ts'
import { hyparquetRows, queried } from './parquet-rows.ts'

const { signal } = new AbortController()

function configuration(
  columns: Readonly<Record<string, string>>,
  other: Partial<ConversionConfiguration> = {},
): ConversionConfiguration {
  return {
    schema: Object.entries(columns).map(([name, type]) => ({ name, type: parseColumnType(type) })),
    table: 'db.events',
    input: {
      kind: 'openx',
      caseInsensitive: true,
      dotsToUnderscores: false,
      keyOfColumn: {},
      timestampFormats: [],
    },
    compression: 'SNAPPY',
    blockBytes: 256 * 1024 * 1024,
    pageBytes: 1024 * 1024,
    dictionary: false,
    ...other,
  }
}

function temporary(): string {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-convert-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return folder
}

function converter(of: ConversionConfiguration, options: Partial<ConverterOptions> = {}): Converter {
  const made = converterOf(of, { folder: temporary(), ...options })
  onTestFinished(() => made.close())
  return made
}

/** Batches whose memory is used again, as those of a source are. */
async function* records(
  ...data: readonly (string | Uint8Array)[]
): AsyncGenerator<readonly DeliveryRecord[]> {
  for (const [index, each] of data.entries()) {
    const bytes = Buffer.from(each)
    yield [{ data: bytes, arrivedAtMs: index }]
    bytes.fill(0)
  }
}

async function bodyOf(converted: Converted): Promise<Buffer> {
  onTestFinished(() => converted.release())
  const pieces: Uint8Array[] = []
  for await (const piece of converted.body()) pieces.push(piece)
  const body = Buffer.concat(pieces)
  expect(body.length).toBe(converted.bytes)
  return body
}

const failures = ({ failed }: Converted): unknown[] =>
  failed.map(({ record, code, message }) => [
    Buffer.from(record.data).toString(),
    record.arrivedAtMs,
    code,
    message,
  ])

/** BigInts and typed values in a form that both readers' can be compared in. */
const shown = (rows: readonly unknown[]): unknown =>
  JSON.parse(JSON.stringify(rows, (_, value) => (typeof value === 'bigint' ? `${value}n` : value)))

/** What one record becomes, by columns `user_id` and `ts`. */
const rowOf = async (input: Partial<ConversionConfiguration['input']>): Promise<unknown> => {
  const of = configuration({ user_id: 'int', ts: 'string' })
  const converted = await converter({ ...of, input: { ...of.input, ...input } }).convert(
    records('{"User_Id":1,"user.id":2,"timestamp":"mapped","ts":"own","toString":1,"__proto__":{}}'),
    signal,
  )
  return Object.values((await hyparquetRows(await bodyOf(converted), of))[0] ?? {})
}

/** A record of 40 KB. */
const large = (): string => `{"x":"${'x'.repeat(39_960)}${randomBytes(12).toString('base64')}"}`

async function* failing(): AsyncGenerator<readonly DeliveryRecord[]> {
  yield* records(large())
  throw new Error('the spill file is gone')
}

describe('a converted file', () => {
  it('has every type, for DuckDB', async () => {
    const types = {
      b: 'boolean',
      t: 'tinyint',
      s: 'smallint',
      i: 'int',
      l: 'bigint',
      f: 'float',
      d: 'double',
      c: 'char(3)',
      x: 'binary',
      day: 'date',
      at: 'timestamp',
      d9: 'decimal(9,2)',
      d18: 'decimal(18,6)',
      d38: 'decimal(38,4)',
      tags: 'array<string>',
      attrs: 'map<string,int>',
      who: 'struct<name:string,age:int>',
      deep: 'array<struct<k:string,v:map<string,array<int>>>>',
    }
    const converted = await converter(configuration(types)).convert(
      records(
        `{"b":true,"t":-128,"s":32767,"i":-2147483648,"l":9223372036854775807,"f":0.5,"d":0.1,"c":"é😀","x":"AAEC",
          "day":"1969-12-31","at":1518033528.123456,"d9":-1234567.89,"d18":123456789012.345678,
          "d38":-1234567890123456789012345678901234.5678,"tags":["a",null,""],"attrs":{"k":1,"n":null},
          "who":{"name":"Bob"},"deep":[{"k":"x","v":{"y":[1,null]}},null,{"v":{}},{"v":{"z":[]}}]}`,
        '{"tags":[],"attrs":{},"who":{},"deep":[]}',
        '{}',
      ),
      signal,
    )
    expect([converted.rows, converted.failed]).toEqual([3, []])
    const described = await queried(temporary(), await bodyOf(converted), 'DESCRIBE file')
    expect(described.map((column) => column['column_type'])).toEqual([
      'BOOLEAN',
      'TINYINT',
      'SMALLINT',
      'INTEGER',
      'BIGINT',
      'FLOAT',
      'DOUBLE',
      'VARCHAR',
      'BLOB',
      'DATE',
      'TIMESTAMP',
      'DECIMAL(9,2)',
      'DECIMAL(18,6)',
      'DECIMAL(38,4)',
      'VARCHAR[]',
      'MAP(VARCHAR, INTEGER)',
      'STRUCT("name" VARCHAR, age INTEGER)',
      'STRUCT(k VARCHAR, v MAP(VARCHAR, INTEGER[]))[]',
    ])
    const text = await queried(
      temporary(),
      await bodyOf(converted),
      `SELECT CAST(COLUMNS(*) AS VARCHAR) FROM file`,
    )
    expect(text.map((row) => Object.values(row))).toEqual([
      [
        'true',
        '-128',
        '32767',
        '-2147483648',
        '9223372036854775807',
        '0.5',
        '0.1',
        'é😀',
        String.raw`\x00\x01\x02`,
        '1969-12-31',
        '2018-02-07 19:58:48.123456',
        '-1234567.89',
        '123456789012.345678',
        '-1234567890123456789012345678901234.5678',
        "[a, NULL, '']",
        '{k=1, n=NULL}',
        "{'name': Bob, 'age': NULL}",
        "[{'k': x, 'v': {y=[1, NULL]}}, NULL, {'k': NULL, 'v': {}}, {'k': NULL, 'v': {z=[]}}]",
      ],
      [...Array.from({ length: 14 }, () => null), '[]', '{}', "{'name': NULL, 'age': NULL}", '[]'],
      Array.from({ length: 18 }, () => null),
    ])
  })

  it.each(['UNCOMPRESSED', 'SNAPPY', 'GZIP'] as const)(
    'is the same for another reader: %s',
    async (compression) => {
      const columns = {
        id: 'bigint',
        name: 'string',
        ok: 'boolean',
        tags: 'array<int>',
        on: 'struct<x:double>',
      }
      const rows = Array.from({ length: 500 }, (_, id) => ({
        id: id % 7 === 0 ? null : `${id}n`,
        name: id % 5 === 0 ? null : `name ${id % 11}`,
        ok: id % 3 === 0,
        tags: id % 4 === 0 ? null : Array.from({ length: id % 4 }, (__, index) => index),
        on: { x: id / 8 },
      }))
      const texts = rows.map((row) => JSON.stringify({ ...row, id: row.id && Number.parseInt(row.id, 10) }))
      for (const dictionary of [false, true]) {
        const of = configuration(columns, { compression, dictionary, pageBytes: 1024 })
        const body = await bodyOf(await converter(of).convert(records(...texts), signal))
        expect(shown(await hyparquetRows(body, of))).toEqual(rows)
        expect(
          await queried(temporary(), body, 'SELECT DISTINCT compression FROM parquet_metadata($path)'),
        ).toEqual([{ compression }])
        expect(
          shown(await queried(temporary(), body, 'SELECT id, name, ok, tags, "on" FROM file')),
        ).toMatchObject(rows.map(({ id, ok }) => ({ id, ok })))
      }
    },
  )

  it('has a row for each value of each record, whatever they are', async () => {
    const of = configuration({ n: 'bigint', s: 'string', a: 'array<string>' })
    const made = converter(of)
    const row = fc.record(
      {
        n: fc.maxSafeInteger(),
        s: fc.string({ unit: 'binary' }),
        a: fc.array(fc.string({ unit: 'grapheme' })),
        other: fc.json(),
      },
      { requiredKeys: [] },
    )
    const record = fc.oneof(
      { weight: 4, arbitrary: fc.array(row, { minLength: 1, maxLength: 3 }) },
      { weight: 1, arbitrary: fc.constantFrom('', 'no JSON', '[{"n":1}]', '{"n":"x"}', '{"n":1}{', '7') },
    )
    await fc.assert(
      fc.asyncProperty(fc.array(record, { maxLength: 12 }), async (input) => {
        const texts = input.map((each) =>
          typeof each === 'string' ? each : each.map((one) => JSON.stringify(one)).join('\n'),
        )
        const rows = input.flatMap((each) => (typeof each === 'string' ? [] : each))
        const converted = await made.convert(records(...texts), signal)
        expect([converted.rows, converted.failed.length]).toEqual([
          rows.length,
          input.filter((each) => typeof each === 'string').length,
        ])
        if (rows.length === 0) {
          expect(converted.bytes).toBe(0)
        } else {
          expect(shown(await hyparquetRows(await bodyOf(converted), of))).toEqual(
            rows.map(({ n, s, a }) => ({
              n: n === undefined ? null : `${n}n`,
              s: s ?? null,
              a: a ?? null,
            })),
          )
        }
        await converted.release()
      }),
      { numRuns: 25 },
    )
  })
})

describe('records', () => {
  it('fail by themselves, with the codes of AWS', async () => {
    const of = configuration({ id: 'int' })
    const converted = await converter(of).convert(
      records(
        '{"id":1}',
        'no',
        '{"id":2}{"id":"x"}',
        '[{"id":3}]',
        Uint8Array.of(0x7b, 0xff),
        '',
        '{"id":4}',
        '5',
      ),
      signal,
    )
    const json = 'Encountered malformed JSON. '
    expect(failures(converted)).toEqual([
      ['no', 1, 'DataFormatConversion.ParseError', `${json}Unexpected "n" at character 0`],
      [
        '{"id":2}{"id":"x"}',
        2,
        'DataFormatConversion.MalformedData',
        'Data does not match the schema. For input string: "x"',
      ],
      [
        '[{"id":3}]',
        3,
        'DataFormatConversion.ParseError',
        `${json}A JSONObject text must begin with '{' at 1`,
      ],
      ['{\ufffd', 4, 'DataFormatConversion.ParseError', `${json}It is not UTF-8`],
      ['', 5, 'DataFormatConversion.ParseError', `${json}Unexpected end of the record`],
      ['5', 7, 'DataFormatConversion.ParseError', `${json}A JSONObject text must begin with '{' at 1`],
    ])
    expect(
      converted.failed.every(({ type, attempts }) => type === 'format-conversion-failed' && attempts === 1),
    ).toBe(true)
    expect(await hyparquetRows(await bodyOf(converted), of)).toEqual([{ id: 1 }, { id: 4 }])
  })

  it('are found by the keys that the input is told to take', async () => {
    expect(await rowOf({})).toEqual([1, 'own'])
    expect(await rowOf({ caseInsensitive: false })).toEqual([null, 'own'])
    expect(await rowOf({ dotsToUnderscores: true })).toEqual([2, 'own'])
    expect(await rowOf({ keyOfColumn: { ts: 'Timestamp' } })).toEqual([1, 'mapped'])
    expect(await rowOf({ kind: 'hive', caseInsensitive: false })).toEqual([1, 'own'])
  })

  it('cannot exhaust the thread that converts them', async () => {
    const wide = Object.fromEntries(Array.from({ length: 900 }, (_, index) => [`c${index}`, 'int']))
    const converted = await converter(configuration(wide)).convert(
      records('{}'.repeat(500_000), '{"c7":7}', `{"c1":${'['.repeat(500_000)}`),
      signal,
    )
    expect(converted.rows).toBe(1)
    expect(converted.failed.map(({ message }) => message)).toEqual([
      'Data does not match the schema. It has 500000 rows',
      'Encountered malformed JSON. It is nested more than 1000 levels deep',
    ])
  })
})

describe('memory and files', () => {
  it('are given back: a large file is on disk, without a name, and can be read again', async () => {
    const folder = temporary()
    const of = configuration({ x: 'string' }, { compression: 'UNCOMPRESSED' })
    const made = converter(of, { folder, memoryBytes: 100_000 })
    const texts = Array.from({ length: 150 }, large)
    const converted = await made.convert(records(...texts), signal)
    expect(converted.bytes).toBeGreaterThan(5_000_000)
    expect(readdirSync(folder)).toEqual([])
    const body = await bodyOf(converted)
    expect(body.equals(await bodyOf(converted))).toBe(true)
    expect((await hyparquetRows(body, of)).map((row) => JSON.stringify(row))).toEqual(texts)
    await converted.release()
    await converted.release()
    await expect(bodyOf(converted)).rejects.toThrow('released')
  })

  it('has row groups of at most 8 MiB of JSON', async () => {
    const made = converter(configuration({ x: 'string' }))
    const converted = await made.convert(records(...Array.from({ length: 500 }, large)), signal)
    const body = await bodyOf(converted)
    const groups = await queried(
      temporary(),
      body,
      'SELECT row_group_num_rows AS rows FROM parquet_metadata($path)',
    )
    expect(groups.map(({ rows }) => Number(rows))).toEqual([209, 209, 82])
    expect(
      await queried(
        temporary(),
        body,
        'SELECT count(DISTINCT x) AS count, min(length(x)) AS length FROM file',
      ),
    ).toEqual([{ count: 500n, length: 39_976n }])
  })

  it('knows the least and the greatest text of each row group', async () => {
    const of = configuration({ x: 'string' }, { blockBytes: 40 })
    const names = ['ab', 'aa', 'ba', 'bb', 'ca', 'cb', 'da', 'db'].map((name) => `${name}-123456`)
    const converted = await converter(of).convert(records(...names.map((x) => JSON.stringify({ x }))), signal)
    const groups = await queried(
      temporary(),
      await bodyOf(converted),
      'SELECT stats_min_value AS least, stats_max_value AS greatest FROM parquet_metadata($path)',
    )
    expect(groups.map(({ least, greatest }) => [least, greatest])).toEqual(
      ['a', 'b', 'c', 'd'].map((group) => [`${group}a-123456`, `${group}b-123456`]),
    )
  })

  it('are given back when it is given up, and the next one is not held up', async () => {
    const made = converter(configuration({ x: 'string' }))
    const abort = new AbortController()
    async function* endless(): AsyncGenerator<readonly DeliveryRecord[]> {
      for (let count = 0; ; count += 1) {
        yield* records(large())
        if (count === 250) abort.abort(new Error('enough'))
      }
    }
    const several = Array.from({ length: 5 }, () => made.convert(endless(), abort.signal))
    const outcomes = await Promise.allSettled(several)
    expect(outcomes.map((each) => each.status === 'rejected' && (each.reason as Error).message)).toEqual(
      Array.from({ length: 5 }, () => 'enough'),
    )
    expect((await made.convert(records(large()), signal)).rows).toBe(1)
  })

  it('fails with its source', async () => {
    await expect(converter(configuration({ x: 'string' })).convert(failing(), signal)).rejects.toThrow(
      'spill file',
    )
  })
})

describe('a configuration', () => {
  it.each([
    ['no columns', configuration({}), 'ERR_MILLRACE_INVALID_ARGUMENT'],
    ['two columns of a name', configuration({ a: 'int', A: 'int' }), 'ERR_MILLRACE_INVALID_ARGUMENT'],
    [
      'a format of timestamps that is not known',
      configuration(
        { a: 'timestamp' },
        {
          input: {
            kind: 'hive',
            caseInsensitive: true,
            dotsToUnderscores: false,
            keyOfColumn: {},
            timestampFormats: ['yyyy z'],
          },
        },
      ),
      'ERR_MILLRACE_UNSUPPORTED',
    ],
  ])('is refused with %s', (_, of, code) => {
    expect(() => converterOf(of, { folder: '/tmp' })).toThrow(expect.objectContaining({ code }))
  })
})
