import { UpdateDestinationCommand, type UpdateDestinationCommandInput } from '@aws-sdk/client-firehose'
import { describe, expect, it } from 'vitest'
import type { DeliveryConfiguration } from '../../../src/firehose/configuration.ts'
import { secondMs } from '../../../src/units.ts'
import {
  converted,
  create,
  createHttp,
  createS3,
  DeliveryStreamName,
  described,
  endpoint,
  extraction,
  partitioned,
  processor,
  tables,
} from './requests.ts'
import { account, bucket, type FirehoseRig, openRig } from './rig.ts'

const DestinationId = 'destinationId-000000000001'

async function update({ client }: FirehoseRig, input: Partial<UpdateDestinationCommandInput>): Promise<void> {
  await client.send(
    new UpdateDestinationCommand({
      DeliveryStreamName,
      CurrentDeliveryStreamVersionId: '1',
      DestinationId,
      ...input,
    }),
  )
}

function stored({ firehose }: FirehoseRig): DeliveryConfiguration {
  return firehose.deliveryStream({ account, region: 'us-east-1', name: DeliveryStreamName }).configuration
}

async function shown(rig: FirehoseRig) {
  const [destination] = (await described(rig)).Destinations ?? []
  return destination
}

describe('an update', () => {
  it('[A] updates: make a new version, at a time', async () => {
    const rig = await openRig()
    await createS3(rig, {})
    await rig.clock.advance(secondMs)
    await update(rig, { ExtendedS3DestinationUpdate: { Prefix: 'a/' } })
    expect(await described(rig)).toMatchObject({
      VersionId: '2',
      CreateTimestamp: new Date(rig.clock.nowMs() - secondMs),
      LastUpdateTimestamp: new Date(rig.clock.nowMs()),
    })
    await update(rig, { CurrentDeliveryStreamVersionId: '2', ExtendedS3DestinationUpdate: { Prefix: 'b/' } })
    expect((await described(rig)).VersionId).toBe('3')
  })

  it('[O] updates: build on the version that there is', async () => {
    const rig = await openRig()
    await createS3(rig, {})
    await expect(
      update(rig, { CurrentDeliveryStreamVersionId: '7', ExtendedS3DestinationUpdate: {} }),
    ).rejects.toMatchObject({
      name: 'ConcurrentModificationException',
      message:
        'Cannot update firehose: clicks since the current version id: 1 and specified version id: 7 do not match',
    })
  })

  it('[A] updates: of two at once one is made', async () => {
    const rig = await openRig()
    await createS3(rig, {})
    const outcomes = await Promise.allSettled(
      ['a/', 'b/'].map((Prefix) => update(rig, { ExtendedS3DestinationUpdate: { Prefix } })),
    )
    expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
    const [reason] = outcomes.flatMap((each) => (each.status === 'rejected' ? [each.reason as Error] : []))
    expect(reason?.name).toBe('ConcurrentModificationException')
    expect((await described(rig)).VersionId).toBe('2')
  })

  it('[O] updates: name the destination that there is', async () => {
    const rig = await openRig()
    await createS3(rig, {})
    await expect(
      update(rig, { DestinationId: 'other', ExtendedS3DestinationUpdate: {} }),
    ).rejects.toMatchObject({ name: 'InvalidArgumentException', message: 'Destination Id other not found' })
  })

  it('[A] updates: what they do not mention stays', async () => {
    const rig = await openRig()
    await createS3(rig, {
      Prefix: 'a/',
      CompressionFormat: 'GZIP',
      BufferingHints: { SizeInMBs: 6, IntervalInSeconds: 61 },
      FileExtension: '.x',
    })
    await update(rig, { ExtendedS3DestinationUpdate: { Prefix: '', CustomTimeZone: 'Asia/Tokyo' } })
    expect((await shown(rig))?.ExtendedS3DestinationDescription).toMatchObject({
      Prefix: '',
      CompressionFormat: 'GZIP',
      BufferingHints: { SizeInMBs: 6, IntervalInSeconds: 61 },
      FileExtension: '.x',
      CustomTimeZone: 'Asia/Tokyo',
    })
    expect(stored(rig).destination).toMatchObject({
      target: { prefix: '', timeZone: 'Asia/Tokyo', compression: 'GZIP', fileExtension: '.x' },
    })
  })

  it('[A] updates: the old form updates the same bucket', async () => {
    const rig = await openRig()
    await createS3(rig, { FileExtension: '.x' })
    await update(rig, { S3DestinationUpdate: { CompressionFormat: 'ZIP' } })
    expect((await shown(rig))?.ExtendedS3DestinationDescription).toMatchObject({
      CompressionFormat: 'ZIP',
      FileExtension: '.x',
    })
  })

  it('[O] updates: processing is replaced as a whole', async () => {
    const rig = await openRig()
    const Processors = [processor('AppendDelimiterToRecord')]
    await createS3(rig, { ProcessingConfiguration: { Enabled: true, Processors } })
    await update(rig, { ExtendedS3DestinationUpdate: { ProcessingConfiguration: { Enabled: false } } })
    expect((await shown(rig))?.ExtendedS3DestinationDescription?.ProcessingConfiguration).toEqual({
      Enabled: false,
      Processors: [],
    })
  })

  it('[O] updates: conversion is merged member by member, and judged as a whole', async () => {
    const rig = await openRig({ firehose: { tables } })
    await createS3(rig, converted)
    const off = { DataFormatConversionConfiguration: { Enabled: false } }
    await update(rig, { ExtendedS3DestinationUpdate: { ...off, CompressionFormat: 'GZIP' } })
    expect(
      (await shown(rig))?.ExtendedS3DestinationDescription?.DataFormatConversionConfiguration,
    ).toMatchObject({
      Enabled: false,
      SchemaConfiguration: { TableName: 'clicks' },
    })
    const on = { DataFormatConversionConfiguration: { Enabled: true } }
    const second = { CurrentDeliveryStreamVersionId: '2' }
    await expect(update(rig, { ...second, ExtendedS3DestinationUpdate: on })).rejects.toMatchObject({
      name: 'InvalidArgumentException',
      message: expect.stringMatching(/must be set to UNCOMPRESSED/) as string,
    })
    await update(rig, {
      ...second,
      ExtendedS3DestinationUpdate: { ...on, CompressionFormat: 'UNCOMPRESSED' },
    })
    expect(stored(rig).destination).toMatchObject({ conversion: { table: 'web.clicks' } })
  })

  it('[A] updates: a backup can be enabled, and not disabled again', async () => {
    const rig = await openRig()
    await createS3(rig, {})
    await update(rig, {
      ExtendedS3DestinationUpdate: { S3BackupMode: 'Enabled', S3BackupUpdate: { ...bucket, Prefix: 'raw/' } },
    })
    expect(stored(rig).destination).toMatchObject({ backup: { prefix: 'raw/' } })
    const second = { CurrentDeliveryStreamVersionId: '2' }
    await update(rig, {
      ...second,
      ExtendedS3DestinationUpdate: { S3BackupUpdate: { CompressionFormat: 'GZIP' } },
    })
    expect(stored(rig).destination).toMatchObject({ backup: { prefix: 'raw/', compression: 'GZIP' } })
    await expect(
      update(rig, {
        CurrentDeliveryStreamVersionId: '3',
        ExtendedS3DestinationUpdate: { S3BackupMode: 'Disabled' },
      }),
    ).rejects.toMatchObject({
      name: 'InvalidArgumentException',
      message: 'S3 backup cannot be disabled once it is enabled.',
    })
  })

  it('[G] partitions: are enabled at creation only', async () => {
    const rig = await openRig()
    await createS3(rig, {})
    await expect(update(rig, { ExtendedS3DestinationUpdate: partitioned })).rejects.toMatchObject({
      name: 'InvalidArgumentException',
      message: 'Dynamic Partitioning can only be enabled when a delivery stream is created.',
    })
  })

  it('[G] partitions: cannot be disabled, and their retries can be changed', async () => {
    const rig = await openRig()
    await createS3(rig, partitioned)
    await expect(
      update(rig, {
        ExtendedS3DestinationUpdate: {
          Prefix: 'a/',
          ProcessingConfiguration: { Enabled: false },
          DynamicPartitioningConfiguration: { Enabled: false },
        },
      }),
    ).rejects.toMatchObject({ message: 'Dynamic Partitioning cannot be disabled once it is enabled.' })
    const DynamicPartitioningConfiguration = { RetryOptions: { DurationInSeconds: 0 } }
    await update(rig, { ExtendedS3DestinationUpdate: { DynamicPartitioningConfiguration } })
    expect((await shown(rig))?.ExtendedS3DestinationDescription?.DynamicPartitioningConfiguration).toEqual({
      Enabled: true,
      ...DynamicPartitioningConfiguration,
    })
    expect(stored(rig).destination).toMatchObject({ retryMs: 0 })
  })

  it('[A] updates: an endpoint keeps its access key until it gets another one', async () => {
    const rig = await openRig()
    await createHttp(rig, { RequestConfiguration: { ContentEncoding: 'GZIP' } })
    const Url = 'https://example.com/others'
    await update(rig, {
      HttpEndpointDestinationUpdate: {
        EndpointConfiguration: { Url },
        RequestConfiguration: { CommonAttributes: [{ AttributeName: 'a', AttributeValue: 'b' }] },
        S3Update: { Prefix: 'failed/' },
      },
    })
    expect(stored(rig).destination).toMatchObject({
      to: { url: Url, name: endpoint.Name, accessKey: endpoint.AccessKey, contentEncoding: 'GZIP' },
      backup: { bucket: 'records', prefix: 'failed/' },
    })
    const EndpointConfiguration = { Url, AccessKey: '' }
    await update(rig, {
      CurrentDeliveryStreamVersionId: '2',
      HttpEndpointDestinationUpdate: { EndpointConfiguration },
    })
    expect(stored(rig).destination).not.toHaveProperty('to.accessKey')
  })

  it('[M] updates: an access key that nobody tells again goes to no other host', async () => {
    const rig = await openRig()
    await createHttp(rig)
    const updated = (EndpointConfiguration: object) =>
      update(rig, { HttpEndpointDestinationUpdate: { EndpointConfiguration } } as never)
    for (const Url of [
      'https://elsewhere.example/',
      'https://example.com:8443/',
      'http://example.com/records',
    ]) {
      await expect(updated({ Url })).rejects.toMatchObject({
        name: 'InvalidArgumentException',
        message: expect.stringContaining('EndpointConfiguration.AccessKey must be given') as string,
      })
    }
    const told = { Url: 'https://elsewhere.example/', AccessKey: endpoint.AccessKey }
    await updated(told)
    expect(stored(rig).destination).toMatchObject({ to: { url: told.Url, accessKey: told.AccessKey } })
  })

  it('[A] updates: to another kind of destination have all that its creation would have', async () => {
    const rig = await openRig()
    await createS3(rig, { Prefix: 'a/' })
    const EndpointConfiguration = { Url: 'https://example.com/' }
    await expect(
      update(rig, { HttpEndpointDestinationUpdate: { EndpointConfiguration } }),
    ).rejects.toMatchObject({
      name: 'InvalidArgumentException',
      message: 'HttpEndpointDestinationUpdate must have S3Update: the destination has none yet.',
    })
    await update(rig, { HttpEndpointDestinationUpdate: { EndpointConfiguration, S3Update: bucket } })
    const destination = await shown(rig)
    expect(destination).not.toHaveProperty('ExtendedS3DestinationDescription')
    expect(destination?.HttpEndpointDestinationDescription?.S3DestinationDescription).not.toHaveProperty(
      'Prefix',
    )
    const second = { CurrentDeliveryStreamVersionId: '2' }
    await expect(
      update(rig, { ...second, ExtendedS3DestinationUpdate: { RoleARN: bucket.RoleARN } }),
    ).rejects.toMatchObject({
      message: 'ExtendedS3DestinationUpdate must have BucketARN: the destination has none yet.',
    })
    await expect(
      update(rig, { ...second, ExtendedS3DestinationUpdate: { ...bucket, ...partitioned } }),
    ).rejects.toMatchObject({ message: expect.stringMatching(/^Dynamic Partitioning can only be/) as string })
    await update(rig, { ...second, ExtendedS3DestinationUpdate: bucket })
    expect(stored(rig).destination.kind).toBe('objects')
  })

  it.each<[string, Partial<UpdateDestinationCommandInput>, string]>([
    ['no destination', {}, 'Exactly one destination configuration is supported for a Firehose'],
    [
      '[T] updates: one destination',
      { ExtendedS3DestinationUpdate: {}, S3DestinationUpdate: {} },
      'Exactly one destination configuration is supported for a Firehose',
    ],
    [
      'one that is not supported',
      { SplunkDestinationUpdate: {} },
      'SplunkDestinationUpdate is not supported by millrace: use S3DestinationUpdate, ExtendedS3DestinationUpdate, ' +
        'HttpEndpointDestinationUpdate.',
    ],
    [
      'a wrong merge',
      {
        ExtendedS3DestinationUpdate: {
          ProcessingConfiguration: { Enabled: true, Processors: [extraction()] },
        },
      },
      'class com.amazonaws.services.firehose.internal.model.MetadataExtractionProcessor can only be present when ' +
        'Dynamic Partitioning is enabled.',
    ],
  ])('is refused and changes nothing: %s', async (_what, input, message) => {
    const rig = await openRig()
    await create(rig)
    await expect(update(rig, input)).rejects.toMatchObject({ name: 'InvalidArgumentException', message })
    expect((await described(rig)).VersionId).toBe('1')
  })

  it('cannot change what a program has made, and tells of it as far as AWS has words', async () => {
    const rig = await openRig()
    const target = {
      bucket: 'records',
      prefix: 'a/',
      errorPrefix: '',
      buffering: { bytes: 100, ms: 10 },
      compression: 'GZIP',
      fileExtension: '',
      timeZone: 'UTC',
    } as const
    const key = { account, region: 'us-east-1', name: DeliveryStreamName }
    await rig.firehose.createDeliveryStream(key, {
      configuration: {
        source: { kind: 'direct' },
        processing: {},
        destination: { kind: 'objects', target, partitioned: false, backup: target },
      },
    })
    expect((await shown(rig))?.ExtendedS3DestinationDescription).toMatchObject({
      BucketARN: bucket.BucketARN,
      Prefix: 'a/',
      BufferingHints: { SizeInMBs: 1, IntervalInSeconds: 1 },
      CompressionFormat: 'GZIP',
      S3BackupMode: 'Enabled',
      S3BackupDescription: { BucketARN: bucket.BucketARN },
    })
    await expect(update(rig, { ExtendedS3DestinationUpdate: { Prefix: 'b/' } })).rejects.toMatchObject({
      name: 'InvalidArgumentException',
      message: 'Firehose clicks was created by a program, which alone can change its destination.',
    })
  })
})
