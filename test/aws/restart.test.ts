import {
  CreateStreamCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  KinesisClient,
  ListShardsCommand,
  PutRecordCommand,
} from '@aws-sdk/client-kinesis'
import { afterAll, expect, it } from 'vitest'
import type { Clock } from '../../src/clock.ts'
import { awsRequestHandler } from '../../src/aws/index.ts'
import { open } from '../../src/open.ts'
import { ManualClock } from '../model/manual-clock.ts'
import { ScratchFolder } from '../native/scratch-folder.ts'
import { bytesOf, textOf } from './rig.ts'

const scratch = new ScratchFolder()
afterAll(() => scratch.remove())

const StreamName = 's'

async function withClient<T>(
  path: string,
  use: (client: KinesisClient) => Promise<T>,
  clock?: Clock,
): Promise<T> {
  const store = await open(path, { clock })
  const client = new KinesisClient({
    region: 'us-east-1',
    credentials: { accessKeyId: 'any', secretAccessKey: 'any' },
    requestHandler: awsRequestHandler(store),
  })
  try {
    return await use(client)
  } finally {
    client.destroy()
    await store.close()
  }
}

it('[A] tokens: hold when the store was closed and opened again', async () => {
  const path = scratch.fresh()
  const tokens = await withClient(path, async (client) => {
    await client.send(new CreateStreamCommand({ StreamName, ShardCount: 2 }))
    const { ShardId } = await client.send(
      new PutRecordCommand({ StreamName, PartitionKey: 'a', Data: bytesOf('one') }),
    )
    const { ShardIterator } = await client.send(
      new GetShardIteratorCommand({ StreamName, ShardId, ShardIteratorType: 'TRIM_HORIZON' }),
    )
    const { NextToken } = await client.send(new ListShardsCommand({ StreamName, MaxResults: 1 }))
    return { ShardIterator, NextToken }
  })
  await withClient(path, async (client) => {
    const { Records } = await client.send(new GetRecordsCommand({ ShardIterator: tokens.ShardIterator }))
    expect(Records?.map(({ Data }) => textOf(Data))).toEqual(['one'])
    const { Shards } = await client.send(new ListShardsCommand({ NextToken: tokens.NextToken }))
    expect(Shards?.map(({ ShardId }) => ShardId)).toEqual(['shardId-000000000001'])
  })
})

it('are refused when the clock was set back between two openings: nobody knows how old they are', async () => {
  const path = scratch.fresh()
  const clock = new ManualClock()
  const tokens = await withClient(
    path,
    async (client) => {
      await client.send(new CreateStreamCommand({ StreamName, ShardCount: 2 }))
      const { ShardIterator } = await client.send(
        new GetShardIteratorCommand({
          StreamName,
          ShardId: 'shardId-000000000000',
          ShardIteratorType: 'TRIM_HORIZON',
        }),
      )
      const { NextToken } = await client.send(new ListShardsCommand({ StreamName, MaxResults: 1 }))
      return { ShardIterator, NextToken }
    },
    clock,
  )
  clock.setWall(clock.nowMs() - 3_600_000)
  await withClient(
    path,
    async (client) => {
      await expect(
        client.send(new GetRecordsCommand({ ShardIterator: tokens.ShardIterator })),
      ).rejects.toMatchObject({ name: 'ExpiredIteratorException' })
      await expect(client.send(new ListShardsCommand({ NextToken: tokens.NextToken }))).rejects.toMatchObject(
        { name: 'ExpiredNextTokenException' },
      )
    },
    clock,
  )
})
