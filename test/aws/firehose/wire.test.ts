import { describe, expect, it } from 'vitest'
import { cborOf } from '../requests.ts'
import { callRaw as callKinesis, sendRaw, usualHeaders } from '../raw.ts'
import { testStore } from '../../../src/testing/test-store.ts'
import { awsRequestHandler } from '../../../src/aws/index.ts'
import { createS3, DeliveryStreamName } from './requests.ts'
import { callRaw, openRig } from './rig.ts'

const target = 'Firehose_20150804.ListDeliveryStreams'
const headers = { ...usualHeaders, 'x-amz-target': target }

describe('one endpoint for two services', () => {
  it('[A] requests: go by their target', async () => {
    const { handler } = await openRig()
    expect((await callRaw(handler, 'ListDeliveryStreams', {})).body).toEqual({
      DeliveryStreamNames: [],
      HasMoreDeliveryStreams: false,
    })
    expect((await callKinesis(handler, 'ListStreams', {})).body).toMatchObject({ StreamNames: [] })
  })

  it.each([
    'Firehose_20150804.ListStreams',
    'Kinesis_20131202.ListDeliveryStreams',
    'Firehose_20150804.',
    'Firehose_20150804.PutRecord.x',
    'Firehose_20150804.__proto__',
  ])('knows no %s', async (wrong) => {
    const { handler } = await openRig()
    const answer = await sendRaw(handler, { headers: { ...headers, 'x-amz-target': wrong }, body: '{}' })
    expect(answer).toMatchObject({ status: 400, body: { __type: 'UnknownOperationException' } })
  })

  it('[A] requests: to Firehose are JSON; CBOR is no type of its', async () => {
    const { handler } = await openRig()
    const cbor = { ...headers, 'content-type': 'application/x-amz-cbor-1.1' }
    expect(await sendRaw(handler, { headers: cbor, body: cborOf({}) })).toMatchObject({
      status: 404,
      text: '<UnknownOperationException/>\n',
    })
    const kinesis = { ...cbor, 'x-amz-target': 'Kinesis_20131202.ListStreams' }
    expect((await sendRaw(handler, { headers: kinesis, body: cborOf({}) })).status).toBe(200)
  })

  it('[K] requests: an empty body is refused in JSON', async () => {
    const { handler } = await openRig()
    const answer = await sendRaw(handler, { headers: { ...headers, 'content-type': '' }, body: '' })
    expect(answer).toMatchObject({ status: 400, body: { __type: 'SerializationException' } })
    expect(answer.headers['content-type']).toBe('application/x-amz-json-1.1')
  })

  it('[K] requests: wrong types and members are refused as with Kinesis', async () => {
    const { handler } = await openRig()
    expect((await callRaw(handler, 'DescribeDeliveryStream', { DeliveryStreamName: 1 })).body).toEqual({
      __type: 'SerializationException',
      Message: 'class java.lang.Short can not be converted to an String',
    })
    expect((await callRaw(handler, 'PutRecord', { DeliveryStreamName: '!' })).body).toEqual({
      __type: 'ValidationException',
      message:
        "2 validation errors detected: Value '!' at 'deliveryStreamName' failed to satisfy constraint: Member must " +
        "satisfy regular expression pattern: [a-zA-Z0-9_.-]+; Value null at 'record' failed to satisfy constraint: " +
        'Member must not be null',
    })
  })

  it('has one Firehose for all handlers of a store, and its options once', async () => {
    await using store = await testStore()
    awsRequestHandler(store, { firehose: { memoryBytes: 64 * 1024 * 1024 } })
    expect(() => awsRequestHandler(store)).not.toThrow()
    expect(() => awsRequestHandler(store, { firehose: {} })).toThrow(
      expect.objectContaining({ code: 'ERR_MILLRACE_INVALID_ARGUMENT' }) as Error,
    )
    expect(() => awsRequestHandler(store, { kinesis: {} } as never)).toThrow(
      expect.objectContaining({ code: 'ERR_MILLRACE_UNKNOWN_OPTION' }) as Error,
    )
  })
})

describe('faults of a store for tests', () => {
  it('fail calls of one service, and leave those of the other alone', async () => {
    await using store = await testStore()
    const handler = awsRequestHandler(store)
    await store.createStream('s')
    store.faults.failCalls({
      service: 'firehose',
      operation: 'PutRecord',
      type: 'ServiceUnavailableException',
      status: 500,
    })
    const PartitionKey = 'a'
    const put = await callKinesis(handler, 'PutRecord', { StreamName: 's', PartitionKey, Data: 'YQ==' })
    expect(put.status).toBe(200)
    const Record = { Data: 'YQ==' }
    expect(await callRaw(handler, 'PutRecord', { DeliveryStreamName, Record })).toMatchObject({
      status: 500,
      body: { __type: 'ServiceUnavailableException' },
    })
    expect((await callRaw(handler, 'PutRecord', { DeliveryStreamName, Record })).status).toBe(400)
  })

  it('fail calls for one delivery stream', async () => {
    const rig = await openRig({
      intercept: async ({ service, input }, proceed) => {
        expect(service).toBe('firehose')
        expect(input).toMatchObject({ DeliveryStreamName })
        return proceed()
      },
    })
    await createS3(rig, {})
  })
})
