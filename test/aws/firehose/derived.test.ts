import { type DestinationDescription, ListDeliveryStreamsCommand } from '@aws-sdk/client-firehose'
import { describe, expect, it } from 'vitest'
import { type DeliveryOptions, firehose } from '../../../src/firehose/index.ts'
import { MiB } from '../../../src/units.ts'
import { create, described } from './requests.ts'
import { account, type FirehoseRig, openRig, RoleARN } from './rig.ts'

const key = { account, region: 'us-east-1', name: 'clicks' }

/** A rig whose program has made the delivery stream `clicks`, and how AWS tells of its destination. */
async function made(options: DeliveryOptions): Promise<[FirehoseRig, DestinationDescription]> {
  const rig = await openRig({
    firehose: {
      tables: { 'db.clicks': { user: 'string', at: 'timestamp' } },
      receivers: { kept: () => {} },
    },
  })
  await firehose(rig.store).createDeliveryStream('clicks', options)
  const [destination, ...others] = (await described(rig)).Destinations ?? []
  expect(others).toEqual([])
  if (destination === undefined) throw new Error('there is no destination')
  return [rig, destination]
}

/** What the delivery stream does, once made by the program and once by AWS's request of what was described. */
async function againByAws(
  rig: FirehoseRig,
  input: Parameters<typeof create>[1],
): Promise<readonly unknown[]> {
  const byProgram = rig.firehose.deliveryStream(key).configuration
  await firehose(rig.store).deleteDeliveryStream('clicks')
  await create(rig, input)
  return [byProgram, rig.firehose.deliveryStream(key).configuration]
}

describe('a delivery stream of a program', () => {
  it('to a bucket is described so that a request would make the same', async () => {
    const [rig, { ExtendedS3DestinationDescription: s3 }] = await made({
      destination: {
        kind: 'folder',
        bucket: 'records',
        prefix: 'u=!{partitionKeyFromQuery:user}/',
        errorPrefix: 'failed/',
        parquet: { columns: 'db.clicks', compression: 'GZIP', keyOfColumn: { user: 'User' } },
        backup: { bucket: 'backup', compression: 'GZIP', buffering: { bytes: 2 * MiB, ms: 30_000 } },
        timeZone: 'Europe/Vienna',
        fileExtension: '.pq',
      },
      processing: {
        decompress: 'GZIP',
        cloudWatchMessages: true,
        deaggregate: { delimiter: '#' },
        partitionBy: '{user: .user}',
        delimiter: '\\\t\r\n',
      },
      buffering: { bytes: 64 * MiB, ms: 60_000 },
    })
    if (s3?.DataFormatConversionConfiguration === undefined) throw new Error('it is not converted')
    const { S3BackupDescription, DynamicPartitioningConfiguration: partitioning, ...same } = s3
    // A program's are tried for a day, which is more than a request can ask for.
    expect(partitioning).toEqual({ Enabled: true, RetryOptions: { DurationInSeconds: 86_400 } })
    const [byProgram, byAws] = await againByAws(rig, {
      ExtendedS3DestinationConfiguration: {
        ...same,
        RoleARN: s3.RoleARN,
        BucketARN: s3.BucketARN,
        S3BackupConfiguration: S3BackupDescription,
        DynamicPartitioningConfiguration: { Enabled: true },
        DataFormatConversionConfiguration: {
          ...s3.DataFormatConversionConfiguration,
          SchemaConfiguration: {
            ...s3.DataFormatConversionConfiguration.SchemaConfiguration,
            RoleARN,
          },
        },
      },
    })
    expect(byAws).toMatchObject({ processing: (byProgram as { processing: object }).processing })
    expect(byAws).toMatchObject({
      destination: { ...(byProgram as { destination: object }).destination, retryMs: 300_000 },
    })
  })

  it('to an endpoint is, too', async () => {
    const [rig, { HttpEndpointDestinationDescription: http }] = await made({
      destination: {
        kind: 'http',
        url: 'http://127.0.0.1:1/in',
        attributes: { a: 'b' },
        gzip: true,
        retryMs: 60_000,
        backup: { bucket: 'backup' },
        backupOf: 'all',
      },
      processing: {
        transform: { function: 'enrich', retries: 2, bufferBytes: MiB / 4, bufferMs: 5_000 },
      },
    })
    if (http?.S3DestinationDescription === undefined) throw new Error('it has no backup')
    const { S3DestinationDescription: S3Configuration, EndpointConfiguration, ...same } = http
    const [byProgram, byAws] = await againByAws(rig, {
      HttpEndpointDestinationConfiguration: {
        ...same,
        EndpointConfiguration: { Url: '', ...EndpointConfiguration },
        S3Configuration,
      },
    })
    expect(byAws).toMatchObject(JSON.parse(JSON.stringify(byProgram)) as object)
  })

  it('to a function, for which AWS has no words, has a destination with nothing but its id', async () => {
    const [rig, destination] = await made({ destination: { kind: 'function', name: 'kept' } })
    expect(destination).toEqual({ DestinationId: 'destinationId-000000000001' })
    const { DeliveryStreamNames } = await rig.client.send(new ListDeliveryStreamsCommand({}))
    expect(DeliveryStreamNames).toEqual(['clicks'])
  })
})
