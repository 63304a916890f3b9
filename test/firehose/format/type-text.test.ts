import { describe, expect, it } from 'vitest'
import { MillraceError } from '../../../src/errors.ts'
import type { ColumnType } from '../../../src/firehose/configuration.ts'
import { parseColumnType } from '../../../src/firehose/format/type-text.ts'

/** The type in Hive's words again. */
function words(type: ColumnType): string {
  switch (type.kind) {
    case 'primitive':
      return type.name
    case 'decimal':
      return `decimal(${type.precision},${type.scale})`
    case 'array':
      return `array<${words(type.of)}>`
    case 'map':
      return `map<${words(type.key)},${words(type.value)}>`
    case 'struct':
      return `struct<${type.fields.map((field) => `${field.name}:${words(field.type)}`).join(',')}>`
    default:
      return type satisfies never
  }
}

function codeOf(text: string): string | undefined {
  try {
    parseColumnType(text)
    return undefined
  } catch (error) {
    return error instanceof MillraceError ? error.code : 'another error'
  }
}

describe('a type of Hive', () => {
  it.each([
    'boolean',
    'tinyint',
    'smallint',
    'int',
    'bigint',
    'float',
    'double',
    'string',
    'binary',
    'date',
    'timestamp',
    'decimal(38,38)',
    'array<struct<a:int,b:string>>',
    'map<string,array<map<int,decimal(10,2)>>>',
    'struct<MixedCase:int,with space:struct<x-y:date>>',
  ])('is read: %s', (text) => {
    expect(words(parseColumnType(text))).toBe(text)
  })

  it.each([
    [' ARRAY < Struct< a : INT , b:String > > ', 'array<struct<a:int,b:string>>'],
    ['integer', 'int'],
    ['varchar(65535)', 'string'],
    ['char( 255 )', 'string'],
    ['decimal', 'decimal(10,0)'],
    ['DECIMAL(5)', 'decimal(5,0)'],
    ['numeric(5, 5)', 'decimal(5,5)'],
    ['struct<`a`:int>', 'struct<a:int>'],
  ])('is read however it is written: %s', (text, type) => {
    expect(words(parseColumnType(text))).toBe(type)
  })

  it.each([
    '',
    ' ',
    'text',
    'constructor',
    'int int',
    'array',
    'array<int',
    'array<int>>',
    'array<>',
    'struct<>',
    'struct<a>',
    'struct<a:int,A:int>',
    'struct<a:int,>',
    'map<string>',
    'map<array<int>,int>',
    'decimal(39,0)',
    'decimal(0)',
    'decimal(5,6)',
    'decimal(-1)',
    'varchar',
    'varchar(65536)',
    'char(256)',
    'array<'.repeat(40) + 'int' + '>'.repeat(40),
    'array<'.repeat(100_000),
  ])('is refused: %s', (text) => {
    expect(codeOf(text)).toBe('ERR_MILLRACE_INVALID_ARGUMENT')
  })

  it('names what conversion does not know', () => {
    expect(() => parseColumnType('array<uniontype<int,string>>')).toThrow(
      expect.objectContaining({
        code: 'ERR_MILLRACE_UNSUPPORTED',
        message: expect.stringContaining('uniontype') as string,
      }),
    )
  })
})
