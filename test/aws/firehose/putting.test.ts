import {
  DescribeDeliveryStreamCommand,
  PutRecordBatchCommand,
  PutRecordCommand,
} from '@aws-sdk/client-firehose'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { type ErrorCode, MillraceError } from '../../../src/errors.ts'
import { Firehose } from '../../../src/firehose/firehose.ts'
import { create, createS3, DeliveryStreamName, described, processor } from './requests.ts'
import { account, bucket, callRaw, openRig, RoleARN } from './rig.ts'

const record = (text: string): { Data: Uint8Array } => ({ Data: Buffer.from(text) })

const refused = (code: ErrorCode) => ({ ok: false, error: new MillraceError(code, 'for the test') }) as const

afterEach(() => {
  vi.restoreAllMocks()
})

describe('PutRecord', () => {
  it('[A] puts: a record has an id of its own', async () => {
    const rig = await openRig()
    await createS3(rig, {})
    const ids = new Set<string | undefined>()
    for (const text of ['a', 'a', '']) {
      const answer = await rig.client.send(new PutRecordCommand({ DeliveryStreamName, Record: record(text) }))
      expect(answer.Encrypted).toBe(false)
      ids.add(answer.RecordId)
    }
    expect(ids.size).toBe(3)
    expect([...ids].every((id) => id?.length === 222)).toBe(true)
  })

  it('[A] puts: 1,000 KiB, and no byte more', async () => {
    const rig = await openRig()
    await createS3(rig, {})
    const put = (bytes: number) =>
      rig.client.send(new PutRecordCommand({ DeliveryStreamName, Record: { Data: new Uint8Array(bytes) } }))
    await expect(put(1_024_000)).resolves.toMatchObject({ Encrypted: false })
    await expect(put(1_024_001)).rejects.toMatchObject({
      name: 'ValidationException',
      message: expect.stringMatching(
        /at 'record\.data' failed to satisfy constraint: Member must have length less than or equal to 1024000$/,
      ) as string,
    })
  })

  it('[T] puts: into what is not there', async () => {
    const { client } = await openRig()
    await expect(
      client.send(new PutRecordCommand({ DeliveryStreamName, Record: record('a') })),
    ).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      message: 'Firehose clicks under account 000000000000 not found.',
    })
  })

  it('[?] puts: into what is not ACTIVE, as into what is not there', async () => {
    const rig = await openRig({ open: { transitions: { creatingMs: 1_000 } } })
    await createS3(rig, {})
    await expect(
      rig.client.send(new PutRecordCommand({ DeliveryStreamName, Record: record('a') })),
    ).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      message: 'Firehose clicks under account 000000000000 is not ACTIVE, instead in state CREATING.',
    })
  })

  it('[A][O] puts: not where records come from a stream', async () => {
    const rig = await openRig()
    await rig.store.createStream('source', { shards: 1 })
    await create(rig, {
      DeliveryStreamType: 'KinesisStreamAsSource',
      KinesisStreamSourceConfiguration: {
        KinesisStreamARN: `arn:aws:kinesis:us-east-1:${account}:stream/source`,
        RoleARN,
      },
      ExtendedS3DestinationConfiguration: bucket,
    })
    const refusal = {
      name: 'InvalidSourceException',
      message: 'This operation is not permitted on KinesisStreamAsSource delivery stream type.',
    }
    await expect(
      rig.client.send(new PutRecordCommand({ DeliveryStreamName, Record: record('a') })),
    ).rejects.toMatchObject(refusal)
    await expect(
      rig.client.send(new PutRecordBatchCommand({ DeliveryStreamName, Records: [record('a')] })),
    ).rejects.toMatchObject(refusal)
  })

  it.each<[ErrorCode, string, string, number]>([
    ['ERR_MILLRACE_BACKLOG', 'ServiceUnavailableException', 'Slow down.', 500],
    ['ERR_MILLRACE_NO_SPACE', 'ServiceUnavailableException', 'Slow down.', 500],
    ['ERR_MILLRACE_IO', 'InternalFailureException', 'PutRecord: ERR_MILLRACE_IO: for the test', 500],
  ])('[A] puts: what goes wrong in the store: %s', async (code, name, message, httpStatusCode) => {
    const rig = await openRig()
    await createS3(rig, {})
    const error = new MillraceError(code, 'for the test')
    vi.spyOn(Firehose.prototype, 'put').mockResolvedValue([{ ok: false, error }])
    await expect(
      rig.client.send(new PutRecordCommand({ DeliveryStreamName, Record: record('a') })),
    ).rejects.toMatchObject({ name, message, $metadata: { httpStatusCode } })
  })
})

describe('PutRecordBatch', () => {
  it('[A] puts: 500 records, each with an id', async () => {
    const rig = await openRig()
    await createS3(rig, {})
    const Records = Array.from({ length: 500 }, (_, index) => record(String(index)))
    const answer = await rig.client.send(new PutRecordBatchCommand({ DeliveryStreamName, Records }))
    expect(answer).toMatchObject({ FailedPutCount: 0, Encrypted: false })
    expect(new Set(answer.RequestResponses?.map(({ RecordId }) => RecordId)).size).toBe(500)
    await expect(
      rig.client.send(new PutRecordBatchCommand({ DeliveryStreamName, Records: [...Records, record('x')] })),
    ).rejects.toMatchObject({ name: 'ValidationException' })
  })

  it('[A] puts: 4 MiB in all', async () => {
    const rig = await openRig()
    await createS3(rig, {})
    const quarter = { Data: new Uint8Array(1_000 * 1024) }
    const Records = [quarter, quarter, quarter, quarter, { Data: new Uint8Array(96 * 1024) }]
    await expect(
      rig.client.send(new PutRecordBatchCommand({ DeliveryStreamName, Records })),
    ).resolves.toMatchObject({ FailedPutCount: 0 })
    await expect(
      rig.client.send(new PutRecordBatchCommand({ DeliveryStreamName, Records: [...Records, record('x')] })),
    ).rejects.toMatchObject({ name: 'InvalidArgumentException', message: 'Records size exceeds 4 MB limit' })
  })

  it('[O] deviation: records to be decompressed may come from anybody, and not from CloudWatch Logs only', async () => {
    const rig = await openRig()
    const Processors = [processor('Decompression', { CompressionFormat: 'GZIP' })]
    await createS3(rig, { ProcessingConfiguration: { Enabled: true, Processors } })
    const put = new PutRecordBatchCommand({ DeliveryStreamName, Records: [record('a')] })
    await expect(rig.client.send(put)).resolves.toMatchObject({ FailedPutCount: 0 })
  })

  it('[A] puts: some records may fail, each with a code; the others are stored', async () => {
    const rig = await openRig()
    await createS3(rig, {})
    const put = Firehose.prototype.put
    vi.spyOn(Firehose.prototype, 'put').mockImplementation(async function (this: Firehose, key, records) {
      const [first] = await put.call(this, key, records.slice(0, 1))
      return [first as never, refused('ERR_MILLRACE_BACKLOG'), refused('ERR_MILLRACE_IO')]
    })
    const Records = ['a', 'b', 'c'].map(record)
    const answer = await rig.client.send(new PutRecordBatchCommand({ DeliveryStreamName, Records }))
    expect(answer).toMatchObject({
      FailedPutCount: 2,
      RequestResponses: [
        { RecordId: expect.any(String) as string },
        { ErrorCode: 'ServiceUnavailableException', ErrorMessage: 'Slow down.' },
        { ErrorCode: 'InternalFailure', ErrorMessage: 'Internal Service Failure' },
      ],
    })
    expect(answer.RequestResponses?.[0]).not.toHaveProperty('ErrorCode')
    expect(answer.RequestResponses?.[1]).not.toHaveProperty('RecordId')
  })

  it('records lie in the store, where nobody reaches them by a name', async () => {
    const rig = await openRig()
    await createS3(rig, {})
    const Records = ['a', 'b', 'c'].map(record)
    await rig.client.send(new PutRecordBatchCommand({ DeliveryStreamName, Records }))
    expect((await described(rig)).DeliveryStreamStatus).toBe('ACTIVE')
    expect(rig.store.listStreams()).toEqual([])
  })
})

describe('answers', () => {
  it('[A] answers: an operation without members answers an empty document', async () => {
    const rig = await openRig()
    await createS3(rig, {})
    const answer = await callRaw(rig.handler, 'DeleteDeliveryStream', { DeliveryStreamName })
    expect(answer).toMatchObject({ status: 200, text: '{}' })
    expect(answer.headers).toMatchObject({
      'content-type': 'application/x-amz-json-1.1',
      'x-amzn-requestid': expect.any(String) as string,
    })
  })

  it('[A] answers: times are seconds with a fraction', async () => {
    const rig = await openRig()
    await rig.clock.advance(123)
    await createS3(rig, {})
    const answer = await callRaw(rig.handler, 'DescribeDeliveryStream', { DeliveryStreamName })
    expect(answer.text).toMatch(/"CreateTimestamp":\d+\.123[,}]/)
    const read = await rig.client.send(new DescribeDeliveryStreamCommand({ DeliveryStreamName }))
    expect(read.DeliveryStreamDescription?.CreateTimestamp).toEqual(new Date(rig.clock.nowMs()))
  })
})
