import { invalidArgument } from '../../errors.ts'
import { requireBoolean, requireOneOf, requireOptions } from '../../options.ts'
import { MiB } from '../../units.ts'
import type { Column, ConversionConfiguration } from '../configuration.ts'
import type { FirehoseOptions } from '../firehose-options.ts'

/** JSON becomes Parquet. */
export interface ParquetOptions {
  /** Columns by name, each with a type as Hive has them, such as `array<struct<a:int>>`; or a table of `firehose`'s options. */
  readonly columns: Readonly<Record<string, string>> | string
  /** @defaultValue 'SNAPPY' */
  readonly compression?: 'UNCOMPRESSED' | 'SNAPPY' | 'GZIP' | undefined
  /** Keys of JSON match columns whatever their case. @defaultValue true */
  readonly caseInsensitive?: boolean | undefined
  /** From the column's name to the key in the JSON, where they differ. */
  readonly keyOfColumn?: Readonly<Record<string, string>> | undefined
  /** Patterns of Joda time, or `millis`. @defaultValue the usual ones */
  readonly timestampFormats?: readonly string[] | undefined
}

const keys: readonly string[] = [
  'columns',
  'compression',
  'caseInsensitive',
  'keyOfColumn',
  'timestampFormats',
]

/** What AWS begins with (Firehose API reference, "ParquetSerDe"). */
const blockBytes: number = 256 * MiB
const pageBytes: number = MiB

/** Rejects with `ERR_MILLRACE_INVALID_ARGUMENT`, `ERR_MILLRACE_UNKNOWN_OPTION`, `ERR_MILLRACE_UNSUPPORTED`. */
export async function conversionOf(
  field: string,
  options: ParquetOptions,
  { tables = {} }: Pick<FirehoseOptions, 'tables'>,
): Promise<ConversionConfiguration> {
  requireOptions(field, options, keys)
  const {
    columns,
    compression = 'SNAPPY',
    caseInsensitive = true,
    keyOfColumn = {},
    timestampFormats = [],
  } = options
  const table = typeof columns === 'string' ? columns : 'columns'
  const given = typeof columns === 'string' ? own(tables, columns) : columns
  if (given === undefined || Array.isArray(columns)) {
    throw invalidArgument(
      `${field}.columns`,
      columns,
      'columns by name, or one of the tables that firehose() was given',
    )
  }
  requireOptions(`${field}.keyOfColumn`, keyOfColumn, Object.keys(Object(keyOfColumn)))
  checkTexts(`${field}.keyOfColumn`, keyOfColumn, Object.values(keyOfColumn))
  if (!Array.isArray(timestampFormats))
    throw invalidArgument(`${field}.timestampFormats`, timestampFormats, 'a list')
  checkTexts(`${field}.timestampFormats`, timestampFormats, timestampFormats)
  const conversion: ConversionConfiguration = {
    schema: await schemaOf(`${field}.columns`, given),
    table,
    input: {
      kind: timestampFormats.length > 0 ? 'hive' : 'openx',
      caseInsensitive: requireBoolean(`${field}.caseInsensitive`, caseInsensitive),
      dotsToUnderscores: false,
      keyOfColumn,
      timestampFormats,
    },
    compression: requireOneOf(`${field}.compression`, compression, ['UNCOMPRESSED', 'SNAPPY', 'GZIP']),
    blockBytes,
    pageBytes,
    dictionary: false,
  }
  const { requireConvertible } = await import('../format/parquet/converter.ts')
  requireConvertible(conversion)
  return conversion
}

async function schemaOf(
  field: string,
  columns: readonly Column[] | Readonly<Record<string, string>>,
): Promise<readonly Column[]> {
  if (Array.isArray(columns)) return columns as readonly Column[]
  if (typeof columns !== 'object' || columns === null)
    throw invalidArgument(field, columns, 'columns by name')
  const { parseColumnType } = await import('../format/type-text.ts')
  const schema = Object.entries(columns).map(([name, type]) => ({ name, type: parseColumnType(type) }))
  if (schema.length === 0) throw invalidArgument(field, columns, 'one column at least')
  return schema
}

function own<T>(map: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(map, name) ? map[name] : undefined
}

function checkTexts(field: string, value: unknown, texts: readonly unknown[]): void {
  if (texts.every((text) => typeof text === 'string')) return
  throw invalidArgument(field, value, 'of texts')
}
