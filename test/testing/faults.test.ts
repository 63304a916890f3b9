import {
  CreateStreamCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  KinesisClient,
  type KinesisClientConfig,
  ListStreamsCommand,
  PutRecordCommand,
  PutRecordsCommand,
  RegisterStreamConsumerCommand,
  SubscribeToShardCommand,
  type SubscribeToShardEventStream,
} from '@aws-sdk/client-kinesis'
import { afterEach, describe, expect, it } from 'vitest'
import { awsRequestHandler } from '../../src/aws/index.ts'
import { drain } from '../../src/testing/drain.ts'
import { type TestStore, testStore, type TestStoreOptions } from '../../src/testing/test-store.ts'
import { bytesOf } from '../streams/subject.ts'

const rigs: { readonly store: TestStore; readonly client: KinesisClient }[] = []

afterEach(async () => {
  for (const { store, client } of rigs.splice(0)) {
    client.destroy()
    await store.close()
  }
})

async function rig(
  options: TestStoreOptions = {},
  config: KinesisClientConfig = {},
): Promise<{ readonly store: TestStore; readonly client: KinesisClient }> {
  const store = await testStore(options)
  const client = new KinesisClient({
    region: 'us-east-1',
    credentials: { accessKeyId: '000000000000', secretAccessKey: 'secret' },
    requestHandler: awsRequestHandler(store),
    maxAttempts: 1,
    ...config,
  })
  rigs.push({ store, client })
  await store.createStream('s', { shards: 2 })
  return { store, client }
}

const put = (client: KinesisClient, key = 'a', stream = 's') =>
  client.send(new PutRecordCommand({ StreamName: stream, PartitionKey: key, Data: bytesOf(key) }))

/** What becomes of forty puts, each of which fails as likely as not. */
async function outcomes(seed: number): Promise<string> {
  const { store, client } = await rig({ seed })
  store.faults.failCalls({ probability: 0.5, times: Number.POSITIVE_INFINITY })
  let said = ''
  for (let n = 0; n < 40; n++) {
    said += await put(client).then(
      () => 'y',
      () => 'n',
    )
  }
  return said
}

async function iteratorOf(client: KinesisClient, shard: number): Promise<string | undefined> {
  const { ShardIterator } = await client.send(
    new GetShardIteratorCommand({
      StreamName: 's',
      ShardId: `shardId-00000000000${shard}`,
      ShardIteratorType: 'TRIM_HORIZON',
    }),
  )
  return ShardIterator
}

/** What a consumer gets of shard 0 until its subscription ends. */
async function subscribed(
  client: KinesisClient,
  name: string,
): Promise<{ readonly received: string[]; readonly ended: Promise<void> }> {
  const StreamARN = 'arn:aws:kinesis:us-east-1:000000000000:stream/s'
  const { Consumer } = await client.send(new RegisterStreamConsumerCommand({ StreamARN, ConsumerName: name }))
  const { EventStream = [] } = await client.send(
    new SubscribeToShardCommand({
      ConsumerARN: Consumer?.ConsumerARN,
      ShardId: 'shardId-000000000000',
      StartingPosition: { Type: 'TRIM_HORIZON' },
    }),
  )
  const received: string[] = []
  const follow = async (): Promise<void> => {
    for await (const {
      SubscribeToShardEvent: event,
    } of EventStream as AsyncIterable<SubscribeToShardEventStream>)
      for (const { PartitionKey = '' } of event?.Records ?? []) received.push(PartitionKey)
  }
  return { received, ended: follow() }
}

describe('calls that are told to fail', () => {
  it('fail as if the service had, once, with nothing done', async () => {
    const { store, client } = await rig()
    const fault = store.faults.failCalls()
    await expect(put(client)).rejects.toMatchObject({
      name: 'InternalFailureException',
      message: 'Internal Service Failure',
      $metadata: { httpStatusCode: 500 },
    })
    expect([fault.happened, fault.over]).toEqual([1, true])
    expect(await drain(store.stream('s'))).toEqual([])
    await put(client)
    expect(await drain(store.stream('s'))).toHaveLength(1)
  })

  it('are tried again by the client, as long as it likes', async () => {
    const { store, client } = await rig({}, { maxAttempts: 4, retryMode: 'standard' })
    const fault = store.faults.failCalls({ operation: 'PutRecord', times: 2 })
    const answer = await put(client)
    expect([answer.$metadata.attempts, fault.happened]).toEqual([3, 2])
  })

  it('are those of the operation and stream that were named', async () => {
    const { store, client } = await rig()
    await store.createStream('t')
    store.faults.failCalls({ operation: 'PutRecord', stream: 't' })
    await put(client)
    await client.send(new ListStreamsCommand({})).catch(() => {})
    await expect(put(client, 'a', 't')).rejects.toMatchObject({ name: 'InternalFailureException' })
  })

  it('fail as the test says', async () => {
    const { store, client } = await rig()
    store.faults.failCalls({ type: 'KMSThrottlingException', status: 400, message: 'slow down' })
    await expect(put(client)).rejects.toMatchObject({
      name: 'KMSThrottlingException',
      message: 'slow down',
      $metadata: { httpStatusCode: 400 },
    })
  })

  it('are refusals of the client unless they are internal', async () => {
    const { store, client } = await rig()
    store.faults.failCalls({ type: 'LimitExceededException' })
    await expect(put(client)).rejects.toMatchObject({
      name: 'LimitExceededException',
      message: 'LimitExceededException',
      $metadata: { httpStatusCode: 400 },
    })
  })

  it('are the same ones with the same seed', async () => {
    const first = await outcomes(1)
    expect(first).toMatch(/y.*n|n.*y/)
    expect(await outcomes(1)).toBe(first)
    expect(await outcomes(2)).not.toBe(first)
  })

  it('are forgiven', async () => {
    const { store, client } = await rig()
    store.faults.failCalls({ times: 5 })
    store.faults.clear()
    expect((await put(client)).$metadata.httpStatusCode).toBe(200)
  })

  it('are of this store only, and not of its forks', async () => {
    const { store } = await rig()
    store.faults.failCalls({ times: 5 })
    await using fork = await store.fork()
    const requestHandler = awsRequestHandler(fork)
    const client = new KinesisClient({
      region: 'us-east-1',
      requestHandler,
      credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
    })
    await put(client)
    expect(await drain(fork.stream('s'))).toHaveLength(1)
  })
})

describe('puts that are told to be refused', () => {
  const records = ['a', 'b', 'c'].map((key) => ({ PartitionKey: key, Data: bytesOf(key) }))

  it('are so in the answer of PutRecords, entry by entry', async () => {
    const { store, client } = await rig()
    store.faults.failEntry({ entry: 1 })
    const failed = await client.send(new PutRecordsCommand({ StreamName: 's', Records: records }))
    expect(failed.FailedRecordCount).toBe(1)
    expect(failed.Records?.[1]).toMatchObject({ ErrorCode: 'InternalFailure' })
    store.faults.failEntry({ entry: 2, how: 'throttled' })
    const throttled = await client.send(new PutRecordsCommand({ StreamName: 's', Records: records }))
    expect(throttled.Records?.[2]).toMatchObject({
      ErrorCode: 'ProvisionedThroughputExceededException',
      ErrorMessage: expect.stringMatching(
        /^Rate exceeded for shard shardId-\d+ in stream s under account 0+/,
      ) as unknown,
    })
    expect(await drain(store.stream('s'))).toHaveLength(4)
  })
})

describe('answers that are told to be late', () => {
  it('come when the clock has been advanced, to what was done before', async () => {
    const { store, client } = await rig()
    store.faults.delayAnswers({ operation: 'PutRecord', by: { seconds: 2 } })
    let answered = false
    const answer = put(client).then(() => (answered = true))
    await store.advance(1_999)
    expect(answered).toBe(false)
    expect(await drain(store.stream('s'))).toHaveLength(1)
    await store.advance(1)
    await answer
    expect(answered).toBe(true)
  })

  it.each(['close', 'clear'] as const)('come at once when somebody calls %s', async (ends) => {
    const { store, client } = await rig()
    store.faults.delayAnswers({ operation: 'PutRecord', by: { seconds: 5 } })
    const answer = put(client)
    await Promise.race([answer, store.advance(1)])
    if (ends === 'close') await store.close()
    else store.faults.clear()
    expect(await answer).toMatchObject({ ShardId: expect.any(String) as string })
  })

  it('may be refusals', async () => {
    const { store, client } = await rig()
    store.faults.delayAnswers({ by: 5 })
    const answer = expect(put(client, 'a', 'missing')).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
    })
    await store.advance(5)
    await answer
  })
})

describe('iterators that are told to expire', () => {
  it('are refused as expired ones are, those of the shard that was named', async () => {
    const { store, client } = await rig()
    const [one, other] = [await iteratorOf(client, 0), await iteratorOf(client, 1)]
    store.faults.expireIterators({ stream: 's', shardId: 'shardId-000000000001' })
    await client.send(new GetRecordsCommand({ ShardIterator: one }))
    await expect(client.send(new GetRecordsCommand({ ShardIterator: other }))).rejects.toMatchObject({
      name: 'ExpiredIteratorException',
      message: expect.stringMatching(
        /^Iterator expired. The iterator was created at time .* which is further in the future than the tolerated delay/,
      ) as unknown,
    })
    const again = await client.send(new GetRecordsCommand({ ShardIterator: other }))
    expect(again.Records).toEqual([])
  })
})

describe('a shard whose reads are told to be throttled', () => {
  it('refuses GetRecords, as one that is asked too often', async () => {
    const { store, client } = await rig()
    const [one, other] = [await iteratorOf(client, 0), await iteratorOf(client, 1)]
    store.faults.throttle({ stream: 's', shardId: 'shardId-000000000000', access: 'read' })
    await client.send(new GetRecordsCommand({ ShardIterator: other }))
    await expect(client.send(new GetRecordsCommand({ ShardIterator: one }))).rejects.toMatchObject({
      name: 'ProvisionedThroughputExceededException',
      message: expect.stringMatching(
        /^Rate exceeded for shard shardId-000000000000 in stream s under account/,
      ) as unknown,
    })
    await client.send(new GetRecordsCommand({ ShardIterator: one }))
  })
})

describe('subscriptions that are told to drop', () => {
  it('end at once, though nothing is written, and only those that were named', async () => {
    const { store, client } = await rig()
    const [one, other] = [await subscribed(client, 'one'), await subscribed(client, 'other')]
    await store.advance(1)
    const fault = store.faults.dropSubscriptions({ consumer: 'one' })
    await one.ended
    expect(fault.over).toBe(true)
    await store.stream('s').put('a', bytesOf('x'), { explicitHashKey: '0' })
    await store.advance(1)
    expect([one.received, other.received]).toEqual([[], ['a']])
    store.faults.dropSubscriptions({ stream: 's', shardId: 'shardId-000000000000' })
    await other.ended
  })

  it('end instead of an event, when so many have come', async () => {
    const { store, client } = await rig()
    const { received, ended } = await subscribed(client, 'one')
    store.faults.dropSubscriptions({ consumer: 'one', after: 2 })
    for (const key of ['a', 'b', 'c']) {
      await store.advance(1)
      await store.stream('s').put(key, bytesOf('x'), { explicitHashKey: '0' })
    }
    await ended
    expect(received).toEqual(['a', 'b'])
  })

  it('leave those alone that have ended', async () => {
    const { store, client } = await rig()
    const { ended } = await subscribed(client, 'one')
    await store.advance({ minutes: 5 })
    await ended
    const fault = store.faults.dropSubscriptions()
    expect(fault.happened).toBe(0)
  })
})

describe('a fault', () => {
  it.each([
    ['failCalls', { operations: 'PutRecord' }, /"operations" is not known/],
    ['failCalls', { operation: '' }, /operation must be a name/],
    ['failCalls', { operation: 'PutRecrod' }, /operation must be an operation of Kinesis/],
    ['throttle', { shardId: 'shardId-0' }, /shardId must be an id such as/],
    ['failCalls', { status: 200 }, /status must be an integer from 400/],
    ['failCalls', { type: 'no name' }, /type must be the name of an error/],
    ['failCalls', { message: 7 }, /message must be a text/],
    ['failCalls', { times: 0 }, /times must be/],
    ['delayAnswers', {}, /duration must be/],
    ['delayAnswers', { by: -1 }, /duration must be/],
    ['expireIterators', { operation: 'GetRecords' }, /"operation" is not known/],
    ['dropSubscriptions', { consumer: 7 }, /consumer must be a name/],
    ['dropSubscriptions', null, /must be an object/],
  ] as const)('of %s refuses %o', async (method, options, message) => {
    await using store = await testStore()
    expect(() => store.faults[method](options as never)).toThrow(message)
  })
})

it('a client may create what a test store holds', async () => {
  const { store, client } = await rig()
  await client.send(new CreateStreamCommand({ StreamName: 't', ShardCount: 3 }))
  expect(store.stream('t').shards()).toHaveLength(3)
})
