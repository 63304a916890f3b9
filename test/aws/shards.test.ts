import {
  CreateStreamCommand,
  GetShardIteratorCommand,
  type KinesisClient,
  ListShardsCommand,
  type ListShardsCommandInput,
  MergeShardsCommand,
  SplitShardCommand,
  UpdateShardCountCommand,
} from '@aws-sdk/client-kinesis'
import { describe, expect, it } from 'vitest'
import { openRig, type Rig } from './rig.ts'

const StreamName = 's'
const half = (2n ** 127n).toString()
const shard = (index: number): string => `shardId-${String(index).padStart(12, '0')}`

async function withStream(ShardCount: number): Promise<Rig> {
  const rig = await openRig()
  await rig.client.send(new CreateStreamCommand({ StreamName, ShardCount }))
  return rig
}

const list = async (client: KinesisClient, input: ListShardsCommandInput = {}): Promise<string[]> => {
  const { Shards = [] } = await client.send(new ListShardsCommand({ StreamName, ...input }))
  return Shards.map(({ ShardId }) => String(Number(ShardId?.slice(8))))
}

const split = (client: KinesisClient, index: number, NewStartingHashKey: string): Promise<unknown> =>
  client.send(new SplitShardCommand({ StreamName, ShardToSplit: shard(index), NewStartingHashKey }))

const merge = (client: KinesisClient, lower: number, upper: number): Promise<unknown> =>
  client.send(
    new MergeShardsCommand({ StreamName, ShardToMerge: shard(lower), AdjacentShardToMerge: shard(upper) }),
  )

const scale = (client: KinesisClient, TargetShardCount: number) =>
  client.send(new UpdateShardCountCommand({ StreamName, TargetShardCount, ScalingType: 'UNIFORM_SCALING' }))

describe('SplitShard and MergeShards', () => {
  it('[A][O] shards: a split closes one shard and opens two', async () => {
    const { client } = await withStream(1)
    await split(client, 0, half)
    const { Shards = [] } = await client.send(new ListShardsCommand({ StreamName }))
    expect(Shards).toHaveLength(3)
    expect(Shards[0]?.SequenceNumberRange?.EndingSequenceNumber).toMatch(/^\d{56}$/)
    expect(Shards[1]).toMatchObject({
      ParentShardId: shard(0),
      HashKeyRange: { StartingHashKey: '0', EndingHashKey: (2n ** 127n - 1n).toString() },
    })
    expect(Shards[2]).toMatchObject({ ParentShardId: shard(0), HashKeyRange: { StartingHashKey: half } })
    expect(Shards[2]).not.toHaveProperty('AdjacentParentShardId')
  })

  it.each(['0', '1', '340282366920938463463374607431768211455'])(
    '[K] shards: a hash key that does not split is refused with its text: %s',
    async (NewStartingHashKey) => {
      const { client } = await withStream(1)
      await expect(split(client, 0, NewStartingHashKey)).rejects.toMatchObject({
        name: 'InvalidArgumentException',
        message:
          `NewStartingHashKey ${NewStartingHashKey} used in SplitShard() on shard ${shard(0)} in stream s under ` +
          "account 000000000000 is not both greater than one plus the shard's StartingHashKey 0 and less than " +
          "the shard's EndingHashKey 340282366920938463463374607431768211455.",
      })
    },
  )

  it('[T] shards: a closed shard is neither split nor merged', async () => {
    const { client } = await withStream(2)
    await split(client, 0, '100')
    const closed = {
      name: 'InvalidArgumentException',
      message:
        `Shard ${shard(0)} in stream s under account 000000000000 has already been merged or split, ` +
        'and thus is not eligible for merging or splitting.',
    }
    await expect(split(client, 0, '200')).rejects.toMatchObject(closed)
    await expect(merge(client, 0, 1)).rejects.toMatchObject(closed)
  })

  it('[O] shards: a merge has both parents', async () => {
    const { client } = await withStream(2)
    await merge(client, 0, 1)
    const { Shards = [] } = await client.send(new ListShardsCommand({ StreamName }))
    expect(Shards[2]).toMatchObject({
      ShardId: shard(2),
      ParentShardId: shard(0),
      AdjacentParentShardId: shard(1),
      HashKeyRange: { StartingHashKey: '0' },
    })
  })

  it.each([
    [1, 0],
    [0, 2],
  ])('[K] shards: two that are no neighbours in this order are not merged: %d, %d', async (lower, upper) => {
    const { client } = await withStream(3)
    await expect(merge(client, lower, upper)).rejects.toMatchObject({
      name: 'InvalidArgumentException',
      message:
        `Shards ${shard(lower)} and ${shard(upper)} in stream s under account 000000000000 ` +
        'are not an adjacent pair of shards eligible for merging',
    })
  })

  it('[K] shards: one that does not exist is named with twelve digits', async () => {
    const { client } = await withStream(1)
    await expect(
      client.send(new SplitShardCommand({ StreamName, ShardToSplit: 'shard-7', NewStartingHashKey: '9' })),
    ).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      message: `Could not find shard ${shard(7)} in stream s under account 000000000000.`,
    })
  })

  it('[K] iterators: none begins at or after the end of a closed shard', async () => {
    const { client } = await withStream(1)
    await split(client, 0, half)
    const { Shards = [] } = await client.send(new ListShardsCommand({ StreamName }))
    const StartingSequenceNumber = Shards[0]?.SequenceNumberRange?.EndingSequenceNumber
    await expect(
      client.send(
        new GetShardIteratorCommand({
          StreamName,
          ShardId: shard(0),
          ShardIteratorType: 'AFTER_SEQUENCE_NUMBER',
          StartingSequenceNumber,
        }),
      ),
    ).rejects.toMatchObject({
      name: 'InvalidArgumentException',
      message:
        'Invalid SequenceNumber for ShardIteratorType AFTER_SEQUENCE_NUMBER, ' +
        'SequenceNumber has reached max possible value for the shard.',
    })
  })
})

describe('UpdateShardCount', () => {
  it.each([
    [2, 4, 6],
    [4, 5, 15],
    [10, 13, 37],
    [4, 2, 6],
    [5, 3, 7],
  ])(
    '[T] shards: UpdateShardCount leaves as many as on AWS, closed ones included: from %d to %d, %d',
    async (from, to, total) => {
      const { client } = await withStream(from)
      expect(await scale(client, to)).toMatchObject({
        StreamName,
        StreamARN: 'arn:aws:kinesis:us-east-1:000000000000:stream/s',
        CurrentShardCount: from,
        TargetShardCount: to,
      })
      expect(await list(client)).toHaveLength(total)
      expect(await list(client, { ShardFilter: { Type: 'AT_LATEST' } })).toHaveLength(to)
    },
  )

  it.each([9, 1])(
    '[A] shards: UpdateShardCount neither more than doubles nor more than halves: 4 to %d',
    async (target) => {
      const { client } = await withStream(4)
      await expect(scale(client, target)).rejects.toMatchObject({
        name: 'InvalidArgumentException',
        message: expect.stringContaining(`Current open shard count: 4 Target shard count: ${target}`),
      })
    },
  )

  it('[A] shards: UpdateShardCount goes ten times within 24 hours', async () => {
    const { client, clock } = await withStream(2)
    for (let change = 0; change < 10; change++) await scale(client, change % 2 === 0 ? 3 : 2)
    await expect(scale(client, 3)).rejects.toMatchObject({ name: 'LimitExceededException' })
    await clock.advance(24 * 3_600_000)
    await expect(scale(client, 3)).resolves.toBeDefined()
  })

  it('[A] deviation: SplitShard, MergeShards and UpdateShardCount answer when the children take records, not before', async () => {
    const { client } = await withStream(1)
    await split(client, 0, half)
    expect(await list(client, { ShardFilter: { Type: 'AT_LATEST' } })).toEqual(['1', '2'])
  })
})

describe('ListShards', () => {
  it('[A] shards: each filter of ListShards names its shards', async () => {
    const { client, clock } = await withStream(1)
    const created = new Date(clock.nowMs())
    await clock.advance(10_000)
    await split(client, 0, half)
    await clock.advance(10_000)
    const later = new Date(clock.nowMs())
    expect(await list(client)).toEqual(['0', '1', '2'])
    expect(await list(client, { ShardFilter: { Type: 'FROM_TRIM_HORIZON' } })).toEqual(['0', '1', '2'])
    expect(await list(client, { ShardFilter: { Type: 'AT_TRIM_HORIZON' } })).toEqual(['0'])
    expect(await list(client, { ShardFilter: { Type: 'AT_LATEST' } })).toEqual(['1', '2'])
    expect(await list(client, { ShardFilter: { Type: 'AT_TIMESTAMP', Timestamp: created } })).toEqual(['0'])
    expect(await list(client, { ShardFilter: { Type: 'FROM_TIMESTAMP', Timestamp: later } })).toEqual([
      '1',
      '2',
    ])
    expect(await list(client, { ShardFilter: { Type: 'AFTER_SHARD_ID', ShardId: shard(1) } })).toEqual(['2'])
  })

  it.each([
    [{ Type: 'AT_TIMESTAMP' }],
    [{ Type: 'AFTER_SHARD_ID' }],
    [{ Type: 'AT_LATEST', ShardId: 'shardId-000000000000' }],
  ] as const)('[A] shards: a filter whose members do not go together is refused: %j', async (ShardFilter) => {
    const { client } = await withStream(1)
    await expect(list(client, { ShardFilter })).rejects.toMatchObject({ name: 'InvalidArgumentException' })
  })

  it('[A] shards: ListShards answers in pages, whose token replaces the name of the stream', async () => {
    const { client, clock } = await withStream(5)
    const first = await client.send(new ListShardsCommand({ StreamName, MaxResults: 2 }))
    expect(first.Shards).toHaveLength(2)
    const { NextToken } = first
    const second = await client.send(new ListShardsCommand({ NextToken, MaxResults: 10 }))
    expect(second.Shards?.map(({ ShardId }) => ShardId)).toEqual([shard(2), shard(3), shard(4)])
    expect(second.NextToken).toBeUndefined()
    await expect(client.send(new ListShardsCommand({ StreamName, NextToken }))).rejects.toMatchObject({
      name: 'InvalidArgumentException',
      message: 'NextToken and StreamName cannot be provided together.',
    })
    await clock.advance(300_001)
    await expect(client.send(new ListShardsCommand({ NextToken }))).rejects.toMatchObject({
      name: 'ExpiredNextTokenException',
    })
  })

  it('[A] shards: a filter goes on with the token', async () => {
    const { client } = await withStream(2)
    await split(client, 1, String(2n ** 127n + 100n))
    const ShardFilter = { Type: 'AT_LATEST' } as const
    const { NextToken, Shards } = await client.send(
      new ListShardsCommand({ StreamName, ShardFilter, MaxResults: 1 }),
    )
    expect(Shards?.map(({ ShardId }) => ShardId)).toEqual([shard(0)])
    const rest = await client.send(new ListShardsCommand({ NextToken }))
    expect(rest.Shards?.map(({ ShardId }) => ShardId)).toEqual([shard(2), shard(3)])
  })

  it('[A] shards: of a stream of another creation are not found', async () => {
    const { client, store } = await withStream(1)
    const { createdAtMs } = store.stream(StreamName).describe()
    expect(await list(client, { StreamCreationTimestamp: new Date(createdAtMs) })).toEqual(['0'])
    await expect(
      list(client, { StreamCreationTimestamp: new Date(createdAtMs - 5000) }),
    ).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
    })
  })
})
