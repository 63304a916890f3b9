import {
  CreateChannelCommand,
  CreateStreamCommand,
  DeleteChannelCommand,
  DescribeChannelCommand,
  DescribeLimitsCommand,
  DescribeStreamSummaryCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  KinesisClient,
  ListShardsCommand,
  ListStreamsCommand,
  ListTagsForResourceCommand,
  PutRecordCommand,
  RegisterStreamConsumerCommand,
  SubscribeToShardCommand,
  UpdateChannelCommand,
} from '@aws-sdk/client-kinesis'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Grant } from '../../src/aws/policy.ts'
import { type Server, startServer } from '../../src/server/server.ts'
import { type TestStore, testStore } from '../../src/testing/test-store.ts'

const secretAccessKey = 'a secret of some length'.replaceAll(' ', '-')
const account = '123456789012'

function somebody(accessKeyId: string, ...policy: Grant[]): object {
  return { accessKeyId, secretAccessKey, account, policy }
}

const credentials = [
  somebody('root', { allow: 'admin', streams: '*' }),
  somebody('reader', { allow: 'read', streams: 'clicks*' }),
  somebody('writer', { allow: 'write', streams: 'clicks*' }),
  somebody('owner', { allow: 'admin', streams: 'orders' }),
  somebody('looker', { allow: 'read', streams: '*' }),
  { ...somebody('stranger', { allow: 'admin', streams: '*' }), account: '999999999999' },
] as never

let store: TestStore
let server: Server
let folder: string
const clients: KinesisClient[] = []

beforeAll(async () => {
  store = await testStore()
  folder = mkdtempSync(join(tmpdir(), 'millrace-buckets-'))
  server = await startServer(store, { port: 0, credentials, firehose: { buckets: folder } })
  for (const StreamName of ['clicks', 'clicks-eu', 'orders']) {
    await as('root').send(new CreateStreamCommand({ StreamName, ShardCount: 2 }))
  }
})

afterAll(async () => {
  for (const client of clients) client.destroy()
  await server.close()
  await store.close()
  rmSync(folder, { recursive: true, force: true })
})

function as(accessKeyId: string, requestHandler?: NodeHttpHandler): KinesisClient {
  const client = new KinesisClient({
    region: 'us-east-1',
    endpoint: server.endpoint,
    credentials: { accessKeyId, secretAccessKey },
    maxAttempts: 1,
    ...(requestHandler === undefined ? {} : { requestHandler }),
  })
  clients.push(client)
  return client
}

const arnOf = (name: string): string => `arn:aws:kinesis:us-east-1:${account}:stream/${name}`
const record = { PartitionKey: 'k', Data: Buffer.from('data') }
const from = { ShardId: 'shardId-000000000000', ShardIteratorType: 'TRIM_HORIZON' } as const

/** The refusal of what somebody may not do, as AWS words it. */
function denial(user: string, operation: string, resource: string): object {
  return {
    name: 'AccessDeniedException',
    message:
      `User: arn:aws:iam::${account}:user/${user} is not authorized to perform: kinesis:${operation} on resource: ` +
      `${resource} because no identity-based policy allows the kinesis:${operation} action`,
    $metadata: expect.objectContaining({ httpStatusCode: 400 }) as unknown,
  }
}

describe('a server with credentials', () => {
  it.each([
    ['HTTP/2', undefined],
    ['HTTP/1.1', new NodeHttpHandler()],
  ])('takes what was signed with one of them, over %s', async (_version, handler) => {
    await expect(
      as('writer', handler).send(new PutRecordCommand({ StreamName: 'clicks', ...record })),
    ).resolves.toMatchObject({
      ShardId: expect.stringMatching(/^shardId-/),
    })
  })

  it.each(['application/x-amz-json-1.1', 'application/x-amz-cbor-1.1', 'application/json'])(
    'asks who calls before it reads what was sent: %s',
    async (type) => {
      const headers = { 'content-type': type, 'x-amz-target': 'Kinesis_20131202.PutRecords' }
      const answer = await fetch(server.endpoint, { method: 'POST', headers, body: '{no document' })
      expect(await answer.text()).toContain('MissingAuthenticationTokenException')
    },
  )

  it('lets each do what its policy says of a stream, by name and by ARN', async () => {
    const allowed = [
      as('reader').send(new GetShardIteratorCommand({ StreamName: 'clicks', ...from })),
      as('reader').send(new GetShardIteratorCommand({ StreamARN: arnOf('clicks-eu'), ...from })),
      as('owner').send(new PutRecordCommand({ StreamName: 'orders', ...record })),
      as('writer').send(new DescribeStreamSummaryCommand({ StreamName: 'clicks' })),
    ]
    await expect(Promise.all(allowed)).resolves.toHaveLength(4)
  })

  it('refuses what no line of the policy allows, in the words of AWS', async () => {
    const refusals: [string, Promise<unknown>, object][] = [
      [
        'write by a reader',
        as('reader').send(new PutRecordCommand({ StreamName: 'clicks', ...record })),
        denial('reader', 'PutRecord', arnOf('clicks')),
      ],
      [
        'read by a writer',
        as('writer').send(new GetShardIteratorCommand({ StreamName: 'clicks', ...from })),
        denial('writer', 'GetShardIterator', arnOf('clicks')),
      ],
      [
        'another stream',
        as('reader').send(new GetShardIteratorCommand({ StreamName: 'orders', ...from })),
        denial('reader', 'GetShardIterator', arnOf('orders')),
      ],
      [
        'by ARN',
        as('reader').send(new ListShardsCommand({ StreamARN: arnOf('orders') })),
        denial('reader', 'ListShards', arnOf('orders')),
      ],
      [
        'of no such stream',
        as('reader').send(new DescribeStreamSummaryCommand({ StreamName: 'none' })),
        denial('reader', 'DescribeStreamSummary', arnOf('none')),
      ],
      [
        'creation',
        as('reader').send(new CreateStreamCommand({ StreamName: 'clicks-us' })),
        denial('reader', 'CreateStream', arnOf('clicks-us')),
      ],
      [
        'a resource',
        as('reader').send(new ListTagsForResourceCommand({ ResourceARN: arnOf('orders') })),
        denial('reader', 'ListTagsForResource', arnOf('orders')),
      ],
      [
        'the account',
        as('reader').send(new DescribeLimitsCommand({})),
        denial('reader', 'DescribeLimits', '*'),
      ],
    ]
    for (const [what, call, refusal] of refusals) await expect(call, what).rejects.toMatchObject(refusal)
    await expect(as('looker').send(new DescribeLimitsCommand({}))).resolves.toBeDefined()
  })

  it('lets nobody read with an iterator, token or consumer of a stream that is not theirs', async () => {
    const { ShardIterator } = await as('root').send(
      new GetShardIteratorCommand({ StreamName: 'orders', ...from }),
    )
    const { NextToken } = await as('root').send(
      new ListShardsCommand({ StreamName: 'orders', MaxResults: 1 }),
    )
    const { Consumer } = await as('root').send(
      new RegisterStreamConsumerCommand({ StreamARN: arnOf('orders'), ConsumerName: 'app' }),
    )
    const reader = as('reader')
    await expect(reader.send(new GetRecordsCommand({ ShardIterator }))).rejects.toMatchObject(
      denial('reader', 'GetRecords', arnOf('orders')),
    )
    // Beside the ARN of a stream that is.
    await expect(
      reader.send(new GetRecordsCommand({ ShardIterator, StreamARN: arnOf('clicks') })),
    ).rejects.toMatchObject(denial('reader', 'GetRecords', arnOf('orders')))
    await expect(reader.send(new ListShardsCommand({ NextToken }))).rejects.toMatchObject(
      denial('reader', 'ListShards', arnOf('orders')),
    )
    const { ConsumerARN = '' } = Consumer ?? {}
    await expect(
      reader.send(
        new SubscribeToShardCommand({
          ConsumerARN,
          ShardId: from.ShardId,
          StartingPosition: { Type: 'LATEST' },
        }),
      ),
    ).rejects.toMatchObject(denial('reader', 'SubscribeToShard', ConsumerARN))
    await expect(as('looker').send(new GetRecordsCommand({ ShardIterator }))).resolves.toBeDefined()
    await expect(as('looker').send(new ListShardsCommand({ NextToken }))).resolves.toBeDefined()
  })

  it('lets nobody out of the account', async () => {
    await expect(
      as('stranger').send(new DescribeStreamSummaryCommand({ StreamARN: arnOf('orders') })),
    ).rejects.toMatchObject({
      name: 'AccessDeniedException',
    })
    const { ShardIterator } = await as('root').send(
      new GetShardIteratorCommand({ StreamName: 'orders', ...from }),
    )
    await expect(as('stranger').send(new GetRecordsCommand({ ShardIterator }))).rejects.toMatchObject({
      name: 'AccessDeniedException',
    })
    await expect(as('stranger').send(new ListStreamsCommand({}))).resolves.toMatchObject({ StreamNames: [] })
  })

  it('lists to each the streams that it may see, in pages that show no others', async () => {
    const { StreamNames } = await as('reader').send(new ListStreamsCommand({}))
    expect(StreamNames).toEqual(['clicks', 'clicks-eu'])
    const page = await as('reader').send(new ListStreamsCommand({ Limit: 2 }))
    expect([page.StreamNames, page.HasMoreStreams]).toEqual([['clicks', 'clicks-eu'], false])
    expect((await as('owner').send(new ListStreamsCommand({}))).StreamNames).toEqual(['orders'])
  })

  it('answers nobody without a signature, and still says that it lives', async () => {
    const unsigned = await fetch(server.endpoint, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': 'Kinesis_20131202.ListStreams',
      },
      body: '{}',
    })
    expect([unsigned.status, await unsigned.text()]).toEqual([
      400,
      expect.stringContaining('MissingAuthenticationTokenException'),
    ])
    expect((await fetch(`${server.endpoint}/healthz`)).status).toBe(200)
    expect((await fetch(`${server.endpoint}/readyz`)).status).toBe(200)
  })

  it('refuses a wrong secret without showing the right one', async () => {
    const client = new KinesisClient({
      region: 'us-east-1',
      endpoint: server.endpoint,
      credentials: { accessKeyId: 'root', secretAccessKey: 'wrong' },
      maxAttempts: 1,
    })
    const refusal = await client.send(new ListStreamsCommand({})).catch((error: unknown) => error)
    client.destroy()
    expect(refusal).toMatchObject({ name: 'InvalidSignatureException' })
    expect(JSON.stringify(refusal)).not.toContain(secretAccessKey)
  })

  it('lets nobody of another account see or change a channel', async () => {
    await as('root').send(
      new CreateStreamCommand({ StreamName: 'carried', StreamModeDetails: { StreamMode: 'ON_DEMAND' } }),
    )
    const { ChannelDescription: channel } = await as('root').send(
      new CreateChannelCommand({
        ChannelName: 'c',
        ServiceExecutionRoleARN: `arn:aws:iam::${account}:role/r`,
        StreamConfigurationList: [
          { StreamARN: arnOf('carried'), RecordConfiguration: { RecordFormatType: 'JSON' } },
        ],
        S3DestinationConfiguration: {
          StorageConfiguration: {
            BucketARN: 'arn:aws:s3:::carried',
            ExpectedBucketOwner: account,
            CompressionType: 'NONE',
          },
        },
      }),
    )
    const ChannelARN = channel?.ChannelARN ?? ''
    const freshness = { S3DestinationConfiguration: { DataFreshnessInSeconds: 900 } }
    const denied = (operation: string) => ({
      name: 'AccessDeniedException',
      message: expect.stringContaining(`kinesis:${operation} on resource: ${ChannelARN}`) as string,
    })
    const stranger = as('stranger')
    await expect(stranger.send(new DescribeChannelCommand({ ChannelARN }))).rejects.toMatchObject(
      denied('DescribeChannel'),
    )
    await expect(stranger.send(new UpdateChannelCommand({ ChannelARN, ...freshness }))).rejects.toMatchObject(
      denied('UpdateChannel'),
    )
    await expect(stranger.send(new DeleteChannelCommand({ ChannelARN }))).rejects.toMatchObject(
      denied('DeleteChannel'),
    )
    await as('root').send(new DeleteChannelCommand({ ChannelARN }))
  })
})
