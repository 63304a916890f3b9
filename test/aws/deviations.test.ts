import {
  CreateStreamCommand,
  DescribeStreamCommand,
  MergeShardsCommand,
  PutRecordCommand,
  PutResourcePolicyCommand,
  SplitShardCommand,
} from '@aws-sdk/client-kinesis'
import { describe, expect, it } from 'vitest'
import { callRaw, sendRaw, usualHeaders } from './raw.ts'
import { bytesOf, openRig } from './rig.ts'

const StreamName = 's'
const StreamARN = 'arn:aws:kinesis:us-east-1:000000000000:stream/s'

describe('what differs from AWS', () => {
  it('[K] deviation: signatures are read and, but by a server with credentials, not checked: whoever has the store has all of it', async () => {
    const { handler } = await openRig()
    const answer = await sendRaw(handler, {
      headers: { ...usualHeaders, 'x-amz-target': 'Kinesis_20131202.ListStreams' },
      body: '{}',
    })
    expect(answer.status).toBe(200)
  })

  it('[M] deviation: a member that the model does not have is refused by name, so that newer ones are not passed over', async () => {
    const { handler } = await openRig()
    const answer = await callRaw(handler, 'CreateStream', { StreamName, Replicas: 3 })
    expect(answer.body?.['message']).toContain("CreateStream has no member 'Replicas'")
  })

  it('[A] deviation: resource policies are kept and not judged', async () => {
    const { client, connect } = await openRig()
    await client.send(new CreateStreamCommand({ StreamName, ShardCount: 1 }))
    const Policy = JSON.stringify({
      Statement: [{ Effect: 'Deny', Principal: '*', Action: '*', Resource: '*' }],
    })
    await client.send(new PutResourcePolicyCommand({ ResourceARN: StreamARN, Policy }))
    const other = connect({ credentials: { accessKeyId: '999999999999', secretAccessKey: 'x' } })
    await expect(other.send(new DescribeStreamCommand({ StreamARN }))).resolves.toBeDefined()
    other.destroy()
  })

  it('[K] deviation: a text more than twice as long as it may be is refused for its length, and its pattern is not looked at', async () => {
    const { handler } = await openRig()
    const answer = await callRaw(handler, 'DescribeStream', { StreamName: '!'.repeat(300) })
    expect(answer.body?.['message']).toMatch(
      /^1 validation error detected: .* length less than or equal to 128$/,
    )
  })

  it('[?] deviation: the text for neither StreamName nor StreamARN is ours', async () => {
    const { handler } = await openRig()
    expect((await callRaw(handler, 'DescribeStream', {})).body).toEqual({
      __type: 'ValidationException',
      message: 'Either StreamName or StreamARN must be provided.',
    })
  })

  it('[?] deviation: the text of DryRunOperationException is ours', async () => {
    const { client } = await openRig()
    await client.send(new CreateStreamCommand({ StreamName, ShardCount: 1 }))
    await expect(
      client.send(new PutRecordCommand({ StreamName, PartitionKey: 'a', Data: bytesOf('x'), DryRun: true })),
    ).rejects.toMatchObject({
      message: 'The request would have succeeded, but the DryRun parameter was set.',
    })
  })

  it('[M] deviation: an InternalFailureException says what is wrong with the store', async () => {
    const { client, store } = await openRig()
    await store.close()
    await expect(client.send(new DescribeStreamCommand({ StreamName }))).rejects.toMatchObject({
      name: 'InternalFailureException',
      message: expect.stringContaining('ERR_MILLRACE_CLOSED'),
    })
  })
})

describe('what differs from AWS in time', () => {
  it('[A] deviation: SplitShard, MergeShards and UpdateShardCount answer when the shards have changed, not when that begins', async () => {
    const { client } = await openRig()
    await client.send(new CreateStreamCommand({ StreamName, ShardCount: 1 }))
    await client.send(
      new SplitShardCommand({ StreamName, ShardToSplit: 'shardId-000000000000', NewStartingHashKey: '9' }),
    )
    const { StreamDescription } = await client.send(new DescribeStreamCommand({ StreamName }))
    expect(StreamDescription?.Shards).toHaveLength(3)
  })
})

describe('what is the same', () => {
  it('[A] streams: the shards of one on demand are neither split nor merged by hand', async () => {
    const { client } = await openRig()
    await client.send(new CreateStreamCommand({ StreamName, StreamModeDetails: { StreamMode: 'ON_DEMAND' } }))
    const refused = {
      name: 'ValidationException',
      message: 'Request is invalid. Stream s under account 000000000000 is in On-Demand mode.',
    }
    const split = { StreamName, ShardToSplit: 'shardId-000000000000', NewStartingHashKey: '9' }
    await expect(client.send(new SplitShardCommand(split))).rejects.toMatchObject(refused)
    const merge = { StreamName, ShardToMerge: 'shardId-0', AdjacentShardToMerge: 'shardId-1' }
    await expect(client.send(new MergeShardsCommand(merge))).rejects.toMatchObject(refused)
  })

  it('[A] streams: five at most are CREATING at the same time', async () => {
    const { client, clock } = await openRig({ open: { transitions: { creatingMs: 1000 } } })
    const create = (name: string): Promise<unknown> =>
      client.send(new CreateStreamCommand({ StreamName: name, ShardCount: 1 }))
    for (const name of ['a', 'b', 'c', 'd', 'e']) await create(name)
    await expect(create('f')).rejects.toMatchObject({ name: 'LimitExceededException' })
    await clock.advance(1000)
    await expect(create('f')).resolves.toBeDefined()
  })
})
