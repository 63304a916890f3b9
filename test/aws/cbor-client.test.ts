import { describe, expect, it } from 'vitest'
import { CborTime } from '../../src/aws/wire/cbor.ts'
import type { AwsRequestHandler } from '../../src/aws/request-handler.ts'
import { callRaw, type RawAnswer, sendRaw, usualHeaders } from './raw.ts'
import { cborOf } from './requests.ts'
import { openRig } from './rig.ts'

/** Calls an operation as the Java SDKs do. */
function callCbor(handler: AwsRequestHandler, operation: string, input: unknown): Promise<RawAnswer> {
  return sendRaw(handler, {
    headers: {
      ...usualHeaders,
      'content-type': 'application/x-amz-cbor-1.1',
      'x-amz-target': `Kinesis_20131202.${operation}`,
    },
    body: cborOf(input),
  })
}

describe('a client that speaks CBOR', () => {
  it('[L] answers: in CBOR blobs are byte strings, and times are tag 1 around integers of milliseconds', async () => {
    const { handler, clock } = await openRig()
    await callCbor(handler, 'CreateStream', { StreamName: 's', ShardCount: 1 })
    const Data = Buffer.from([0, 255, 7])
    const put = await callCbor(handler, 'PutRecords', {
      StreamName: 's',
      Records: [{ PartitionKey: 'a', Data }],
    })
    expect(put).toMatchObject({ status: 200, body: { FailedRecordCount: 0 } })
    const iterator = await callCbor(handler, 'GetShardIterator', {
      StreamName: 's',
      ShardId: '0',
      ShardIteratorType: 'TRIM_HORIZON',
    })
    const got = await callCbor(handler, 'GetRecords', { ShardIterator: iterator.body?.['ShardIterator'] })
    const [record] = (got.body?.['Records'] ?? []) as Record<string, unknown>[]
    expect(Buffer.from(record?.['Data'] as Uint8Array)).toEqual(Data)
    expect(record?.['ApproximateArrivalTimestamp']).toEqual(new CborTime(clock.nowMs()))
    const integer = Buffer.alloc(10)
    integer[0] = 0xc1
    integer[1] = 0x1b
    integer.writeBigUInt64BE(BigInt(clock.nowMs()), 2)
    expect(Buffer.from(got.bytes).includes(integer)).toBe(true)
  })

  it('[L] answers: in JSON times are plain decimals of seconds', async () => {
    const { handler, clock } = await openRig()
    await clock.advance(123)
    await callRaw(handler, 'CreateStream', { StreamName: 's', ShardCount: 1 })
    const answer = await callRaw(handler, 'DescribeStreamSummary', { StreamName: 's' })
    expect(answer.text).toContain(`"StreamCreationTimestamp":${clock.nowMs() / 1000}`)
    expect(answer.text).toMatch(/"StreamCreationTimestamp":\d{10}\.123[,}]/)
  })

  it('[K] answers: members without a value are left out, never null', async () => {
    const { handler } = await openRig()
    await callRaw(handler, 'CreateStream', { StreamName: 's', ShardCount: 1 })
    for (const operation of ['DescribeStream', 'DescribeStreamSummary', 'ListShards', 'ListTagsForStream']) {
      expect((await callRaw(handler, operation, { StreamName: 's' })).text).not.toContain('null')
    }
  })
})
