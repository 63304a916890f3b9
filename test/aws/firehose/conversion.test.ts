import { type DataFormatConversionConfiguration, UpdateDestinationCommand } from '@aws-sdk/client-firehose'
import { describe, expect, it } from 'vitest'
import type { Column, ConversionConfiguration } from '../../../src/firehose/configuration.ts'
import { converted, createS3, DeliveryStreamName, described, tables } from './requests.ts'
import { account, type FirehoseRig, openRig, RoleARN } from './rig.ts'

const conversion = converted.DataFormatConversionConfiguration as DataFormatConversionConfiguration
const { SchemaConfiguration: schema } = conversion
const options = { firehose: { tables } }

function stored({ firehose }: FirehoseRig): ConversionConfiguration | undefined {
  const key = { account, region: 'us-east-1', name: DeliveryStreamName }
  const { destination } = firehose.deliveryStream(key).configuration
  return destination.kind === 'objects' ? destination.conversion : undefined
}

async function shown(rig: FirehoseRig): Promise<DataFormatConversionConfiguration | undefined> {
  const [destination] = (await described(rig)).Destinations ?? []
  return destination?.ExtendedS3DestinationDescription?.DataFormatConversionConfiguration
}

function column(name: string): Column {
  return { name, type: { kind: 'primitive', name: 'int' } }
}

describe('conversion', () => {
  it('[O] conversion: is on unless it says otherwise, with buffers of 128 MiB', async () => {
    const rig = await openRig(options)
    await createS3(rig, converted)
    expect(stored(rig)).toEqual({
      table: 'web.clicks',
      schema: [
        { name: 'page', type: { kind: 'primitive', name: 'string' } },
        { name: 'at', type: { kind: 'primitive', name: 'timestamp' } },
      ],
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
    })
    const [destination] = (await described(rig)).Destinations ?? []
    expect(destination?.ExtendedS3DestinationDescription?.BufferingHints).toEqual({
      SizeInMBs: 128,
      IntervalInSeconds: 300,
    })
  })

  it('[A] conversion: what was said is done and described, with maps as maps', async () => {
    const rig = await openRig(options)
    const OpenXJsonSerDe = {
      CaseInsensitive: false,
      ConvertDotsInJsonKeysToUnderscores: true,
      ColumnToJsonKeyMappings: { page: 'Page', at: '__proto__' },
    }
    const ParquetSerDe = {
      BlockSizeBytes: 67_108_864,
      PageSizeBytes: 65_536,
      Compression: 'GZIP',
      EnableDictionaryCompression: true,
    } as const
    await createS3(rig, {
      DataFormatConversionConfiguration: {
        ...conversion,
        SchemaConfiguration: { ...schema, CatalogId: account, Region: 'us-east-1', VersionId: 'LATEST' },
        InputFormatConfiguration: { Deserializer: { OpenXJsonSerDe } },
        OutputFormatConfiguration: { Serializer: { ParquetSerDe } },
      },
    })
    expect(await shown(rig)).toMatchObject({
      Enabled: true,
      SchemaConfiguration: { DatabaseName: 'web', VersionId: 'LATEST' },
      InputFormatConfiguration: { Deserializer: { OpenXJsonSerDe } },
      OutputFormatConfiguration: { Serializer: { ParquetSerDe: { ...ParquetSerDe, WriterVersion: 'V1' } } },
    })
    expect(stored(rig)).toMatchObject({
      input: { caseInsensitive: false, dotsToUnderscores: true },
      compression: 'GZIP',
      blockBytes: 67_108_864,
      pageBytes: 65_536,
      dictionary: true,
    })
    expect(Object.entries(stored(rig)?.input.keyOfColumn ?? {})).toEqual([
      ['page', 'Page'],
      ['at', '__proto__'],
    ])
  })

  it("[A] conversion: Hive's reader has patterns of timestamps", async () => {
    const rig = await openRig(options)
    const InputFormatConfiguration = {
      Deserializer: { HiveJsonSerDe: { TimestampFormats: ['millis', 'yyyy-MM-dd'] } },
    }
    await createS3(rig, {
      DataFormatConversionConfiguration: { ...conversion, InputFormatConfiguration },
    })
    expect(stored(rig)?.input).toMatchObject({ kind: 'hive', timestampFormats: ['millis', 'yyyy-MM-dd'] })
    expect((await shown(rig))?.InputFormatConfiguration).toEqual(InputFormatConfiguration)
  })

  it('[A] conversion: what is disabled is kept, not judged, and does nothing', async () => {
    const rig = await openRig()
    await createS3(rig, {
      CompressionFormat: 'GZIP',
      DataFormatConversionConfiguration: { Enabled: false, SchemaConfiguration: { DatabaseName: 'web' } },
    })
    expect(stored(rig)).toBeUndefined()
    expect(await shown(rig)).toEqual({ Enabled: false, SchemaConfiguration: { DatabaseName: 'web' } })
  })

  it('keeps the schema as it was, whatever becomes of the table', async () => {
    const own = { 'web.clicks': [{ name: 'page', type: { kind: 'primitive', name: 'string' } }] } as const
    const rig = await openRig({ firehose: { tables: own } })
    await createS3(rig, converted)
    expect(stored(rig)?.schema).toEqual(own['web.clicks'])
  })
})

type Changed = DataFormatConversionConfiguration

const input = (Deserializer: object): Changed => ({ InputFormatConfiguration: { Deserializer } })
const output = (Serializer: object): Changed => ({ OutputFormatConfiguration: { Serializer } })

describe('conversion that is refused', () => {
  const place = 'DataFormatConversionConfiguration'
  it.each<[string, Changed, string]>([
    [
      '[O] conversion: needs an input',
      { InputFormatConfiguration: undefined },
      'InputFormatConfiguration must not be null',
    ],
    [
      '[O] conversion: needs an output',
      { OutputFormatConfiguration: undefined },
      'OutputFormatConfiguration must not be null',
    ],
    [
      '[O] conversion: needs a schema',
      { SchemaConfiguration: undefined },
      'SchemaConfiguration must not be null',
    ],
    ['[O] conversion: needs a reader', input({}), 'Deserializer must not be null'],
    ['[O] conversion: needs a writer', output({}), 'Serializer must not be null'],
    [
      '[O] conversion: has one reader',
      input({ OpenXJsonSerDe: {}, HiveJsonSerDe: {} }),
      'More than one deserializer specified. Only one may be chosen.',
    ],
    [
      '[O] conversion: has one writer',
      output({ ParquetSerDe: {}, OrcSerDe: {} }),
      'More than one serializer specified. Only one may be chosen.',
    ],
    [
      'ORC',
      output({ OrcSerDe: {} }),
      `${place}.OutputFormatConfiguration.Serializer.OrcSerDe is not supported by millrace: use ParquetSerDe.`,
    ],
    [
      'the second version of pages',
      output({ ParquetSerDe: { WriterVersion: 'V2' } }),
      `${place}.OutputFormatConfiguration.Serializer.ParquetSerDe.WriterVersion V2 is not supported by millrace: use V1.`,
    ],
    [
      'padding',
      output({ ParquetSerDe: { MaxPaddingBytes: 1 } }),
      `${place}.OutputFormatConfiguration.Serializer.ParquetSerDe.MaxPaddingBytes other than 0 is not supported by ` +
        'millrace: nothing is padded.',
    ],
    [
      '[O] conversion: needs a role of its schema',
      { SchemaConfiguration: { ...schema, RoleARN: undefined } },
      'SchemaConfiguration.RoleArn must not be null or empty',
    ],
    [
      '[O] conversion: needs a database of its schema',
      { SchemaConfiguration: { ...schema, DatabaseName: undefined } },
      'SchemaConfiguration.DatabaseName must not be null or empty',
    ],
    [
      '[O] conversion: needs a table of its schema',
      { SchemaConfiguration: { ...schema, TableName: undefined } },
      'SchemaConfiguration.TableName must not be null or empty',
    ],
    [
      'another catalog',
      { SchemaConfiguration: { ...schema, CatalogId: '1' } },
      `${place}.SchemaConfiguration.CatalogId 1 is not supported by millrace: it can be ${account} or left out.`,
    ],
    [
      'a table that is not there',
      { SchemaConfiguration: { ...schema, TableName: 'constructor' } },
      "SchemaConfiguration names the table web.constructor, which is not there: tables are an option of the store's " +
        'Firehose.',
    ],
  ])('%s', async (_what, changed, message) => {
    const rig = await openRig(options)
    const DataFormatConversionConfiguration = { ...conversion, ...changed }
    await expect(createS3(rig, { DataFormatConversionConfiguration })).rejects.toMatchObject({
      name: 'InvalidArgumentException',
      message,
    })
  })

  it('[O] conversion: needs a bucket that compresses nothing', async () => {
    const rig = await openRig(options)
    await expect(createS3(rig, { ...converted, CompressionFormat: 'GZIP' })).rejects.toMatchObject({
      name: 'InvalidArgumentException',
      message: expect.stringMatching(
        /^The S3 destination's compression format must be set to UNCOMPRESSED when data format conversion is enabled\. /,
      ) as string,
    })
  })

  it('[O] conversion: buffers 64 MiB at least', async () => {
    const rig = await openRig(options)
    const BufferingHints = { SizeInMBs: 63, IntervalInSeconds: 60 }
    await expect(createS3(rig, { ...converted, BufferingHints })).rejects.toMatchObject({
      name: 'InvalidArgumentException',
      message: 'BufferingHints.SizeInMBs must be at least 64 when data format conversion is enabled.',
    })
  })

  it('a table with a type that conversion does not know', async () => {
    const rig = await openRig({
      firehose: { tables: { 'web.clicks': { page: 'uniontype<int,string>' } } },
    }).catch((error: unknown) => error)
    if (!(rig instanceof Error)) {
      await expect(createS3(rig as FirehoseRig, converted)).rejects.toMatchObject({
        name: 'InvalidArgumentException',
        message: expect.stringMatching(/uniontype/) as string,
      })
    } else expect(rig.message).toMatch(/uniontype/)
  })

  it.each([
    ['a format of timestamps that has letters of none', ['yyyy q'], /timestamp/i],
    ['a format of timestamps with names of zones', ['yyyy zzz'], /zzz|z/],
  ])('%s', async (_, TimestampFormats, words) => {
    const rig = await openRig(options)
    const InputFormatConfiguration = { Deserializer: { HiveJsonSerDe: { TimestampFormats } } }
    const hive = { ...conversion, InputFormatConfiguration }
    await expect(createS3(rig, { DataFormatConversionConfiguration: hive })).rejects.toMatchObject({
      name: 'InvalidArgumentException',
      message: expect.stringMatching(words) as string,
    })
    await createS3(rig, converted)
    const update = new UpdateDestinationCommand({
      DeliveryStreamName,
      DestinationId: 'destinationId-000000000001',
      CurrentDeliveryStreamVersionId: '1',
      ExtendedS3DestinationUpdate: { DataFormatConversionConfiguration: hive },
    })
    await expect(rig.client.send(update)).rejects.toMatchObject({ name: 'InvalidArgumentException' })
  })

  it.each([
    ['no columns', {}],
    ['columns of one name', [column('a'), column('A')]],
  ])('a table with %s', async (_, columns) => {
    const rig = await openRig({ firehose: { tables: { 'web.clicks': columns } } })
    await expect(createS3(rig, converted)).rejects.toMatchObject({
      name: 'InvalidArgumentException',
      message: expect.stringMatching(/columns/) as string,
    })
  })

  it('a role of none', async () => {
    const rig = await openRig(options)
    await expect(
      createS3(rig, {
        DataFormatConversionConfiguration: {
          ...conversion,
          SchemaConfiguration: { ...schema, RoleARN: `${RoleARN} ` },
        },
      }),
    ).rejects.toMatchObject({ name: 'ValidationException' })
  })
})
