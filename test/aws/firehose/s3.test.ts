import type { ExtendedS3DestinationConfiguration } from '@aws-sdk/client-firehose'
import { describe, expect, it } from 'vitest'
import type { ObjectsDestination } from '../../../src/firehose/configuration.ts'
import { create, createS3, DeliveryStreamName, described, partitioned } from './requests.ts'
import { account, bucket, BucketARN, type FirehoseRig, openRig, RoleARN } from './rig.ts'

const shownDefaults = {
  RoleARN,
  BucketARN,
  BufferingHints: { SizeInMBs: 5, IntervalInSeconds: 300 },
  CompressionFormat: 'UNCOMPRESSED',
  EncryptionConfiguration: { NoEncryptionConfig: 'NoEncryption' },
  CloudWatchLoggingOptions: { Enabled: false },
}

function stored({ firehose }: FirehoseRig): ObjectsDestination {
  const key = { account, region: 'us-east-1', name: DeliveryStreamName }
  const { destination } = firehose.deliveryStream(key).configuration
  if (destination.kind !== 'objects') throw new Error('it has no objects')
  return destination
}

describe('a bucket', () => {
  it.each([
    [
      'S3DestinationConfiguration',
      '[A] buckets: the old form is one of the new with fewer members; both are described',
    ],
    ['ExtendedS3DestinationConfiguration', '[A] buckets: what was left out is described as it is'],
  ])('%s: %s', async (member) => {
    const rig = await openRig()
    await create(rig, { [member]: bucket })
    expect((await described(rig)).Destinations).toEqual([
      {
        DestinationId: 'destinationId-000000000001',
        S3DestinationDescription: shownDefaults,
        ExtendedS3DestinationDescription: {
          ...shownDefaults,
          ProcessingConfiguration: { Enabled: false, Processors: [] },
          S3BackupMode: 'Disabled',
          DataFormatConversionConfiguration: { Enabled: false },
          CustomTimeZone: 'UTC',
        },
      },
    ])
    expect(stored(rig)).toEqual({
      kind: 'objects',
      partitioned: false,
      target: {
        bucket: 'records',
        prefix: '',
        errorPrefix: '',
        buffering: { bytes: 5 * 1024 * 1024, ms: 300_000 },
        compression: 'UNCOMPRESSED',
        fileExtension: '',
        timeZone: 'UTC',
      },
    })
  })

  it('[A] buckets: everything that is said is done, and described', async () => {
    const rig = await openRig()
    const more: Partial<ExtendedS3DestinationConfiguration> = {
      Prefix: 'clicks/!{timestamp:yyyy}/',
      ErrorOutputPrefix: 'errors/!{firehose:error-output-type}/',
      BufferingHints: { SizeInMBs: 1, IntervalInSeconds: 0 },
      CompressionFormat: 'GZIP',
      EncryptionConfiguration: { NoEncryptionConfig: 'NoEncryption' },
      CloudWatchLoggingOptions: { Enabled: true, LogGroupName: '/firehose', LogStreamName: 'clicks' },
      S3BackupMode: 'Enabled',
      S3BackupConfiguration: { ...bucket, Prefix: 'raw/', CompressionFormat: 'ZIP' },
      FileExtension: '.json.gz',
      CustomTimeZone: 'Europe/Vienna',
    }
    await createS3(rig, more)
    const { S3BackupConfiguration: backup, ...shown } = more
    const [destination] = (await described(rig)).Destinations ?? []
    expect(destination?.ExtendedS3DestinationDescription).toMatchObject({
      ...shown,
      S3BackupDescription: { ...shownDefaults, ...backup },
    })
    expect(destination?.S3DestinationDescription).not.toHaveProperty('FileExtension')
    expect(stored(rig)).toMatchObject({
      target: {
        prefix: 'clicks/!{timestamp:yyyy}/',
        errorPrefix: 'errors/!{firehose:error-output-type}/',
        buffering: { bytes: 1024 * 1024, ms: 0 },
        compression: 'GZIP',
        fileExtension: '.json.gz',
        timeZone: 'Europe/Vienna',
      },
      backup: { bucket: 'records', prefix: 'raw/', compression: 'ZIP', timeZone: 'UTC' },
    })
  })

  it('[A] buckets: a backup that is disabled is kept, and nothing is backed up', async () => {
    const rig = await openRig()
    await createS3(rig, { S3BackupMode: 'Disabled', S3BackupConfiguration: bucket })
    const [destination] = (await described(rig)).Destinations ?? []
    expect(destination?.ExtendedS3DestinationDescription?.S3BackupDescription).toEqual(shownDefaults)
    expect(stored(rig)).not.toHaveProperty('backup')
  })

  it('[A] partitions: are kept with their retries', async () => {
    const rig = await openRig()
    await createS3(rig, partitioned)
    const [destination] = (await described(rig)).Destinations ?? []
    expect(destination?.ExtendedS3DestinationDescription?.DynamicPartitioningConfiguration).toEqual({
      Enabled: true,
      RetryOptions: { DurationInSeconds: 300 },
    })
    expect(stored(rig)).toMatchObject({ partitioned: true, retryMs: 300_000 })
  })
})

const errors = { ErrorOutputPrefix: 'e/!{firehose:error-output-type}/' }
const log = { Enabled: true, LogGroupName: 'group', LogStreamName: 'stream' }

describe('a bucket that contradicts itself', () => {
  it.each<[string, Partial<ExtendedS3DestinationConfiguration>, string]>([
    [
      '[A] buffers: size and interval go together',
      { BufferingHints: { IntervalInSeconds: 60 } },
      'BufferingHints must have both SizeInMBs and IntervalInSeconds or neither: SizeInMBs is missing.',
    ],
    [
      'no interval',
      { BufferingHints: { SizeInMBs: 6 } },
      'BufferingHints must have both SizeInMBs and IntervalInSeconds or neither: IntervalInSeconds is missing.',
    ],
    [
      '[O] buckets: have one word on encryption',
      { EncryptionConfiguration: {} },
      'Exactly one of NoEncryptionConfig or KMSEncryptionConfig must be specified',
    ],
    [
      'a key',
      {
        EncryptionConfiguration: {
          KMSEncryptionConfig: { AWSKMSKeyARN: `arn:aws:kms:us-east-1:${account}:key/k` },
        },
      },
      'ExtendedS3DestinationConfiguration.EncryptionConfiguration.KMSEncryptionConfig is not supported by millrace.',
    ],
    [
      '[O] buckets: logging needs a group',
      { CloudWatchLoggingOptions: { ...log, LogGroupName: '' } },
      'CloudWatch Log Group Name is required if CloudWatch Logging is enabled',
    ],
    [
      'and a stream',
      { CloudWatchLoggingOptions: { ...log, LogStreamName: '' } },
      'CloudWatch Log Stream Name is required if CloudWatch Logging is enabled',
    ],
    [
      '[O] backups: need a bucket',
      { S3BackupMode: 'Enabled' },
      'S3 backup destination configuration is required when enabling S3 backup.',
    ],
    [
      'and a right one',
      { S3BackupMode: 'Disabled', S3BackupConfiguration: { ...bucket, BufferingHints: { SizeInMBs: 6 } } },
      'BufferingHints must have both SizeInMBs and IntervalInSeconds or neither: IntervalInSeconds is missing.',
    ],
    [
      'a bucket that is a way out',
      { BucketARN: 'arn:aws:s3:::..' },
      expect.stringContaining('BucketARN arn:aws:s3:::.. names no bucket: a name has 3 to 63 characters'),
    ],
    [
      'a bucket that S3 would not have',
      { S3BackupConfiguration: { ...bucket, BucketARN: 'arn:aws:s3:::My_Bucket' } },
      expect.stringContaining('BucketARN arn:aws:s3:::My_Bucket names no bucket: '),
    ],
    [
      '[O] prefixes: an expression needs its end',
      { Prefix: 'a/!{timestamp:yyyy/', ...errors },
      "Invalid expression usage in Prefix: '!{' may only begin an expression !{namespace:value}",
    ],
    [
      'and a value',
      { Prefix: 'a/!{timestamp}/', ...errors },
      "Invalid expression usage in Prefix: '!{' may only begin an expression !{namespace:value}",
    ],
    [
      '[O] prefixes: a namespace is one of four',
      { Prefix: 'a/!{time:yyyy}/', ...errors },
      'Namespace to the left of colon (time) is an invalid keyword!',
    ],
    [
      '[O] prefixes: error-output-type is for the error prefix',
      { Prefix: '!{firehose:error-output-type}/', ...errors },
      'Prefix must not contain any occurrence of !{firehose:error-output-type}',
    ],
    [
      '[O] prefixes: expressions need an error prefix',
      { Prefix: '!{timestamp:yyyy}/' },
      'ErrorOutputPrefix cannot be null or empty when Prefix contains expressions',
    ],
    [
      '[O] prefixes: an error prefix with expressions says which error',
      { ErrorOutputPrefix: '!{timestamp:yyyy}/' },
      'ErrorOutputPrefix must contain at least one occurrence of !{firehose:error-output-type}',
    ],
    [
      '[O] prefixes: no partitions in the error prefix',
      { ErrorOutputPrefix: '!{firehose:error-output-type}/!{partitionKeyFromQuery:a}/' },
      "Dynamic Partitioning Namespaces can't be part of an error prefix expression",
    ],
    [
      '[O] partitions: only where they are enabled',
      { Prefix: '!{partitionKeyFromQuery:customer}/', ...errors },
      'Dynamic Partitioning Namespaces can only be part of a prefix expression when Dynamic Partitioning is enabled.',
    ],
    [
      '[O] prefixes: have 512 characters at most, evaluated',
      { Prefix: 'p'.repeat(513) },
      'Length of evaluated prefix cannot be greater than 512',
    ],
    [
      'and the error prefix',
      { ErrorOutputPrefix: 'p'.repeat(513) },
      'Length of evaluated ErrorOutputPrefix cannot be greater than 512',
    ],
    [
      '[O] partitions: need a prefix that names them',
      { ...partitioned, Prefix: 'all/' },
      'S3 Prefix should contain Dynamic Partitioning namespaces when Dynamic Partitioning is enabled',
    ],
    [
      '[O] partitions: need large buffers',
      { ...partitioned, BufferingHints: { SizeInMBs: 63, IntervalInSeconds: 60 } },
      'BufferingHints.SizeInMBs must be at least 64 when Dynamic Partitioning is enabled.',
    ],
    [
      '[O] partitions: are buffered for a minute',
      { ...partitioned, BufferingHints: { SizeInMBs: 64, IntervalInSeconds: 59 } },
      'BufferingHints.IntervalInSeconds must be at least 60 seconds when Dynamic Partitioning is enabled.',
    ],
    [
      'keys of a query that is not there',
      { ...partitioned, ProcessingConfiguration: { Enabled: false } },
      'partitionKeyFromQuery in Prefix needs a MetadataExtraction processor that is enabled.',
    ],
    [
      'keys of a transformation that is not there',
      { ...partitioned, Prefix: '!{partitionKeyFromLambda:customer}/!{partitionKeyFromQuery:customer}/' },
      'partitionKeyFromLambda in Prefix needs a Lambda processor that is enabled.',
    ],
  ])('%s', async (_what, more, message) => {
    const rig = await openRig()
    await expect(createS3(rig, more)).rejects.toMatchObject({ name: 'InvalidArgumentException', message })
  })

  it.each<[string, Partial<ExtendedS3DestinationConfiguration>, RegExp]>([
    ['a time zone', { CustomTimeZone: 'Europe/Nowhere' }, /^CustomTimeZone must be /],
    ['a pattern', { Prefix: '!{timestamp:bbbb}/', ...errors }, /^Prefix must be /],
  ])('%s is judged by whoever names objects', async (_what, more, message) => {
    const rig = await openRig()
    await expect(createS3(rig, more)).rejects.toMatchObject({
      name: 'InvalidArgumentException',
      message: expect.stringMatching(message) as string,
    })
  })
})
