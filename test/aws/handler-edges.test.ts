import type { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { makeRequestHandler, type SdkRequest } from '../../src/aws/request-handler.ts'
import { testStore } from '../../src/testing/test-store.ts'

const headers = {
  'content-type': 'application/x-amz-json-1.1',
  'x-amz-target': 'Kinesis_20131202.ListStreams',
  'x-amz-date': '20260101T000000Z',
  authorization:
    'AWS4-HMAC-SHA256 Credential=any/20260101/us-east-1/kinesis/aws4_request, SignedHeaders=host, Signature=0',
}

function request(changed: object): SdkRequest {
  return { method: 'POST', headers: { ...headers, ...changed }, body: '{}' }
}

describe('the handler', () => {
  it.each([
    { 'content-type': 5 },
    { 'content-type': ['application/x-amz-json-1.1'] },
    { 'x-amz-target': 7 },
    { authorization: null },
    { authorization: [] },
  ])('answers headers that are no text as if they were not there: %j', async (changed) => {
    await using store = await testStore()
    const { response } = await makeRequestHandler(store).handle(request(changed))
    expect(response.statusCode).toBeGreaterThanOrEqual(400)
    expect(response.statusCode).toBeLessThan(500)
  })

  it('ends a stream of events whenever it is aborted, also between the answer and its delivery', async () => {
    await using store = await testStore()
    const stream = await store.createStream('s')
    for (let turns = 0; turns < 24; turns++) {
      const { arn } = await stream.consumers.register(`c${turns}`)
      const body = JSON.stringify({
        ConsumerARN: arn,
        ShardId: 'shardId-000000000000',
        StartingPosition: { Type: 'LATEST' },
      })
      const abort = new AbortController()
      const handled = makeRequestHandler(store).handle(
        { ...request({ 'x-amz-target': 'Kinesis_20131202.SubscribeToShard' }), body },
        { abortSignal: abort.signal },
      )
      const read = (async () => {
        const { response } = await handled
        expect(response.statusCode).toBe(200)
        for await (const _ of response.body as Readable);
      })()
      for (let turn = 0; turn < turns; turn++) await Promise.resolve()
      abort.abort()
      await expect(read).rejects.toMatchObject({ name: 'AbortError' })
      await stream.consumers.deregister(`c${turns}`)
    }
  })

  it.each([
    [
      'CreateStream',
      { StreamName: 'n', ShardCount: 20_000 },
      'ShardCount: a stream has at most 10000 open shards, this would be 20000',
      'LimitExceededException',
    ],
    [
      'CreateStream',
      { StreamName: 'n', ShardCount: 1, RecordDistributionStrategy: 'AUTO' },
      "RecordDistributionStrategy must be 'USER_PARTITION_KEY' unless the stream is ON_DEMAND",
      'InvalidArgumentException',
    ],
    [
      'ListShards',
      { StreamName: 's', ShardFilter: { Type: 'FROM_TIMESTAMP', Timestamp: 1e300 } },
      'Timestamp must be an integer',
      'InvalidArgumentException',
    ],
  ])('refuses a request to %s by the names of its members: %j', async (operation, body, text, type) => {
    await using store = await testStore()
    await store.createStream('s')
    const target = { 'x-amz-target': `Kinesis_20131202.${operation}` }
    const asked = { ...request(target), body: JSON.stringify(body) }
    const { response } = await makeRequestHandler(store).handle(asked)
    expect(JSON.parse(Buffer.from(response.body as Uint8Array).toString())).toMatchObject({
      __type: type,
      message: expect.stringMatching(`^${text}`) as string,
    })
  })
})
