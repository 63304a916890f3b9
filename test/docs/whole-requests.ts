/** Requests that have every member that docs/firehose.md does not call refused; all of them are to be answered. */

const account = '000000000000'
const RoleARN = `arn:aws:iam::${account}:role/any`
const BucketARN = 'arn:aws:s3:::records'
const stream = `arn:aws:kinesis:us-east-1:${account}:stream/visits`

const plainBucket = {
  RoleARN,
  BucketARN,
  Prefix: 'all/',
  ErrorOutputPrefix: 'errors/',
  BufferingHints: { SizeInMBs: 1, IntervalInSeconds: 0 },
  CompressionFormat: 'GZIP',
  EncryptionConfiguration: { NoEncryptionConfig: 'NoEncryption' },
  CloudWatchLoggingOptions: { Enabled: true, LogGroupName: 'g', LogStreamName: 's' },
}

const extraction = {
  Type: 'MetadataExtraction',
  Parameters: [
    { ParameterName: 'MetadataExtractionQuery', ParameterValue: '{customer: .id}' },
    { ParameterName: 'JsonParsingEngine', ParameterValue: 'JQ-1.6' },
  ],
}
const partitionedBucket = {
  ...plainBucket,
  Prefix: 'by/!{partitionKeyFromQuery:customer}/',
  ErrorOutputPrefix: 'errors/!{firehose:error-output-type}/',
  BufferingHints: { SizeInMBs: 64, IntervalInSeconds: 60 },
  CompressionFormat: 'UNCOMPRESSED',
  ProcessingConfiguration: { Enabled: true, Processors: [extraction] },
  S3BackupMode: 'Enabled',
  DynamicPartitioningConfiguration: { Enabled: true, RetryOptions: { DurationInSeconds: 60 } },
  FileExtension: '.json',
  CustomTimeZone: 'Europe/Vienna',
}

function conversion(Deserializer: object): object {
  return {
    Enabled: true,
    SchemaConfiguration: {
      RoleARN,
      CatalogId: account,
      DatabaseName: 'web',
      TableName: 'clicks',
      Region: 'us-east-1',
      VersionId: 'LATEST',
    },
    InputFormatConfiguration: { Deserializer },
    OutputFormatConfiguration: {
      Serializer: {
        ParquetSerDe: {
          BlockSizeBytes: 64 * 1024 * 1024,
          PageSizeBytes: 65_536,
          Compression: 'GZIP',
          EnableDictionaryCompression: true,
          MaxPaddingBytes: 0,
          WriterVersion: 'V1',
        },
      },
    },
  }
}
const openX = {
  OpenXJsonSerDe: {
    CaseInsensitive: true,
    ConvertDotsInJsonKeysToUnderscores: true,
    ColumnToJsonKeyMappings: { page: 'Page' },
  },
}
const hive = { HiveJsonSerDe: { TimestampFormats: ['millis'] } }

const http = {
  EndpointConfiguration: { Url: 'https://example.com/', Name: 'records', AccessKey: 'secret' },
  BufferingHints: { SizeInMBs: 1, IntervalInSeconds: 1 },
  CloudWatchLoggingOptions: { Enabled: false },
  RequestConfiguration: {
    ContentEncoding: 'GZIP',
    CommonAttributes: [{ AttributeName: 'a', AttributeValue: 'b' }],
  },
  ProcessingConfiguration: { Enabled: false },
  RoleARN,
  RetryOptions: { DurationInSeconds: 1 },
  S3BackupMode: 'AllData',
  SecretsManagerConfiguration: {
    Enabled: false,
    RoleARN,
    SecretARN: `arn:aws:secretsmanager:us-east-1:${account}:secret:s`,
  },
}

const encryption = { KeyType: 'CUSTOMER_MANAGED_CMK', KeyARN: `arn:aws:kms:us-east-1:${account}:key/k` }
const Tags = [{ Key: 'team', Value: 'web' }]
const Data = Buffer.from('{}').toString('base64')
const DestinationId = 'destinationId-000000000001'
const on = (DeliveryStreamName: string, more: object = {}): object => ({ DeliveryStreamName, ...more })
const update = (name: string, version: number, more: object): object =>
  on(name, { DestinationId, CurrentDeliveryStreamVersionId: String(version), ...more })

/** In order: each is answered by 200 if those before it were. */
export const firehoseRequests: readonly (readonly [operation: string, input: object])[] = [
  [
    'CreateDeliveryStream',
    on('old', {
      DeliveryStreamType: 'DirectPut',
      DirectPutSourceConfiguration: { ThroughputHintInMBs: 2 },
      DeliveryStreamEncryptionConfigurationInput: encryption,
      S3DestinationConfiguration: plainBucket,
      Tags,
    }),
  ],
  [
    'CreateDeliveryStream',
    on('new', {
      DeliveryStreamType: 'KinesisStreamAsSource',
      KinesisStreamSourceConfiguration: { KinesisStreamARN: stream, RoleARN },
      ExtendedS3DestinationConfiguration: {
        ...partitionedBucket,
        S3BackupConfiguration: plainBucket,
        DataFormatConversionConfiguration: conversion(openX),
      },
    }),
  ],
  [
    'CreateDeliveryStream',
    on('http', { HttpEndpointDestinationConfiguration: { ...http, S3Configuration: plainBucket } }),
  ],
  ['UpdateDestination', update('old', 1, { S3DestinationUpdate: plainBucket })],
  [
    'UpdateDestination',
    update('new', 1, {
      ExtendedS3DestinationUpdate: {
        ...partitionedBucket,
        S3BackupUpdate: plainBucket,
        DataFormatConversionConfiguration: { ...conversion(hive) },
      },
    }),
  ],
  [
    'UpdateDestination',
    update('http', 1, { HttpEndpointDestinationUpdate: { ...http, S3Update: plainBucket } }),
  ],
  ['PutRecord', on('old', { Record: { Data } })],
  ['PutRecordBatch', on('old', { Records: [{ Data }] })],
  ['DescribeDeliveryStream', on('old', { Limit: 1, ExclusiveStartDestinationId: DestinationId })],
  [
    'ListDeliveryStreams',
    { Limit: 1, DeliveryStreamType: 'DirectPut', ExclusiveStartDeliveryStreamName: 'a' },
  ],
  ['TagDeliveryStream', on('old', { Tags })],
  ['ListTagsForDeliveryStream', on('old', { ExclusiveStartTagKey: 'a', Limit: 1 })],
  ['UntagDeliveryStream', on('old', { TagKeys: ['team'] })],
  ['StartDeliveryStreamEncryption', on('old', { DeliveryStreamEncryptionConfigurationInput: encryption })],
  ['StopDeliveryStreamEncryption', on('old')],
  ['DeleteDeliveryStream', on('old', { AllowForceDelete: true })],
]

/** Where a structure of docs/firehose.md stands in a request that is right but for what is added to it. */
export const placesOf: Readonly<
  Record<string, (added: object) => readonly [operation: string, input: object]>
> = {
  CreateDeliveryStreamInput: (added) => [
    'CreateDeliveryStream',
    Object.keys(added).some((name) => name.includes('Source'))
      ? on('x', { S3DestinationConfiguration: { RoleARN, BucketARN }, ...added })
      : on('x', added),
  ],
  UpdateDestinationInput: (added) => ['UpdateDestination', update('updated', 1, added)],
  EncryptionConfiguration: (added) => [
    'CreateDeliveryStream',
    on('x', { S3DestinationConfiguration: { RoleARN, BucketARN, EncryptionConfiguration: added } }),
  ],
  Serializer: (added) => [
    'CreateDeliveryStream',
    on('x', {
      ExtendedS3DestinationConfiguration: {
        RoleARN,
        BucketARN,
        DataFormatConversionConfiguration: {
          ...conversion(openX),
          OutputFormatConfiguration: { Serializer: added },
        },
      },
    }),
  ],
}

/** A delivery stream `updated`, whose destination can be updated. */
export const updatedStream: readonly [operation: string, input: object] = [
  'CreateDeliveryStream',
  on('updated', { S3DestinationConfiguration: { RoleARN, BucketARN } }),
]

/** A bucket with one processor. */
export function processedBy(Type: string, Parameters: readonly object[]): object {
  return on('processed', {
    ExtendedS3DestinationConfiguration: {
      ...partitionedBucket,
      S3BackupMode: 'Disabled',
      ProcessingConfiguration: { Enabled: false, Processors: [{ Type, Parameters }] },
    },
  })
}
