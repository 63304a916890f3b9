import {
  CreateStreamCommand,
  DecreaseStreamRetentionPeriodCommand,
  DeleteStreamCommand,
  DescribeLimitsCommand,
  DescribeStreamCommand,
  DescribeStreamSummaryCommand,
  DisableEnhancedMonitoringCommand,
  EnableEnhancedMonitoringCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  IncreaseStreamRetentionPeriodCommand,
  ListStreamsCommand,
  PutRecordCommand,
  PutRecordsCommand,
  RegisterStreamConsumerCommand,
  SplitShardCommand,
  StartStreamEncryptionCommand,
  StopStreamEncryptionCommand,
  UpdateMaxRecordSizeCommand,
  UpdateShardCountCommand,
  UpdateStreamModeCommand,
  UpdateStreamRecordDistributionStrategyCommand,
  UpdateStreamWarmThroughputCommand,
} from '@aws-sdk/client-kinesis'
import { describe, expect, it } from 'vitest'
import { callRaw } from './raw.ts'
import { bytesOf, openRig } from './rig.ts'

const StreamName = 's'
const arn = 'arn:aws:kinesis:us-east-1:000000000000:stream/s'
const seconds = 1000

describe('CreateStream and DeleteStream', () => {
  it('[L] streams: one created with neither a number of shards nor a mode has four', async () => {
    const { client } = await openRig()
    await client.send(new CreateStreamCommand({ StreamName }))
    const { StreamDescriptionSummary } = await client.send(new DescribeStreamSummaryCommand({ StreamName }))
    expect(StreamDescriptionSummary).toMatchObject({
      OpenShardCount: 4,
      StreamModeDetails: { StreamMode: 'PROVISIONED' },
      StreamStatus: 'ACTIVE',
      RetentionPeriodHours: 24,
      EncryptionType: 'NONE',
      MaxRecordSizeInKiB: 1024,
      ConsumerCount: 0,
      ChannelCount: 0,
    })
  })

  it('[O] shards: an even split has the boundaries of AWS', async () => {
    const { client } = await openRig()
    await client.send(new CreateStreamCommand({ StreamName, ShardCount: 3 }))
    const { StreamDescription } = await client.send(new DescribeStreamCommand({ StreamName }))
    expect(StreamDescription?.Shards?.map(({ HashKeyRange }) => HashKeyRange)).toEqual([
      { StartingHashKey: '0', EndingHashKey: '113427455640312821154458202477256070484' },
      {
        StartingHashKey: '113427455640312821154458202477256070485',
        EndingHashKey: '226854911280625642308916404954512140969',
      },
      {
        StartingHashKey: '226854911280625642308916404954512140970',
        EndingHashKey: '340282366920938463463374607431768211455',
      },
    ])
  })

  it('[K] shards: first numbers of neighbours of one creation differ as on AWS', async () => {
    const { client } = await openRig()
    await client.send(new CreateStreamCommand({ StreamName, ShardCount: 2 }))
    const { StreamDescription } = await client.send(new DescribeStreamCommand({ StreamName }))
    const [first = 0n, second = 0n] = (StreamDescription?.Shards ?? []).map(({ SequenceNumberRange }) =>
      BigInt(SequenceNumberRange?.StartingSequenceNumber ?? 0),
    )
    expect(second - first).toBe(22300745198530623141535718272648361505980432n)
    expect(String(first)).toHaveLength(56)
  })

  it('[A] streams: a name that is taken is in use', async () => {
    const { client } = await openRig()
    await client.send(new CreateStreamCommand({ StreamName }))
    await expect(client.send(new CreateStreamCommand({ StreamName }))).rejects.toMatchObject({
      name: 'ResourceInUseException',
      message: 'Stream s under account 000000000000 already exists.',
    })
  })

  it('[A] streams: are found by ARN, and refused by the ARN that was asked for', async () => {
    const { client } = await openRig()
    await client.send(new CreateStreamCommand({ StreamName }))
    const { StreamDescription } = await client.send(new DescribeStreamCommand({ StreamARN: arn }))
    expect(StreamDescription?.StreamARN).toBe(arn)
    await client.send(new DeleteStreamCommand({ StreamARN: arn }))
    await expect(client.send(new DescribeStreamCommand({ StreamARN: arn }))).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      message: `Stream ${arn} under account 000000000000 not found.`,
    })
  })

  it('[?] deviation: StreamId is in the model and explained nowhere, so it is refused by name', async () => {
    const { handler } = await openRig()
    const StreamId = 'abcdefghijklmnopqrst-abc'
    const answer = await callRaw(handler, 'DescribeStream', { StreamName, StreamId })
    expect(answer.body).toMatchObject({ __type: 'InvalidArgumentException' })
    expect(answer.body?.['message']).toContain('StreamId is not supported')
  })

  it('[A] streams: one with consumers is deleted only if that is enforced', async () => {
    const { client } = await openRig()
    await client.send(new CreateStreamCommand({ StreamName }))
    await client.send(new RegisterStreamConsumerCommand({ StreamARN: arn, ConsumerName: 'c' }))
    await expect(client.send(new DeleteStreamCommand({ StreamName }))).rejects.toMatchObject({
      name: 'ResourceInUseException',
    })
    await client.send(new DeleteStreamCommand({ StreamName, EnforceConsumerDeletion: true }))
    await expect(client.send(new DescribeStreamCommand({ StreamName }))).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      message: 'Stream s under account 000000000000 not found.',
    })
  })

  it('[K] streams: one that is CREATING shows no shards, takes no records and is not split', async () => {
    const { client, clock } = await openRig({ open: { transitions: { creatingMs: 10 * seconds } } })
    await client.send(new CreateStreamCommand({ StreamName, ShardCount: 1 }))
    const { StreamDescription } = await client.send(new DescribeStreamCommand({ StreamName }))
    expect(StreamDescription).toMatchObject({ StreamStatus: 'CREATING', Shards: [], HasMoreShards: false })
    const record = { StreamName, PartitionKey: 'a', Data: bytesOf('x') }
    await expect(client.send(new PutRecordCommand(record))).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      message: 'Stream s under account 000000000000 not found.',
    })
    const split = { StreamName, ShardToSplit: 'shardId-000000000000', NewStartingHashKey: '100' }
    await expect(client.send(new SplitShardCommand(split))).rejects.toMatchObject({
      name: 'ResourceInUseException',
      message: 'Stream s under account 000000000000 not ACTIVE, instead in state CREATING',
    })
    await clock.advance(10 * seconds)
    await expect(client.send(new PutRecordCommand(record))).resolves.toHaveProperty('ShardId')
  })

  it('[K] streams: one that is CREATING can be deleted', async () => {
    const { client } = await openRig({ open: { transitions: 'aws' } })
    await client.send(new CreateStreamCommand({ StreamName, ShardCount: 1 }))
    await expect(client.send(new DeleteStreamCommand({ StreamName }))).resolves.toBeDefined()
  })
})

describe('DescribeStream and ListStreams', () => {
  it('[A] streams: shards are described in pages', async () => {
    const { client } = await openRig()
    await client.send(new CreateStreamCommand({ StreamName, ShardCount: 5 }))
    const first = await client.send(new DescribeStreamCommand({ StreamName, Limit: 3 }))
    expect(first.StreamDescription?.Shards).toHaveLength(3)
    expect(first.StreamDescription?.HasMoreShards).toBe(true)
    const ExclusiveStartShardId = first.StreamDescription?.Shards?.at(-1)?.ShardId
    const second = await client.send(new DescribeStreamCommand({ StreamName, ExclusiveStartShardId }))
    expect(second.StreamDescription?.Shards?.map(({ ShardId }) => ShardId)).toEqual([
      'shardId-000000000003',
      'shardId-000000000004',
    ])
    expect(second.StreamDescription?.HasMoreShards).toBe(false)
  })

  it('[A] streams: are listed by name, in pages by token or by name', async () => {
    const { client } = await openRig()
    for (const name of ['c', 'a', 'b']) await client.send(new CreateStreamCommand({ StreamName: name }))
    const first = await client.send(new ListStreamsCommand({ Limit: 2 }))
    expect(first).toMatchObject({ StreamNames: ['a', 'b'], HasMoreStreams: true })
    expect(first.StreamSummaries?.[0]).toMatchObject({
      StreamARN: 'arn:aws:kinesis:us-east-1:000000000000:stream/a',
      StreamStatus: 'ACTIVE',
    })
    const byToken = await client.send(new ListStreamsCommand({ NextToken: first.NextToken }))
    expect(byToken).toMatchObject({ StreamNames: ['c'], HasMoreStreams: false })
    expect(byToken.NextToken).toBeUndefined()
    const byName = await client.send(new ListStreamsCommand({ ExclusiveStartStreamName: 'a' }))
    expect(byName.StreamNames).toEqual(['b', 'c'])
  })

  it('[A] tokens: those of listings hold 300 seconds', async () => {
    const { client, clock } = await openRig()
    for (const name of ['a', 'b']) await client.send(new CreateStreamCommand({ StreamName: name }))
    const { NextToken } = await client.send(new ListStreamsCommand({ Limit: 1 }))
    await clock.advance(300 * seconds)
    await expect(client.send(new ListStreamsCommand({ NextToken }))).resolves.toMatchObject({
      StreamNames: ['b'],
    })
    await clock.advance(1)
    await expect(client.send(new ListStreamsCommand({ NextToken }))).rejects.toMatchObject({
      name: 'ExpiredNextTokenException',
    })
    await expect(client.send(new ListStreamsCommand({ NextToken: 'x' }))).rejects.toMatchObject({
      name: 'InvalidArgumentException',
    })
  })
})

describe('retention', () => {
  it.each([
    [
      IncreaseStreamRetentionPeriodCommand,
      23,
      'Minimum allowed retention period is 24 hours. Requested retention period (23 hours) is too short.',
    ],
    [
      IncreaseStreamRetentionPeriodCommand,
      9999,
      'Maximum allowed retention period is 8760 hours. Requested retention period (9999 hours) is too long.',
    ],
    [
      DecreaseStreamRetentionPeriodCommand,
      25,
      'Requested retention period (25 hours) for stream s can not be longer than existing retention period (24 hours). Use IncreaseRetentionPeriod API.',
    ],
  ])(
    '[K][T] retention: what it cannot be is refused with its text: %o %d',
    async (Command, RetentionPeriodHours, message) => {
      const { client } = await openRig()
      await client.send(new CreateStreamCommand({ StreamName }))
      await expect(client.send(new Command({ StreamName, RetentionPeriodHours }))).rejects.toMatchObject({
        name: 'InvalidArgumentException',
        message,
      })
    },
  )

  it('[?] retention: the present value is accepted', async () => {
    const { client } = await openRig()
    await client.send(new CreateStreamCommand({ StreamName }))
    const given = { StreamName, RetentionPeriodHours: 24 }
    await expect(client.send(new IncreaseStreamRetentionPeriodCommand(given))).resolves.toBeDefined()
    await expect(client.send(new DecreaseStreamRetentionPeriodCommand(given))).resolves.toBeDefined()
  })

  it('[A] retention: can be 24 to 8760 hours', async () => {
    const { client } = await openRig()
    await client.send(new CreateStreamCommand({ StreamName }))
    await client.send(new IncreaseStreamRetentionPeriodCommand({ StreamName, RetentionPeriodHours: 8760 }))
    await client.send(new DecreaseStreamRetentionPeriodCommand({ StreamName, RetentionPeriodHours: 48 }))
    const { StreamDescription } = await client.send(new DescribeStreamCommand({ StreamName }))
    expect(StreamDescription?.RetentionPeriodHours).toBe(48)
  })
})

describe('settings of a stream', () => {
  it('[A] streams: encryption is kept, and shown by what is put', async () => {
    const { client } = await openRig()
    await client.send(new CreateStreamCommand({ StreamName, ShardCount: 1 }))
    const key = { StreamName, EncryptionType: 'KMS', KeyId: 'alias/aws/kinesis' } as const
    await client.send(new StartStreamEncryptionCommand(key))
    const record = { StreamName, PartitionKey: 'a', Data: bytesOf('x') }
    expect(await client.send(new PutRecordCommand(record))).toMatchObject({ EncryptionType: 'KMS' })
    const described = await client.send(new DescribeStreamCommand({ StreamName }))
    expect(described.StreamDescription).toMatchObject({ EncryptionType: 'KMS', KeyId: 'alias/aws/kinesis' })
    await client.send(new StopStreamEncryptionCommand(key))
    // A record says what held when it was put.
    const { ShardIterator } = await client.send(
      new GetShardIteratorCommand({
        StreamName,
        ShardId: 'shardId-000000000000',
        ShardIteratorType: 'TRIM_HORIZON',
      }),
    )
    const page = await client.send(new GetRecordsCommand({ ShardIterator }))
    expect(page.Records).toMatchObject([{ EncryptionType: 'KMS' }])
    expect(await client.send(new PutRecordCommand(record))).not.toHaveProperty('EncryptionType', 'KMS')
    await expect(
      client.send(new StartStreamEncryptionCommand({ ...key, EncryptionType: 'NONE' })),
    ).rejects.toMatchObject({ name: 'InvalidArgumentException' })
  })

  it('[A] streams: 25 starts of encryption within 24 hours', async () => {
    const { client, clock } = await openRig()
    await client.send(new CreateStreamCommand({ StreamName }))
    const start = (KeyId: string): Promise<unknown> =>
      client.send(new StartStreamEncryptionCommand({ StreamName, EncryptionType: 'KMS', KeyId }))
    for (let count = 0; count < 25; count++) await start(`key-${count}`)
    await expect(start('one-more')).rejects.toMatchObject({ name: 'LimitExceededException' })
    await clock.advance(24 * 3600 * seconds)
    await expect(start('one-more')).resolves.toBeDefined()
  })

  it('[A] streams: metrics of shards are kept by name, and ALL is every one', async () => {
    const { client } = await openRig()
    await client.send(new CreateStreamCommand({ StreamName }))
    const enabled = await client.send(
      new EnableEnhancedMonitoringCommand({
        StreamName,
        ShardLevelMetrics: ['IncomingBytes', 'OutgoingBytes'],
      }),
    )
    expect(enabled).toMatchObject({
      StreamName,
      StreamARN: arn,
      CurrentShardLevelMetrics: [],
      DesiredShardLevelMetrics: ['IncomingBytes', 'OutgoingBytes'],
    })
    const disabled = await client.send(
      new DisableEnhancedMonitoringCommand({ StreamName, ShardLevelMetrics: ['ALL'] }),
    )
    expect(disabled).toMatchObject({
      CurrentShardLevelMetrics: ['IncomingBytes', 'OutgoingBytes'],
      DesiredShardLevelMetrics: [],
    })
  })

  it('[A] streams: the size of a record can be raised to 10 MiB', async () => {
    const { client } = await openRig()
    await client.send(new CreateStreamCommand({ StreamName, ShardCount: 1 }))
    await client.send(new UpdateMaxRecordSizeCommand({ StreamARN: arn, MaxRecordSizeInKiB: 10_240 }))
    const Data = new Uint8Array(10 * 1024 * 1024 - 1)
    await expect(
      client.send(new PutRecordCommand({ StreamName, PartitionKey: 'a', Data })),
    ).resolves.toHaveProperty('ShardId')
  })

  it('[A] streams: the mode can be switched twice within 24 hours, and the shards stay', async () => {
    const { client } = await openRig()
    await client.send(new CreateStreamCommand({ StreamName, ShardCount: 3 }))
    const toMode = (StreamMode: 'ON_DEMAND' | 'PROVISIONED'): Promise<unknown> =>
      client.send(new UpdateStreamModeCommand({ StreamARN: arn, StreamModeDetails: { StreamMode } }))
    await toMode('ON_DEMAND')
    const { StreamDescriptionSummary } = await client.send(new DescribeStreamSummaryCommand({ StreamName }))
    expect(StreamDescriptionSummary).toMatchObject({
      OpenShardCount: 3,
      StreamModeDetails: { StreamMode: 'ON_DEMAND' },
    })
    await toMode('PROVISIONED')
    await expect(toMode('ON_DEMAND')).rejects.toMatchObject({ name: 'LimitExceededException' })
  })

  it('[T] streams: one on demand has no number of shards to set', async () => {
    const { client } = await openRig()
    const StreamModeDetails = { StreamMode: 'ON_DEMAND' } as const
    await client.send(new CreateStreamCommand({ StreamName, StreamModeDetails }))
    const update = new UpdateShardCountCommand({
      StreamName,
      TargetShardCount: 8,
      ScalingType: 'UNIFORM_SCALING',
    })
    await expect(client.send(update)).rejects.toMatchObject({
      name: 'ValidationException',
      message: 'Request is invalid. Stream s under account 000000000000 is in On-Demand mode.',
    })
    await expect(
      client.send(new CreateStreamCommand({ StreamName: 't', StreamModeDetails, ShardCount: 1 })),
    ).rejects.toMatchObject({ name: 'InvalidArgumentException' })
  })

  it('[A] streams: AUTO distribution is for streams on demand', async () => {
    const { client } = await openRig()
    await client.send(new CreateStreamCommand({ StreamName }))
    const auto = new UpdateStreamRecordDistributionStrategyCommand({
      StreamARN: arn,
      RecordDistributionStrategy: 'AUTO',
    })
    await expect(client.send(auto)).rejects.toMatchObject({ name: 'InvalidArgumentException' })
    await client.send(
      new UpdateStreamModeCommand({ StreamARN: arn, StreamModeDetails: { StreamMode: 'ON_DEMAND' } }),
    )
    await expect(client.send(auto)).resolves.toBeDefined()
  })

  it('[A] streams: warm throughput is for accounts that are committed', async () => {
    const { client } = await openRig()
    const StreamModeDetails = { StreamMode: 'ON_DEMAND' } as const
    await client.send(new CreateStreamCommand({ StreamName, StreamModeDetails }))
    const warm = new UpdateStreamWarmThroughputCommand({ StreamARN: arn, WarmThroughputMiBps: 10 })
    await expect(client.send(warm)).rejects.toMatchObject({ name: 'InvalidArgumentException' })
  })

  it('[A] accounts: limits count streams and open shards', async () => {
    const { client } = await openRig()
    await client.send(new CreateStreamCommand({ StreamName, ShardCount: 3 }))
    await client.send(
      new CreateStreamCommand({ StreamName: 't', StreamModeDetails: { StreamMode: 'ON_DEMAND' } }),
    )
    expect(await client.send(new DescribeLimitsCommand({}))).toMatchObject({
      OpenShardCount: 7,
      ShardLimit: 20_000,
      OnDemandStreamCount: 1,
      OnDemandStreamCountLimit: 50,
      ChannelCount: 0,
    })
  })
})

describe('streams whose shards do not go by keys', () => {
  it('[A] routing: AUTO spreads records whatever their keys, which may be absent and are returned as they were', async () => {
    const { client } = await openRig()
    await client.send(
      new CreateStreamCommand({
        StreamName,
        StreamModeDetails: { StreamMode: 'ON_DEMAND' },
        RecordDistributionStrategy: 'AUTO',
      }),
    )
    const { Records = [], FailedRecordCount } = await client.send(
      new PutRecordsCommand({
        StreamName,
        Records: [
          ...Array.from({ length: 8 }, () => ({ Data: bytesOf('x') })),
          { PartitionKey: 'a', Data: bytesOf('y') },
        ],
      }),
    )
    expect(FailedRecordCount).toBe(0)
    expect(new Set(Records.map(({ ShardId }) => ShardId)).size).toBe(4)
    const keys: (string | undefined)[] = []
    for (const { ShardId } of Records.slice(0, 4)) {
      const { ShardIterator } = await client.send(
        new GetShardIteratorCommand({ StreamName, ShardId, ShardIteratorType: 'TRIM_HORIZON' }),
      )
      const page = await client.send(new GetRecordsCommand({ ShardIterator }))
      keys.push(...(page.Records ?? []).map(({ PartitionKey }) => PartitionKey))
    }
    expect(keys.filter((key) => key === undefined)).toHaveLength(8)
    expect(keys.filter((key) => key === 'a')).toHaveLength(1)
  })

  it('[A] answers: records say KMS if they were put with encryption, others say nothing', async () => {
    const { client } = await openRig()
    await client.send(new CreateStreamCommand({ StreamName, ShardCount: 1 }))
    const record = { StreamName, PartitionKey: 'a', Data: bytesOf('x') }
    await client.send(new PutRecordCommand(record))
    await client.send(new StartStreamEncryptionCommand({ StreamName, EncryptionType: 'KMS', KeyId: 'k' }))
    await client.send(new PutRecordCommand(record))
    const { ShardIterator } = await client.send(
      new GetShardIteratorCommand({ StreamName, ShardId: '0', ShardIteratorType: 'TRIM_HORIZON' }),
    )
    const { Records } = await client.send(new GetRecordsCommand({ ShardIterator }))
    expect(Records?.map(({ EncryptionType }) => EncryptionType)).toEqual([undefined, 'KMS'])
  })
})
