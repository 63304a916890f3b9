import {
  type CreateDeliveryStreamCommandInput,
  DeleteDeliveryStreamCommand,
  DescribeDeliveryStreamCommand,
  ListDeliveryStreamsCommand,
} from '@aws-sdk/client-firehose'
import { describe, expect, it } from 'vitest'
import { hourMs } from '../../../src/units.ts'
import { create, DeliveryStreamName, described } from './requests.ts'
import { account, bucket, openRig, RoleARN } from './rig.ts'

const transitions = { creatingMs: 1_000, deletingMs: 1_000 }

describe('a delivery stream', () => {
  it('[A] streams: are created, described and deleted', async () => {
    const rig = await openRig()
    expect(await create(rig)).toBe('arn:aws:firehose:us-east-1:000000000000:deliverystream/clicks')
    expect(await described(rig)).toMatchObject({
      DeliveryStreamName,
      DeliveryStreamStatus: 'ACTIVE',
      DeliveryStreamType: 'DirectPut',
      VersionId: '1',
      CreateTimestamp: new Date(rig.clock.nowMs()),
      HasMoreDestinations: false,
    })
    await rig.client.send(new DeleteDeliveryStreamCommand({ DeliveryStreamName, AllowForceDelete: true }))
    await expect(described(rig)).rejects.toMatchObject({ name: 'ResourceNotFoundException' })
  })

  it('[T] streams: the text for one that is not there', async () => {
    await expect(described(await openRig())).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      message: 'Firehose clicks under account 000000000000 not found.',
    })
  })

  it('streams: in a store in memory without buckets it says what to set, and there is none', async () => {
    const rig = await openRig({ firehose: { buckets: undefined } })
    await expect(create(rig)).rejects.toMatchObject({
      name: 'InvalidArgumentException',
      message: 'A store in memory has no folder for buckets: set the option buckets, to a folder or to S3',
      $metadata: { httpStatusCode: 400 },
    })
    const { DeliveryStreamNames } = await rig.client.send(new ListDeliveryStreamsCommand({}))
    expect(DeliveryStreamNames).toEqual([])
    await rig.store.close()
  })

  it('[T] streams: the text for one that is there already', async () => {
    const rig = await openRig()
    await create(rig)
    await expect(create(rig)).rejects.toMatchObject({
      name: 'ResourceInUseException',
      message: 'Firehose clicks under accountId 000000000000 already exists',
    })
  })

  it('[A] streams: are CREATING, ACTIVE and DELETING for as long as the store says', async () => {
    const rig = await openRig({ open: { transitions } })
    await create(rig)
    expect((await described(rig)).DeliveryStreamStatus).toBe('CREATING')
    await expect(
      rig.client.send(new DeleteDeliveryStreamCommand({ DeliveryStreamName })),
    ).rejects.toMatchObject({ name: 'ResourceInUseException' })
    await rig.clock.advance(1_000)
    expect((await described(rig)).DeliveryStreamStatus).toBe('ACTIVE')
    await rig.client.send(new DeleteDeliveryStreamCommand({ DeliveryStreamName }))
    expect((await described(rig)).DeliveryStreamStatus).toBe('DELETING')
    await rig.clock.advance(1_000)
    await expect
      .poll(() => described(rig).catch((error: Error) => error.name))
      .toBe('ResourceNotFoundException')
  })

  it('[A] streams: belong to an account and a region', async () => {
    const rig = await openRig()
    await create(rig)
    for (const config of [
      { region: 'eu-west-1' },
      { credentials: { accessKeyId: '999999999999', secretAccessKey: 'x' } },
    ]) {
      const other = rig.connect(config)
      await expect(
        other.send(new DescribeDeliveryStreamCommand({ DeliveryStreamName })),
      ).rejects.toMatchObject({ name: 'ResourceNotFoundException' })
      other.destroy()
    }
  })

  it('[A] streams: show their one destination, and none behind it', async () => {
    const rig = await openRig()
    await create(rig)
    const behind = await rig.client.send(
      new DescribeDeliveryStreamCommand({
        DeliveryStreamName,
        Limit: 1,
        ExclusiveStartDestinationId: 'destinationId-000000000001',
      }),
    )
    expect(behind.DeliveryStreamDescription).toMatchObject({ Destinations: [], HasMoreDestinations: false })
    expect((await described(rig)).Destinations?.map(({ DestinationId }) => DestinationId)).toEqual([
      'destinationId-000000000001',
    ])
  })

  it('[A] streams: LastUpdateTimestamp is there once something was updated', async () => {
    const rig = await openRig()
    await create(rig)
    expect((await described(rig)).LastUpdateTimestamp).toBeUndefined()
  })
})

describe('sources', () => {
  const arn = `arn:aws:kinesis:us-east-1:${account}:stream/source`
  const KinesisStreamSourceConfiguration = { KinesisStreamARN: arn, RoleARN }
  const ExtendedS3DestinationConfiguration = bucket

  it('[A] sources: a stream of the store, from the time of creation on', async () => {
    const rig = await openRig()
    await rig.store.createStream('source', { shards: 1 })
    await rig.clock.advance(hourMs)
    await create(rig, {
      DeliveryStreamType: 'KinesisStreamAsSource',
      KinesisStreamSourceConfiguration,
      ExtendedS3DestinationConfiguration,
    })
    expect(await described(rig)).toMatchObject({
      DeliveryStreamType: 'KinesisStreamAsSource',
      Source: {
        KinesisStreamSourceDescription: {
          KinesisStreamARN: arn,
          RoleARN,
          DeliveryStartTimestamp: new Date(rig.clock.nowMs()),
        },
      },
    })
  })

  it('[A] sources: direct puts, with a hint of their throughput that is kept', async () => {
    const rig = await openRig()
    await create(rig, {
      DirectPutSourceConfiguration: { ThroughputHintInMBs: 7 },
      ExtendedS3DestinationConfiguration,
    })
    expect((await described(rig)).Source).toEqual({
      DirectPutSourceDescription: { ThroughputHintInMBs: 7 },
    })
  })

  it.each<[string, Partial<CreateDeliveryStreamCommandInput>, string]>([
    [
      '[T] sources: a stream for direct puts is refused',
      { KinesisStreamSourceConfiguration },
      'KinesisSourceStreamConfig is only applicable for KinesisStreamAsSource stream type',
    ],
    [
      '[O] sources: KinesisStreamAsSource needs a stream',
      { DeliveryStreamType: 'KinesisStreamAsSource' },
      'KinesisSourceStreamConfig is mandatory for KinesisStreamAsSource stream type.',
    ],
    [
      'a hint for what is no direct put',
      {
        DeliveryStreamType: 'KinesisStreamAsSource',
        KinesisStreamSourceConfiguration,
        DirectPutSourceConfiguration: { ThroughputHintInMBs: 1 },
      },
      'DirectPutSourceConfiguration is only applicable for DirectPut stream type',
    ],
    [
      'a stream that is not there',
      { DeliveryStreamType: 'KinesisStreamAsSource', KinesisStreamSourceConfiguration },
      'Kinesis stream source under account 000000000000 not found.',
    ],
    [
      'MSK',
      { DeliveryStreamType: 'MSKAsSource' },
      'DeliveryStreamType MSKAsSource is not supported by millrace: use DirectPut or KinesisStreamAsSource.',
    ],
    [
      'a database',
      { DeliveryStreamType: 'DatabaseAsSource' },
      'DeliveryStreamType DatabaseAsSource is not supported by millrace: use DirectPut or KinesisStreamAsSource.',
    ],
    [
      'the members of MSK',
      {
        MSKSourceConfiguration: {
          MSKClusterARN: `arn:aws:kafka:us-east-1:${account}:cluster/c/1`,
          TopicName: 't',
          AuthenticationConfiguration: { RoleARN, Connectivity: 'PUBLIC' },
        },
      },
      'MSKSourceConfiguration is not supported by millrace: use DirectPut or KinesisStreamAsSource.',
    ],
  ])('%s', async (_what, input, message) => {
    const rig = await openRig()
    await expect(create(rig, { ExtendedS3DestinationConfiguration, ...input })).rejects.toMatchObject({
      name: 'InvalidArgumentException',
      message,
    })
  })
})

describe('lists', () => {
  it('[A] lists: by name, ten at a time unless they are asked for otherwise', async () => {
    const rig = await openRig()
    const { client } = rig
    const names = Array.from({ length: 12 }, (_, index) => `d${String(index).padStart(2, '0')}`)
    for (const name of names.toReversed())
      await create(rig, { DeliveryStreamName: name, S3DestinationConfiguration: bucket })
    const first = await client.send(new ListDeliveryStreamsCommand({}))
    expect(first).toMatchObject({ DeliveryStreamNames: names.slice(0, 10), HasMoreDeliveryStreams: true })
    const rest = await client.send(
      new ListDeliveryStreamsCommand({ ExclusiveStartDeliveryStreamName: 'd09', Limit: 2 }),
    )
    expect(rest).toMatchObject({ DeliveryStreamNames: ['d10', 'd11'], HasMoreDeliveryStreams: false })
    const behind = await client.send(
      new ListDeliveryStreamsCommand({ ExclusiveStartDeliveryStreamName: 'd105', Limit: 1 }),
    )
    expect(behind).toMatchObject({ DeliveryStreamNames: ['d11'], HasMoreDeliveryStreams: false })
  })

  it('[A] lists: of one type', async () => {
    const rig = await openRig()
    await rig.store.createStream('source', { shards: 1 })
    await create(rig)
    await create(rig, {
      DeliveryStreamName: 'copied',
      DeliveryStreamType: 'KinesisStreamAsSource',
      KinesisStreamSourceConfiguration: {
        KinesisStreamARN: `arn:aws:kinesis:us-east-1:${account}:stream/source`,
        RoleARN,
      },
      ExtendedS3DestinationConfiguration: bucket,
    })
    const of = async (DeliveryStreamType?: 'DirectPut' | 'KinesisStreamAsSource' | 'MSKAsSource') =>
      (await rig.client.send(new ListDeliveryStreamsCommand({ DeliveryStreamType }))).DeliveryStreamNames
    expect(await of()).toEqual(['clicks', 'copied'])
    expect(await of('DirectPut')).toEqual(['clicks'])
    expect(await of('KinesisStreamAsSource')).toEqual(['copied'])
    expect(await of('MSKAsSource')).toEqual([])
  })
})
