import {
  CreateStreamCommand,
  DescribeStreamCommand,
  GetShardIteratorCommand,
  ListShardsCommand,
  MergeShardsCommand,
  PutRecordCommand,
  RegisterStreamConsumerCommand,
  SplitShardCommand,
  SubscribeToShardCommand,
} from '@aws-sdk/client-kinesis'
import { describe, expect, it } from 'vitest'
import { bytesOf, openRig } from './rig.ts'

const StreamName = 's'
const parent = 'shardId-000000000000'
const hourMs = 3_600_000

describe('a shard whose retention is over', () => {
  it('[A] shards: is not found by its name, whether it was swept or not', async () => {
    const { client, clock } = await openRig()
    await client.send(new CreateStreamCommand({ StreamName, ShardCount: 1 }))
    await client.send(new SplitShardCommand({ StreamName, ShardToSplit: parent, NewStartingHashKey: '9' }))
    await clock.advance(24 * hourMs + 30_000)
    const ask = { StreamName, ShardId: parent, ShardIteratorType: 'TRIM_HORIZON' } as const
    await expect(client.send(new GetShardIteratorCommand(ask))).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
    })
  })

  it('that was never there is told with the name of its stream', async () => {
    const { client } = await openRig()
    await client.send(new CreateStreamCommand({ StreamName, ShardCount: 1 }))
    const input = { StreamName, ShardToMerge: 'shardId-000000000007', AdjacentShardToMerge: parent }
    await expect(client.send(new MergeShardsCommand(input))).rejects.toMatchObject({
      message: `Could not find shard shardId-000000000007 in stream s under account 000000000000.`,
    })
  })
})

describe('a dry run of SubscribeToShard', () => {
  it('[A] consumers: refuses what the call itself would refuse', async () => {
    const { client, store } = await openRig()
    await client.send(new CreateStreamCommand({ StreamName, ShardCount: 1 }))
    const { Consumer } = await client.send(
      new RegisterStreamConsumerCommand({ StreamARN: store.stream(StreamName).arn, ConsumerName: 'c' }),
    )
    const subscribe = (SequenceNumber: string) =>
      client.send(
        new SubscribeToShardCommand({
          ConsumerARN: Consumer?.ConsumerARN,
          ShardId: parent,
          StartingPosition: { Type: 'AT_SEQUENCE_NUMBER', SequenceNumber },
          DryRun: true,
        }),
      )
    await expect(subscribe('12345')).rejects.toMatchObject({ name: 'InvalidArgumentException' })
    const { SequenceNumber = '' } = await client.send(
      new PutRecordCommand({ StreamName, PartitionKey: 'a', Data: bytesOf('x') }),
    )
    await expect(subscribe(SequenceNumber)).rejects.toMatchObject({ name: 'DryRunOperationException' })
    // It was a dry run: nobody has subscribed within the last five seconds.
    await expect(subscribe(SequenceNumber)).rejects.toMatchObject({ name: 'DryRunOperationException' })
  })
})

describe('pages', () => {
  it('of DescribeStream say that there is more, however many were asked for', async () => {
    const { client, store } = await openRig()
    const stream = await store.createStream(StreamName, { shards: 10_000 })
    await stream.mergeShards(parent, 'shardId-000000000001')
    const { StreamDescription } = await client.send(new DescribeStreamCommand({ StreamName, Limit: 10_000 }))
    expect(StreamDescription).toMatchObject({ HasMoreShards: true })
  })

  it('[A] limits: of ListShards count for their stream', async () => {
    const { client, store } = await openRig({ open: { limits: 'enforce' } })
    await store.createStream('a', { shards: 2 })
    await store.createStream('b', { shards: 2 })
    const first = async (name: string): Promise<string | undefined> =>
      (await client.send(new ListShardsCommand({ StreamName: name, MaxResults: 1 }))).NextToken
    const next = (NextToken: string | undefined) => client.send(new ListShardsCommand({ NextToken }))
    const tokens = { a: await first('a'), b: await first('b') }
    for (let call = 0; call < 999; call++) await next(tokens.a)
    await expect(next(tokens.a)).rejects.toMatchObject({
      name: 'LimitExceededException',
      message: expect.stringContaining('ListShards of a may be called') as string,
    })
    await expect(next(tokens.b)).resolves.toBeDefined()
  })
})
