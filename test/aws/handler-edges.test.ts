import { describe, expect, it } from 'vitest'
import { makeRequestHandler, type SdkRequest } from '../../src/aws/request-handler.ts'
import { testStore } from '../../src/testing/test-store.ts'

const headers = {
  'content-type': 'application/x-amz-json-1.1',
  'x-amz-target': 'Kinesis_20131202.ListStreams',
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
        for await (const _ of response.body as AsyncIterable<unknown>);
      })()
      for (let turn = 0; turn < turns; turn++) await Promise.resolve()
      abort.abort()
      const end = await read.then(
        () => 'the end',
        (error: unknown) => (error as Error).name,
      )
      // Of a body that is aborted before somebody reads it, Node's iteration finds the end.
      expect(['AbortError', 'the end']).toContain(end)
      await stream.consumers.deregister(`c${turns}`)
    }
  })
})
