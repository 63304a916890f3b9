import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Server, startServer } from '../../src/server/server.ts'
import { type TestStore, testStore } from '../../src/testing/test-store.ts'
import { callRaw, type RawAnswer } from './raw-call.ts'

const account = '000000000000'
const arnOf = (name: string): string => `arn:aws:kinesis:us-east-1:${account}:stream/${name}`

let store: TestStore
let server: Server
let folder: string

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-buckets-'))
  store = await testStore({ account, region: 'us-east-1', onWarning: () => {} })
  server = await startServer(store, { port: 0, firehose: { buckets: folder } })
  for (const name of ['a', 'b', 'c']) await store.createStream(name, { mode: 'ON_DEMAND' })
})

afterAll(async () => {
  await server.close()
  await store.close()
  rmSync(folder, { recursive: true, force: true })
})

function send(operation: string, body: string, caller = account): Promise<RawAnswer> {
  return callRaw(server.endpoint, { service: 'kinesis', account: caller }, operation, body)
}

function call(operation: string, input: object, caller?: string): Promise<RawAnswer> {
  return send(operation, JSON.stringify(input), caller)
}

function channelOf(stream: string, more: object = {}): object {
  return {
    ChannelName: `channel-of-${stream}`,
    ServiceExecutionRoleARN: `arn:aws:iam::${account}:role/r`,
    StreamConfigurationList: [
      { StreamARN: arnOf(stream), RecordConfiguration: { RecordFormatType: 'JSON' } },
    ],
    S3DestinationConfiguration: {
      StorageConfiguration: {
        BucketARN: 'arn:aws:s3:::records',
        ExpectedBucketOwner: account,
        CompressionType: 'NONE',
      },
    },
    ...more,
  }
}

async function created(stream: string): Promise<string> {
  const { status, body } = await call('CreateChannel', channelOf(stream))
  expect(status).toBe(200)
  return (body['ChannelDescription'] as { readonly ChannelARN: string }).ChannelARN
}

const looks = ['DescribeChannel', 'UpdateChannel', 'DeleteChannel']

describe('hostile requests about channels', () => {
  it('let one of many creations for a stream win', async () => {
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, index) =>
        call('CreateChannel', channelOf('a', { ChannelName: `c${index % 4}` })),
      ),
    )
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
    for (const { status, type } of answers) {
      if (status !== 200) expect(['LimitExceededException', 'ResourceInUseException']).toContain(type)
    }
    const { body } = await call('ListChannels', {})
    const [{ ChannelARN } = { ChannelARN: '' }] = body['ChannelSummaries'] as { ChannelARN: string }[]
    expect(await call('DeleteChannel', { ChannelARN })).toMatchObject({ status: 200 })
  })

  it('are for what is there only: channels, of that account and region', async () => {
    const ChannelARN = await created('b')
    const others = [
      ChannelARN.replace(account, '999999999999'),
      ChannelARN.replace('us-east-1', 'eu-west-1'),
      ChannelARN.replace(/channel\/.*/, 'channel/channel-of-b'),
      arnOf('b'),
      `arn:aws:firehose:us-east-1:${account}:deliverystream/channel-of-b`,
    ]
    for (const other of others) {
      for (const operation of looks) {
        const input = { ChannelARN: other, ...(operation === 'UpdateChannel' ? freshness(600) : {}) }
        const { status, type } = await call(operation, input)
        expect([status, type]).toEqual([
          400,
          expect.stringMatching(/^(ResourceNotFound|Validation|InvalidArgument)Exception$/),
        ])
      }
    }
    expect(await call('DescribeChannel', { ChannelARN })).toMatchObject({ status: 200 })
    expect(await call('DeleteChannel', { ChannelARN })).toMatchObject({ status: 200 })
  })

  it('read no stream of another account or region', async () => {
    for (const StreamARN of [
      arnOf('c').replace(account, '999999999999'),
      arnOf('c').replace('us-east-1', 'eu-west-1'),
      arnOf('none'),
      `arn:aws:kinesis:us-east-1:${account}:stream/firehose:x`,
    ]) {
      const StreamConfigurationList = [{ StreamARN, RecordConfiguration: { RecordFormatType: 'JSON' } }]
      const { status, type } = await call('CreateChannel', channelOf('c', { StreamConfigurationList }))
      expect([status, type]).toEqual([
        400,
        expect.stringMatching(/^(ResourceNotFound|Validation|InvalidArgument)Exception$/),
      ])
    }
    const { type } = await call('CreateChannel', channelOf('c'), '999999999999')
    expect(type).toMatch(/^(ResourceNotFound|InvalidArgument)Exception$/)
    expect((await call('ListChannels', {})).body['ChannelSummaries']).toEqual([])
  })

  it('leave a channel whole that is changed and deleted at the same time', async () => {
    const ChannelARN = await created('c')
    const answers = await Promise.all([
      ...Array.from({ length: 6 }, (_, index) =>
        call('UpdateChannel', { ChannelARN, ...freshness(300 + index) }),
      ),
      call('DeleteChannel', { ChannelARN }),
      ...Array.from({ length: 6 }, () => call('UpdateChannel', { ChannelARN, ...freshness(900) })),
      call('DeleteChannel', { ChannelARN }),
    ])
    for (const { status, type } of answers) {
      if (status === 200) continue
      expect([status, type]).toEqual([
        400,
        expect.stringMatching(/^(ResourceNotFound|ResourceInUse|InvalidArgument)Exception$/),
      ])
    }
    expect((await call('DescribeChannel', { ChannelARN })).type).toBe('ResourceNotFoundException')
  })

  it.each([
    ['nested arrays', '['.repeat(200_000)],
    ['a prototype', '{"ChannelARN":"x","__proto__":{"ChannelARN":"y"}}'],
    ['numbers for texts', '{"ChannelARN":7,"ChannelName":7,"MaxResults":"7"}'],
    ['lists for structures', '{"ChannelARN":[],"S3DestinationConfiguration":[]}'],
  ])('are refused where they have %s', async (_what, body) => {
    for (const operation of [...looks, 'CreateChannel', 'ListChannels']) {
      const { status, type } = await send(operation, body)
      expect([status, type]).toEqual([400, expect.stringMatching(/^(Serialization|Validation)Exception$/)])
    }
  })
})

function freshness(DataFreshnessInSeconds: number): object {
  return { S3DestinationConfiguration: { DataFreshnessInSeconds } }
}
