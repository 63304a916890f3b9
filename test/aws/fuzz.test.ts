import {
  CreateStreamCommand,
  GetShardIteratorCommand,
  PutRecordCommand,
  RegisterStreamConsumerCommand,
} from '@aws-sdk/client-kinesis'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { AwsRequestHandler } from '../../src/aws/request-handler.ts'
import { kinesisModel } from '../../src/aws/model/model.ts'
import { decodeCbor } from '../../src/aws/wire/cbor.ts'
import { kinesisWords, wildRequests, type WildRequest, type WildService } from './requests.ts'
import { openRig, type Rig } from './rig.ts'

/** `npm run test:requests -- --cases 100000` sets it. */
const cases = Number(process.env['MILLRACE_REQUESTS'] ?? 2000)

const faults = new Set([
  ...Object.keys(kinesisModel.errors),
  'SerializationException',
  'UnknownOperationException',
  'MissingAuthenticationTokenException',
  'IncompleteSignatureException',
  'InvalidSignatureException',
])

/** Names of things that exist until a request deletes them. */
async function furnish({ client, store }: Rig): Promise<WildService> {
  const StreamName = 'fuzzed'
  await client.send(new CreateStreamCommand({ StreamName, ShardCount: 2 }))
  const put = await client.send(
    new PutRecordCommand({ StreamName, PartitionKey: 'a', Data: new Uint8Array(10) }),
  )
  const ShardId = 'shardId-000000000000'
  const { ShardIterator } = await client.send(
    new GetShardIteratorCommand({ StreamName, ShardId, ShardIteratorType: 'TRIM_HORIZON' }),
  )
  const { arn } = store.stream(StreamName)
  const { Consumer } = await client.send(
    new RegisterStreamConsumerCommand({ StreamARN: arn, ConsumerName: 'consumer' }),
  )
  return kinesisWords({
    streamName: StreamName,
    streamArn: arn,
    consumerArn: Consumer?.ConsumerARN ?? '',
    shardId: ShardId,
    shardIterator: ShardIterator ?? '',
    sequenceNumber: put.SequenceNumber ?? '',
  })
}

async function requireAnswer(handler: AwsRequestHandler, request: WildRequest): Promise<number> {
  const { response } = await handler.handle(request)
  const { statusCode, headers, body } = response
  if (!(body instanceof Uint8Array)) {
    body.destroy()
    return statusCode
  }
  if (statusCode === 200) return statusCode
  expect([400, 403, 404, 413, 500]).toContain(statusCode)
  const type = headers['content-type']
  if (type === undefined || type === 'application/json') return statusCode
  const document = (
    type.includes('cbor') ? decodeCbor(body) : JSON.parse(Buffer.from(body).toString('utf8'))
  ) as Readonly<Record<string, unknown>>
  expect(faults).toContain(document['__type'])
  // A stream of events in CBOR fails on AWS, too; nothing else may fail.
  if (statusCode === 500) {
    expect(request.headers['x-amz-target']).toBe('Kinesis_20131202.SubscribeToShard')
    expect(type).toBe('application/x-amz-cbor-1.1')
  }
  return statusCode
}

describe('a handler that gets anything at all', () => {
  it(`answers ${cases} requests with nothing but faults of the model, or what was asked for`, async () => {
    const rig = await openRig()
    const words = await furnish(rig)
    const seen = new Map<number, number>()
    await fc.assert(
      fc.asyncProperty(wildRequests(words), async (request) => {
        const status = await requireAnswer(rig.handler, request)
        seen.set(status, (seen.get(status) ?? 0) + 1)
        if (rig.store.listStreams().length > 20) await clear(rig)
      }),
      { numRuns: cases },
    )
    // Some got through, or this would test the first line of defence only.
    expect(seen.get(200)).toBeGreaterThan(cases / 50)
    expect(seen.get(400)).toBeGreaterThan(cases / 5)
  }, 600_000)
})

async function clear({ store }: Rig): Promise<void> {
  for (const { name } of store.listStreams()) {
    if (name !== 'fuzzed') await store.deleteStream(name, { enforceConsumerDeletion: true })
  }
}
