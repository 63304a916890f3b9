import {
  CreateStreamCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  KinesisClient,
  ListShardsCommand,
  PutRecordCommand,
} from '@aws-sdk/client-kinesis'
import { afterAll, expect, it } from 'vitest'
import { awsRequestHandler } from '../../src/aws/index.ts'
import { open } from '../../src/open.ts'
import { ScratchFolder } from '../native/scratch-folder.ts'
import { bytesOf, textOf } from './rig.ts'

const scratch = new ScratchFolder()
afterAll(() => scratch.remove())

const StreamName = 's'

async function withClient<T>(path: string, use: (client: KinesisClient) => Promise<T>): Promise<T> {
  const store = await open(path)
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
