import type { Column, ConversionConfiguration } from '../../../firehose/configuration.ts'
import { MiB } from '../../../units.ts'
import { invalidArgumentFault } from '../../wire/fault.ts'
import type { ConversionMembers, DeserializerMembers, SchemaMembers, SerializerMembers } from '../members.ts'
import { columnsOf, type Tables } from './tables.ts'
import { unsupported } from './unsupported.ts'

/** Where schemas are looked up, and for whom. */
export interface Catalog {
  readonly tables: Tables
  readonly account: string
  readonly region: string
}

/** Whether records are converted: also if nothing says that they are not (AWS API model). */
export function isConverted(members: ConversionMembers | undefined): boolean {
  return members !== undefined && members.Enabled !== false
}

const where = 'DataFormatConversionConfiguration'

/** AWS's defaults (AWS API model). */
export const parquetDefaults: Required<NonNullable<SerializerMembers['ParquetSerDe']>> = {
  BlockSizeBytes: 256 * MiB,
  PageSizeBytes: MiB,
  Compression: 'SNAPPY',
  EnableDictionaryCompression: false,
  MaxPaddingBytes: 0,
  WriterVersion: 'V1',
}

/** How JSON becomes Parquet, of a configuration that is enabled; judged in the service's order. */
export function conversionOf(members: ConversionMembers, catalog: Catalog): ConversionConfiguration {
  const {
    InputFormatConfiguration: input,
    OutputFormatConfiguration: output,
    SchemaConfiguration: schema,
  } = members
  if (input === undefined) throw missing('InputFormatConfiguration')
  if (output === undefined) throw missing('OutputFormatConfiguration')
  if (schema === undefined) throw missing('SchemaConfiguration')
  const read = inputOf(input.Deserializer)
  const written = parquetOf(output.Serializer)
  return { ...tableOf(schema, catalog), input: read, ...written }
}

function missing(member: string): Error {
  return invalidArgumentFault(`${member} must not be null`)
}

function inputOf(deserializer: DeserializerMembers = {}): ConversionConfiguration['input'] {
  const { OpenXJsonSerDe: openX, HiveJsonSerDe: hive } = deserializer
  if (openX !== undefined && hive !== undefined) {
    throw invalidArgumentFault('More than one deserializer specified. Only one may be chosen.')
  }
  if (openX !== undefined) {
    const mapped = openX.ColumnToJsonKeyMappings ?? {}
    return {
      kind: 'openx',
      caseInsensitive: openX.CaseInsensitive ?? true,
      dotsToUnderscores: openX.ConvertDotsInJsonKeysToUnderscores ?? false,
      keyOfColumn: mapped instanceof Map ? Object.fromEntries(mapped) : { ...mapped },
      timestampFormats: [],
    }
  }
  if (hive === undefined) throw missing('Deserializer')
  return {
    kind: 'hive',
    caseInsensitive: true,
    dotsToUnderscores: false,
    keyOfColumn: {},
    timestampFormats: hive.TimestampFormats ?? [],
  }
}

function parquetOf(
  serializer: SerializerMembers = {},
): Pick<ConversionConfiguration, 'compression' | 'blockBytes' | 'pageBytes' | 'dictionary'> {
  const { ParquetSerDe: parquet, OrcSerDe: orc } = serializer
  if (parquet !== undefined && orc !== undefined) {
    throw invalidArgumentFault('More than one serializer specified. Only one may be chosen.')
  }
  const place = `${where}.OutputFormatConfiguration.Serializer`
  if (orc !== undefined) throw unsupported(`${place}.OrcSerDe`, 'use ParquetSerDe')
  if (parquet === undefined) throw missing('Serializer')
  const chosen = { ...parquetDefaults, ...parquet }
  if (chosen.WriterVersion !== 'V1') throw unsupported(`${place}.ParquetSerDe.WriterVersion V2`, 'use V1')
  if (chosen.MaxPaddingBytes !== 0)
    throw unsupported(`${place}.ParquetSerDe.MaxPaddingBytes other than 0`, 'nothing is padded')
  return {
    compression: chosen.Compression,
    blockBytes: chosen.BlockSizeBytes,
    pageBytes: chosen.PageSizeBytes,
    dictionary: chosen.EnableDictionaryCompression,
  }
}

function tableOf(
  schema: SchemaMembers,
  { tables, account, region }: Catalog,
): { readonly schema: readonly Column[]; readonly table: string } {
  // The service's words, which spell this member in their own way.
  if (schema.RoleARN === undefined) throw emptySchema('RoleArn')
  if (schema.DatabaseName === undefined) throw emptySchema('DatabaseName')
  if (schema.TableName === undefined) throw emptySchema('TableName')
  const place = `${where}.SchemaConfiguration`
  const usual = { CatalogId: account, Region: region, VersionId: 'LATEST' }
  for (const [member, only] of Object.entries(usual)) {
    const value = schema[member as keyof SchemaMembers]
    if (value !== undefined && value !== only)
      throw unsupported(`${place}.${member} ${value}`, `it can be ${only} or left out`)
  }
  const table = `${schema.DatabaseName}.${schema.TableName}`
  return { table, schema: columnsOf(table, tables) }
}

function emptySchema(member: string): Error {
  return invalidArgumentFault(`SchemaConfiguration.${member} must not be null or empty`)
}
