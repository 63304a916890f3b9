import {
  CreateChannelCommand,
  type CreateChannelCommandInput,
  CreateStreamCommand,
  DeleteChannelCommand,
  DeleteStreamCommand,
  DescribeChannelCommand,
  DescribeLimitsCommand,
  DescribeStreamSummaryCommand,
  ListChannelsCommand,
  ListTagsForResourceCommand,
  paginateListChannels,
  type RecordFormatType,
  type S3DestinationConfiguration,
  UpdateChannelCommand,
  UpdateStreamModeCommand,
  waitUntilChannelActive,
} from '@aws-sdk/client-kinesis'
import { describe, expect, it } from 'vitest'
import { runningFirehose } from '../../src/firehose/firehose.ts'
import { firehose } from '../../src/firehose/index.ts'
import { account, ChannelRig, streamArnOf } from './channel-rig.ts'

const roleArn = `arn:aws:iam::${account}:role/r`
const transitions = { creatingMs: 1000, updatingMs: 1000, deletingMs: 1000 }

const storage = {
  BucketARN: 'arn:aws:s3:::flights',
  ExpectedBucketOwner: account,
  CompressionType: 'NONE',
} as const
const toBucket: S3DestinationConfiguration = { StorageConfiguration: storage }

function channelInput(
  stream: string,
  given: Partial<CreateChannelCommandInput> = {},
): CreateChannelCommandInput {
  return {
    ChannelName: 'c',
    ServiceExecutionRoleARN: roleArn,
    StreamConfigurationList: [
      { StreamARN: streamArnOf(stream), RecordConfiguration: { RecordFormatType: 'JSON' } },
    ],
    S3DestinationConfiguration: toBucket,
    ...given,
  }
}

async function create(
  { client }: ChannelRig,
  stream: string,
  given: Partial<CreateChannelCommandInput> = {},
): Promise<string> {
  const { ChannelDescription } = await client.send(new CreateChannelCommand(channelInput(stream, given)))
  return ChannelDescription?.ChannelARN ?? ''
}

async function statusOf({ client }: ChannelRig, ChannelARN: string): Promise<string | undefined> {
  const { ChannelDescription } = await client.send(new DescribeChannelCommand({ ChannelARN }))
  return ChannelDescription?.ChannelStatus
}

describe('a channel', () => {
  it('[A] channels: are told again what they were told, and what is filled in', async () => {
    const { client } = await ChannelRig.open(['s'])
    const { ChannelDescription: channel } = await client.send(new CreateChannelCommand(channelInput('s')))
    const id = channel?.ChannelId ?? ''
    expect(channel).toEqual({
      ChannelName: 'c',
      ChannelARN: `arn:aws:kinesis:us-east-1:${account}:channel/${id}`,
      ChannelId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      ChannelStatus: 'ACTIVE',
      ChannelCreationTimestamp: expect.any(Date),
      ServiceExecutionRoleARN: roleArn,
      StreamConfigurationList: [
        {
          StreamARN: streamArnOf('s'),
          StreamCreationTimestamp: expect.any(Date),
          RecordConfiguration: { RecordFormatType: 'JSON' },
        },
      ],
      LoggingConfiguration: { CloudWatchLogs: { Enabled: false } },
      S3DestinationConfiguration: {
        DataFreshnessInSeconds: 300,
        DeadLetterQueueS3Configuration: {
          BucketARN: storage.BucketARN,
          ExpectedBucketOwner: account,
          ErrorOutputPrefix: `kinesis-channel/errors/c/${id}/`,
        },
        StorageConfiguration: {
          ...storage,
          StorageClass: 'STANDARD',
          OutputKeyTemplate:
            'kinesis-channel/!{channel-name}/!{channel-id}/!{yyyy}/!{MM}/!{dd}/!{HH}/' +
            '!{channel-name}-!{channel-id}-!{yyyy}-!{MM}-!{dd}-!{HH}-!{mm}!{extension}',
        },
      },
    })
    const described = await client.send(new DescribeChannelCommand({ ChannelARN: channel?.ChannelARN }))
    expect(described.ChannelDescription).toEqual(channel)
  })

  it('[A] channels: keep everything that can be chosen', async () => {
    const { client } = await ChannelRig.open(['s'])
    const chosen: S3DestinationConfiguration = {
      DataFreshnessInSeconds: 900,
      DeadLetterQueueS3Configuration: {
        BucketARN: 'arn:aws:s3:::dead',
        ExpectedBucketOwner: '111111111111',
        ErrorOutputPrefix: 'e/',
      },
      StorageConfiguration: {
        ...storage,
        CompressionType: 'ZSTD',
        StorageClass: 'GLACIER_IR',
        OutputKeyTemplate: 'x/!{yyyy}!{extension}',
      },
    }
    const LoggingConfiguration = { CloudWatchLogs: { Enabled: true, LogGroupName: 'g' } }
    const input = channelInput('s', { S3DestinationConfiguration: chosen, LoggingConfiguration })
    const { ChannelDescription: channel } = await client.send(new CreateChannelCommand(input))
    expect(channel?.S3DestinationConfiguration).toEqual(chosen)
    expect(channel?.LoggingConfiguration).toEqual({
      CloudWatchLogs: { Enabled: true, LogGroupName: 'g', LogStreamName: 'DestinationDelivery' },
    })
  })

  it('[A] channels: are CREATING first, then ACTIVE, and the waiter of the SDK sees it', async () => {
    const rig = await ChannelRig.open(['s'], { transitions: { creatingMs: 0 } })
    const slow = await ChannelRig.open([], { transitions })
    await slow.client.send(
      new CreateStreamCommand({ StreamName: 's', StreamModeDetails: { StreamMode: 'ON_DEMAND' } }),
    )
    await expect(create(slow, 's')).rejects.toMatchObject({ name: 'ResourceInUseException' })
    await slow.clock.advance(1000)
    const arn = await create(slow, 's')
    expect(await statusOf(slow, arn)).toBe('CREATING')
    await expect(slow.client.send(new DeleteChannelCommand({ ChannelARN: arn }))).rejects.toMatchObject({
      name: 'InvalidArgumentException',
    })
    await slow.clock.advance(1000)
    expect(await statusOf(slow, arn)).toBe('ACTIVE')
    const waited = await waitUntilChannelActive(
      { client: rig.client, maxWaitTime: 30 },
      { ChannelARN: await create(rig, 's') },
    )
    expect(waited.state).toBe('SUCCESS')
  })

  it('[A] channels: can change their freshness and logging, and are UPDATING then', async () => {
    const rig = await ChannelRig.open(['s'], { transitions: { updatingMs: 1000 } })
    const ChannelARN = await create(rig, 's')
    const update = (given: object): Promise<unknown> =>
      rig.client.send(new UpdateChannelCommand({ ChannelARN, ...given }))
    const logs = { CloudWatchLogs: { Enabled: true, LogGroupName: 'g', LogStreamName: 'l' } }
    await expect(
      update({ S3DestinationConfiguration: { DataFreshnessInSeconds: 600 }, LoggingConfiguration: logs }),
    ).resolves.toMatchObject({
      ChannelDescription: {
        ChannelStatus: 'UPDATING',
        LoggingConfiguration: logs,
        S3DestinationConfiguration: { DataFreshnessInSeconds: 600 },
      },
    })
    const freshness = { S3DestinationConfiguration: { DataFreshnessInSeconds: 700 } }
    await expect(update(freshness)).rejects.toMatchObject({ name: 'ResourceInUseException' })
    await rig.clock.advance(1000)
    expect(await statusOf(rig, ChannelARN)).toBe('ACTIVE')
    await expect(update(freshness)).resolves.toMatchObject({
      ChannelDescription: {
        LoggingConfiguration: logs,
        S3DestinationConfiguration: { DataFreshnessInSeconds: 700 },
      },
    })
    await expect(update({})).rejects.toMatchObject({ name: 'InvalidArgumentException' })
    await expect(
      update({ S3TablesDestinationConfiguration: { DataFreshnessInSeconds: 700 } }),
    ).rejects.toMatchObject({ name: 'InvalidArgumentException' })
    await expect(
      update({ S3DestinationConfiguration: { DataFreshnessInSeconds: 901 } }),
    ).rejects.toMatchObject({ name: 'InvalidArgumentException' })
  })

  it('[A] channels: hold their stream, until they are deleted', async () => {
    const rig = await ChannelRig.open(['s'])
    const ChannelARN = await create(rig, 's')
    const { client } = rig
    await expect(
      client.send(new DeleteStreamCommand({ StreamName: 's', EnforceConsumerDeletion: true })),
    ).rejects.toMatchObject({ name: 'ResourceInUseException', message: expect.stringContaining('channel c') })
    const StreamARN = streamArnOf('s')
    const mode = (StreamMode: 'ON_DEMAND' | 'PROVISIONED'): Promise<unknown> =>
      client.send(new UpdateStreamModeCommand({ StreamARN, StreamModeDetails: { StreamMode } }))
    await expect(mode('PROVISIONED')).rejects.toMatchObject({
      name: 'ResourceInUseException',
      message: expect.stringContaining('channel c'),
    })
    expect(await client.send(new DescribeLimitsCommand({}))).toMatchObject({ ChannelCount: 1 })
    const summary = await client.send(new DescribeStreamSummaryCommand({ StreamName: 's' }))
    expect(summary.StreamDescriptionSummary?.ChannelCount).toBe(1)
    await client.send(new DeleteChannelCommand({ ChannelARN }))
    for (const command of [
      new DescribeChannelCommand({ ChannelARN }),
      new DeleteChannelCommand({ ChannelARN }),
      new UpdateChannelCommand({ ChannelARN, S3DestinationConfiguration: { DataFreshnessInSeconds: 300 } }),
    ]) {
      await expect(client.send(command as DescribeChannelCommand)).rejects.toMatchObject({
        name: 'ResourceNotFoundException',
      })
    }
    await mode('PROVISIONED')
    await client.send(new DeleteStreamCommand({ StreamName: 's' }))
  })

  it('[A] channels: are FAILED once their stream is another one', async () => {
    const rig = await ChannelRig.open(['s'])
    const ChannelARN = await create(rig, 's')
    await rig.store.deleteStream('s')
    await rig.clock.advance(1)
    await rig.store.createStream('s', { mode: 'ON_DEMAND' })
    const { ChannelDescription } = await rig.client.send(new DescribeChannelCommand({ ChannelARN }))
    expect(ChannelDescription).toMatchObject({
      ChannelStatus: 'FAILED',
      ChannelStatusReason: `Stream ${streamArnOf('s')} was deleted.`,
    })
  })

  it('[M] channels: keep the tags of their creation, which no other operation has a pattern for', async () => {
    const rig = await ChannelRig.open(['s'])
    const ResourceARN = await create(rig, 's', { Tags: { a: '1', b: '' } })
    const [channel] = rig.firehose.deliveryStreams({ account, region: 'us-east-1' })
    expect(channel?.tags).toEqual({ a: '1', b: '' })
    await expect(rig.client.send(new ListTagsForResourceCommand({ ResourceARN }))).rejects.toMatchObject({
      name: 'ValidationException',
    })
  })
})

describe('operations that only look at channels', () => {
  it('[M] channels: begin no delivery where nobody delivers', async () => {
    const rig = await ChannelRig.open(['s', 'other'])
    const ChannelARN = await create(rig, 's')
    await rig.firehose.close()
    const { ChannelSummaries } = await rig.client.send(new ListChannelsCommand({}))
    expect(ChannelSummaries?.map((each) => [each.ChannelARN, each.ChannelStatus])).toEqual([
      [ChannelARN, 'ACTIVE'],
    ])
    expect(await statusOf(rig, ChannelARN)).toBe('ACTIVE')
    const StreamModeDetails = { StreamMode: 'PROVISIONED' } as const
    await expect(
      rig.client.send(new UpdateStreamModeCommand({ StreamARN: streamArnOf('s'), StreamModeDetails })),
    ).rejects.toMatchObject({ name: 'ResourceInUseException' })
    await expect(rig.client.send(new DeleteStreamCommand({ StreamName: 's' }))).rejects.toMatchObject({
      name: 'ResourceInUseException',
    })
    await rig.client.send(new DeleteStreamCommand({ StreamName: 'other' }))
    await expect(create(rig, 's')).rejects.toMatchObject({ name: 'LimitExceededException' })
    expect(runningFirehose(rig.store)).toBeUndefined()
  })

  it('[M] channels: are refused once the store is closed', async () => {
    const rig = await ChannelRig.open(['s'])
    await rig.store.close()
    await expect(rig.client.send(new ListChannelsCommand({}))).rejects.toMatchObject({
      $metadata: { httpStatusCode: 500 },
    })
  })
})

const record = (
  RecordFormatType: RecordFormatType,
  GSRSchemaARN?: string,
): Partial<CreateChannelCommandInput> => ({
  StreamConfigurationList: [
    { StreamARN: streamArnOf('s'), RecordConfiguration: { RecordFormatType, GSRSchemaARN } },
  ],
})
const stored = (given: object): Partial<CreateChannelCommandInput> => ({
  S3DestinationConfiguration: { StorageConfiguration: { ...storage, ...given } },
})

describe('channels that cannot be', () => {
  const twice = channelInput('s').StreamConfigurationList ?? []

  it.each<[string, Partial<CreateChannelCommandInput>]>([
    ['Exactly one of', { S3DestinationConfiguration: undefined }],
    [
      'S3TablesDestinationConfiguration is not supported',
      {
        S3DestinationConfiguration: undefined,
        S3TablesDestinationConfiguration: {
          DeadLetterQueueS3Configuration: { BucketARN: storage.BucketARN, ExpectedBucketOwner: account },
          S3TablesConfigurationList: [
            {
              TableBucketARN: `arn:aws:s3tables:us-east-1:${account}:bucket/tables`,
              Namespace: 'n',
              TableName: 't',
              CompressionType: 'NONE',
            },
          ],
        },
      },
    ],
    [
      'EncryptionConfiguration is not supported',
      { EncryptionConfiguration: { EncryptionType: 'KMS', KeyId: 'k' } },
    ],
    ['GSR_JSON is not supported', record('GSR_JSON')],
    ['GSRSchemaARN is not supported', record('JSON', `arn:aws:glue:us-east-1:${account}:schema/r/s`)],
    ['exactly one stream', { StreamConfigurationList: [...twice, ...twice] }],
    ['from 300 to 900', { S3DestinationConfiguration: { ...toBucket, DataFreshnessInSeconds: 299 } }],
    ['from 300 to 900', { S3DestinationConfiguration: { ...toBucket, DataFreshnessInSeconds: 901 } }],
    ['OutputKeyTemplate must be', stored({ OutputKeyTemplate: 'a/../b' })],
    ['OutputKeyTemplate must be', stored({ OutputKeyTemplate: '!{minute}' })],
    ['names no bucket', stored({ BucketARN: 'arn:aws:s3:::...' })],
  ])('[A] channels: are refused: %s', async (text, given) => {
    const rig = await ChannelRig.open(['s'])
    await expect(create(rig, 's', given)).rejects.toMatchObject({
      name: 'InvalidArgumentException',
      message: expect.stringContaining(text),
    })
    expect((await rig.client.send(new ListChannelsCommand({}))).ChannelSummaries).toEqual([])
  })

  it('are one from each stream, however many are asked for at once', async () => {
    const rig = await ChannelRig.open(['s'])
    const names = ['one', 'two', 'three']
    const outcomes = await Promise.allSettled(names.map((ChannelName) => create(rig, 's', { ChannelName })))
    const refused = outcomes.filter(({ status }) => status === 'rejected')
    expect(refused).toHaveLength(2)
    for (const outcome of refused)
      expect(outcome).toMatchObject({ reason: { name: 'LimitExceededException' } })
  })

  it('[A] channels: deliver from on-demand streams only, one from each, of one name', async () => {
    const rig = await ChannelRig.open(['s', 't'])
    await rig.client.send(new CreateStreamCommand({ StreamName: 'provisioned', ShardCount: 1 }))
    await expect(create(rig, 'provisioned')).rejects.toMatchObject({
      name: 'InvalidArgumentException',
      message: expect.stringContaining('PROVISIONED'),
    })
    await expect(create(rig, 'absent')).rejects.toMatchObject({ name: 'ResourceNotFoundException' })
    await create(rig, 's')
    await expect(create(rig, 's', { ChannelName: 'other' })).rejects.toMatchObject({
      name: 'LimitExceededException',
    })
    await expect(create(rig, 't')).rejects.toMatchObject({
      name: 'ResourceInUseException',
      message: `Channel c under account ${account} already exists.`,
    })
  })
})

describe('a list of channels', () => {
  const names = ['a', 'b', 'c', 'd', 'e']

  async function withChannels(): Promise<ChannelRig> {
    const rig = await ChannelRig.open(names)
    for (const name of names) await create(rig, name, { ChannelName: name })
    return rig
  }

  it('[A] channels: are listed by name, in pages', async () => {
    const { client } = await withChannels()
    const pages: unknown[] = []
    for await (const { ChannelSummaries = [] } of paginateListChannels({ client, pageSize: 2 }, {})) {
      pages.push(ChannelSummaries.map(({ ChannelName }) => ChannelName))
    }
    expect(pages).toEqual([['a', 'b'], ['c', 'd'], ['e']])
    const first = await client.send(new ListChannelsCommand({ MaxResults: 1 }))
    expect(first.ChannelSummaries?.[0]).toEqual({
      ChannelName: 'a',
      ChannelARN: expect.stringContaining(':channel/'),
      ChannelId: expect.any(String),
      ChannelStatus: 'ACTIVE',
      ChannelCreationTimestamp: expect.any(Date),
      ChannelDestinationType: 'S3',
      Streams: [{ StreamARN: streamArnOf('a'), StreamCreationTimestamp: expect.any(Date) }],
    })
  })

  it('[A] channels: and delivery streams of Firehose are listed apart', async () => {
    const rig = await ChannelRig.open(['s'])
    const ChannelARN = await create(rig, 's')
    await firehose(rig.store).createDeliveryStream('c', {
      source: 's',
      destination: { kind: 'folder', bucket: 'records' },
    })
    const { ChannelSummaries } = await rig.client.send(new ListChannelsCommand({}))
    expect(ChannelSummaries?.map((summary) => summary.ChannelARN)).toEqual([ChannelARN])
    expect(
      firehose(rig.store)
        .listDeliveryStreams()
        .map(({ name }) => name),
    ).toEqual(['c'])
  })

  it('[A] channels: are listed by their streams', async () => {
    const { client } = await withChannels()
    const list = async (
      StreamFilter: { StreamARN: string; StreamCreationTimestamp?: Date }[],
    ): Promise<unknown> => {
      const { ChannelSummaries } = await client.send(new ListChannelsCommand({ StreamFilter }))
      return ChannelSummaries?.map(({ ChannelName }) => ChannelName)
    }
    expect(await list([{ StreamARN: streamArnOf('d') }, { StreamARN: streamArnOf('b') }])).toEqual(['b', 'd'])
    expect(await list([{ StreamARN: streamArnOf('absent') }])).toEqual([])
    expect(await list([{ StreamARN: streamArnOf('d'), StreamCreationTimestamp: new Date(1) }])).toEqual([])
  })

  it('[A] channels: have tokens that nobody can invent, and that expire', async () => {
    const { client, clock } = await withChannels()
    const { NextToken } = await client.send(new ListChannelsCommand({ MaxResults: 2 }))
    await expect(client.send(new ListChannelsCommand({ NextToken: `${NextToken}x` }))).rejects.toMatchObject({
      name: 'InvalidArgumentException',
    })
    await clock.advance(300_001)
    await expect(client.send(new ListChannelsCommand({ NextToken }))).rejects.toMatchObject({
      name: 'ExpiredNextTokenException',
    })
  })
})
