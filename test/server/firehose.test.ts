import {
  CreateDeliveryStreamCommand,
  DeleteDeliveryStreamCommand,
  DescribeDeliveryStreamCommand,
  FirehoseClient,
  ListDeliveryStreamsCommand,
  PutRecordBatchCommand,
  PutRecordCommand,
  UpdateDestinationCommand,
} from '@aws-sdk/client-firehose'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { firehoseOf } from '../../src/firehose/firehose.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Server, startServer } from '../../src/server/server.ts'
import { type TestStore, testStore } from '../../src/testing/test-store.ts'

const account = '123456789012'
const secretAccessKey = 'a-secret-of-some-length'
const RoleARN = `arn:aws:iam::${account}:role/firehose`
const bucket = { RoleARN, BucketARN: 'arn:aws:s3:::records' }
const arnOf = (name: string): string => `arn:aws:firehose:us-east-1:${account}:deliverystream/${name}`

function somebody(accessKeyId: string, ...policy: readonly object[]): object {
  return { accessKeyId, secretAccessKey, account, policy }
}

const credentials = [
  somebody('root', { allow: 'admin', streams: '*' }),
  somebody('reader', { allow: 'read', streams: 'clicks*' }),
  somebody('writer', { allow: 'write', streams: 'clicks*' }),
  somebody('owner', { allow: 'admin', streams: 'orders*' }),
  somebody('forwarder', { allow: 'admin', streams: 'orders*' }, { allow: 'read', streams: 'clicks' }),
] as never

let store: TestStore
let server: Server
let folder: string
const clients: FirehoseClient[] = []

beforeAll(async () => {
  store = await testStore({ account, region: 'us-east-1', onWarning: () => {} })
  folder = mkdtempSync(join(tmpdir(), 'millrace-buckets-'))
  firehoseOf(store, { buckets: folder })
  server = await startServer(store, { port: 0, credentials })
  await store.createStream('clicks')
  for (const DeliveryStreamName of ['clicks', 'orders']) {
    const input = { DeliveryStreamName, ExtendedS3DestinationConfiguration: bucket }
    await as('root').send(new CreateDeliveryStreamCommand(input))
  }
})

afterAll(async () => {
  for (const client of clients) client.destroy()
  await server.close()
  await store.close()
  rmSync(folder, { recursive: true, force: true })
})

/** Over HTTP/1.1, as the client of Firehose talks of its own accord. */
function as(accessKeyId: string): FirehoseClient {
  const client = new FirehoseClient({
    region: 'us-east-1',
    endpoint: server.endpoint,
    credentials: { accessKeyId, secretAccessKey },
    maxAttempts: 1,
  })
  clients.push(client)
  return client
}

function denial(user: string, operation: string, resource: string): object {
  return {
    name: 'AccessDeniedException',
    message:
      `User: arn:aws:iam::${account}:user/${user} is not authorized to perform: firehose:${operation} on resource: ` +
      `${resource} because no identity-based policy allows the firehose:${operation} action`,
  }
}

const Record = { Data: Buffer.from('data') }

describe('Firehose over a socket, with credentials', () => {
  it('takes what was signed for it', async () => {
    const put = new PutRecordCommand({ DeliveryStreamName: 'clicks', Record })
    await expect(as('writer').send(put)).resolves.toMatchObject({ Encrypted: false })
  })

  it('lets each do what its policy says of a delivery stream', async () => {
    const describing = new DescribeDeliveryStreamCommand({ DeliveryStreamName: 'clicks' })
    const allowed = await Promise.all([as('reader').send(describing), as('writer').send(describing)])
    expect(allowed.map((each) => each.DeliveryStreamDescription?.DeliveryStreamARN)).toEqual([
      arnOf('clicks'),
      arnOf('clicks'),
    ])
    const named = async (who: string) =>
      (await as(who).send(new ListDeliveryStreamsCommand({}))).DeliveryStreamNames
    expect(await named('reader')).toEqual(['clicks'])
    expect(await named('owner')).toEqual(['orders'])
    expect(await named('root')).toEqual(['clicks', 'orders'])
  })

  it('refuses what no line of the policy allows, also of what is not there', async () => {
    const Records = [Record]
    await expect(
      as('reader').send(new PutRecordBatchCommand({ DeliveryStreamName: 'clicks', Records })),
    ).rejects.toMatchObject(denial('reader', 'PutRecordBatch', arnOf('clicks')))
    await expect(
      as('writer').send(new DescribeDeliveryStreamCommand({ DeliveryStreamName: 'none' })),
    ).rejects.toMatchObject(denial('writer', 'DescribeDeliveryStream', arnOf('none')))
    await expect(
      as('writer').send(
        new CreateDeliveryStreamCommand({
          DeliveryStreamName: 'clicks-2',
          ExtendedS3DestinationConfiguration: bucket,
        }),
      ),
    ).rejects.toMatchObject(denial('writer', 'CreateDeliveryStream', arnOf('clicks-2')))
  })

  it.each([
    ['whoever may not read it', account],
    ['anybody, of another account', '999999999999'],
  ])('has no stream delivered for %s', async (_who, owner) => {
    const KinesisStreamARN = `arn:aws:kinesis:us-east-1:${owner}:stream/clicks`
    await expect(
      as('owner').send(
        new CreateDeliveryStreamCommand({
          DeliveryStreamName: 'orders',
          DeliveryStreamType: 'KinesisStreamAsSource',
          KinesisStreamSourceConfiguration: { KinesisStreamARN, RoleARN },
          ExtendedS3DestinationConfiguration: bucket,
        }),
      ),
    ).rejects.toMatchObject({
      name: 'AccessDeniedException',
      message: expect.stringContaining(`kinesis:GetRecords on resource: ${KinesisStreamARN}`) as string,
    })
  })

  it('has no stream delivered elsewhere for whoever may not read it', async () => {
    const DeliveryStreamName = 'orders-of-clicks'
    const KinesisStreamARN = `arn:aws:kinesis:us-east-1:${account}:stream/clicks`
    await as('root').send(
      new CreateDeliveryStreamCommand({
        DeliveryStreamName,
        DeliveryStreamType: 'KinesisStreamAsSource',
        KinesisStreamSourceConfiguration: { KinesisStreamARN, RoleARN },
        ExtendedS3DestinationConfiguration: bucket,
      }),
    )
    const redirected = (who: string, CurrentDeliveryStreamVersionId: string) =>
      as(who).send(
        new UpdateDestinationCommand({
          DeliveryStreamName,
          CurrentDeliveryStreamVersionId,
          DestinationId: 'destinationId-000000000001',
          ExtendedS3DestinationUpdate: { BucketARN: 'arn:aws:s3:::elsewhere' },
        }),
      )
    const denied = {
      name: 'AccessDeniedException',
      message: expect.stringContaining(`kinesis:GetRecords on resource: ${KinesisStreamARN}`) as string,
    }
    await expect(redirected('owner', '1')).rejects.toMatchObject(denied)
    // Also of a version that is not there: nobody learns which one is.
    await expect(redirected('owner', '7')).rejects.toMatchObject(denied)
    await expect(redirected('forwarder', '1')).resolves.toMatchObject({})
    await as('owner').send(new DeleteDeliveryStreamCommand({ DeliveryStreamName }))
  })

  it('takes no signature for another service', async () => {
    const time = new Date().toISOString().replaceAll(/[-:]|\.\d+/g, '')
    const scope = `root/${time.slice(0, 8)}/us-east-1/kinesis/aws4_request`
    const answer = await fetch(server.endpoint, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': 'Firehose_20150804.ListDeliveryStreams',
        'x-amz-date': time,
        authorization: `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host;x-amz-date;x-amz-target, Signature=00`,
      },
      body: '{}',
    })
    expect(await answer.text()).toContain("Credential should be scoped to correct service: 'firehose'")
  })

  it('counts its calls apart from those of Kinesis', async () => {
    const basic = Buffer.from(`root:${secretAccessKey}`).toString('base64')
    const page = await fetch(`${server.endpoint}/metrics`, { headers: { authorization: `Basic ${basic}` } })
    const lines = (await page.text()).split('\n')
    expect(lines).toContainEqual(
      expect.stringMatching(
        /^millrace_requests_total\{operation="PutRecord",status="200",protocol="1\.1",service="firehose"\} 1$/,
      ),
    )
    expect(lines.filter((line) => /putrecord/i.test(line) && line.includes('stream="clicks"'))).toEqual([])
  })
})
