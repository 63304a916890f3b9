import {
  AddTagsToStreamCommand,
  CreateStreamCommand,
  DecreaseStreamRetentionPeriodCommand,
  DeleteStreamCommand,
  DeregisterStreamConsumerCommand,
  DescribeStreamConsumerCommand,
  DescribeStreamSummaryCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  type GetShardIteratorCommandInput,
  IncreaseStreamRetentionPeriodCommand,
  type KinesisClient,
  ListShardsCommand,
  ListTagsForStreamCommand,
  paginateListStreams,
  PutRecordCommand,
  PutRecordsCommand,
  type _Record,
  RegisterStreamConsumerCommand,
  RemoveTagsFromStreamCommand,
  SplitShardCommand,
  type StartingPosition,
  type SubscribeToShardEvent,
  SubscribeToShardCommand,
  waitUntilStreamExists,
  waitUntilStreamNotExists,
} from '@aws-sdk/client-kinesis'
import { expect } from 'vitest'

const first = 'shardId-000000000000'
const wait = { maxWaitTime: 10, minDelay: 1, maxDelay: 1 }

/** What everyone who serves Kinesis does to one stream in its life. */
export async function lifeOfAStream(client: KinesisClient, StreamName: string): Promise<void> {
  await client.send(new CreateStreamCommand({ StreamName, ShardCount: 1 }))
  await waitUntilStreamExists({ client, ...wait }, { StreamName })
  const names: string[] = []
  for await (const page of paginateListStreams({ client, pageSize: 1 }, {}))
    names.push(...(page.StreamNames ?? []))
  expect(names).toContain(StreamName)

  await putAndRead(client, StreamName)
  await settings(client, StreamName)
  await reshard(client, StreamName)
  await refused(client)

  await client.send(new DeleteStreamCommand({ StreamName, EnforceConsumerDeletion: true }))
  await waitUntilStreamNotExists({ client, ...wait }, { StreamName })
}

async function putAndRead(client: KinesisClient, StreamName: string): Promise<void> {
  const one = await client.send(
    new PutRecordCommand({ StreamName, PartitionKey: 'one', Data: bytes('single') }),
  )
  const SequenceNumber = one.SequenceNumber
  expect(one.ShardId).toBe(first)
  const Records = Array.from({ length: 10 }, (_, at) => ({
    PartitionKey: `key ${at} é`,
    Data: bytes(`batch ${at}`),
  }))
  const batch = await client.send(new PutRecordsCommand({ StreamName, Records }))
  expect(batch.FailedRecordCount).toBe(0)
  expect(batch.Records).toHaveLength(10)
  const large = Buffer.alloc(1024 * 1024 - 5, 'large')
  const last = await client.send(new PutRecordCommand({ StreamName, PartitionKey: 'large', Data: large }))

  const all = await read(client, { StreamName, ShardId: first, ShardIteratorType: 'TRIM_HORIZON' }, 12)
  expect(all.map(({ PartitionKey }) => PartitionKey)).toEqual([
    'one',
    ...Records.map(({ PartitionKey }) => PartitionKey),
    'large',
  ])
  expect(Buffer.from(all[11]?.Data ?? []).equals(large)).toBe(true)
  expect(all[11]?.SequenceNumber).toBe(last.SequenceNumber)
  const arrived = all[0]?.ApproximateArrivalTimestamp
  expect(Math.abs(Date.now() - Number(arrived))).toBeLessThan(60_000)

  const from = { StreamName, ShardId: first, StartingSequenceNumber: SequenceNumber }
  expect(text(await read(client, { ...from, ShardIteratorType: 'AT_SEQUENCE_NUMBER' }, 12))).toBe('single')
  expect(text(await read(client, { ...from, ShardIteratorType: 'AFTER_SEQUENCE_NUMBER' }, 11))).toBe(
    'batch 0',
  )
  const at = { StreamName, ShardId: first, ShardIteratorType: 'AT_TIMESTAMP', Timestamp: arrived } as const
  expect(text(await read(client, at, 12))).toBe('single')
  const latest = { StreamName, ShardId: first, ShardIteratorType: 'LATEST' } as const
  const { ShardIterator } = await client.send(new GetShardIteratorCommand(latest))
  await client.send(new PutRecordCommand({ StreamName, PartitionKey: 'new', Data: bytes('new') }))
  const { Records: fresh, MillisBehindLatest } = await client.send(new GetRecordsCommand({ ShardIterator }))
  expect(text(fresh ?? [])).toBe('new')
  expect(MillisBehindLatest).toBe(0)
}

async function settings(client: KinesisClient, StreamName: string): Promise<void> {
  await client.send(new AddTagsToStreamCommand({ StreamName, Tags: { team: 'data', stage: 'test' } }))
  await client.send(new RemoveTagsFromStreamCommand({ StreamName, TagKeys: ['stage'] }))
  const { Tags } = await client.send(new ListTagsForStreamCommand({ StreamName }))
  expect(Tags).toEqual([{ Key: 'team', Value: 'data' }])
  await client.send(new IncreaseStreamRetentionPeriodCommand({ StreamName, RetentionPeriodHours: 48 }))
  expect(await retention(client, StreamName)).toBe(48)
  await client.send(new DecreaseStreamRetentionPeriodCommand({ StreamName, RetentionPeriodHours: 24 }))
  expect(await retention(client, StreamName)).toBe(24)
}

async function retention(client: KinesisClient, StreamName: string): Promise<number | undefined> {
  const { StreamDescriptionSummary } = await client.send(new DescribeStreamSummaryCommand({ StreamName }))
  return StreamDescriptionSummary?.RetentionPeriodHours
}

/** A split while somebody subscribes: the events, their continuation, the children and what they hold. */
async function reshard(client: KinesisClient, StreamName: string): Promise<void> {
  const { StreamDescriptionSummary } = await client.send(new DescribeStreamSummaryCommand({ StreamName }))
  const StreamARN = StreamDescriptionSummary?.StreamARN
  const ConsumerARN = await register(client, StreamARN, 'reader')
  // A consumer may subscribe to a shard once in five seconds.
  const successor = await register(client, StreamARN, 'successor')

  const events = await subscribe(client, ConsumerARN, { Type: 'LATEST' })
  const put = performance.now()
  await client.send(new PutRecordCommand({ StreamName, PartitionKey: 'p', Data: bytes('pushed') }))
  const pushed = await withRecords(events)
  process.stdout.write(
    `${StreamName}: pushed ${(performance.now() - put).toFixed(1)} ms after the put began\n`,
  )
  expect(text(pushed.Records ?? [])).toBe('pushed')

  await client.send(new PutRecordCommand({ StreamName, PartitionKey: 'p', Data: bytes('continued') }))
  const SequenceNumber = pushed.ContinuationSequenceNumber
  const more = await subscribe(client, successor, { Type: 'AFTER_SEQUENCE_NUMBER', SequenceNumber })
  expect(text((await withRecords(more)).Records ?? [])).toBe('continued')

  const NewStartingHashKey = String(2n ** 127n)
  await client.send(new SplitShardCommand({ StreamName, ShardToSplit: first, NewStartingHashKey }))
  await waitUntilStreamExists({ client, ...wait }, { StreamName })
  for (const open of [events, more]) {
    const { ChildShards } = await shardEnd(open)
    expect(ChildShards?.map(({ ShardId }) => ShardId)).toEqual([
      'shardId-000000000001',
      'shardId-000000000002',
    ])
  }
  await acrossChildren(client, StreamName, NewStartingHashKey)
  await client.send(new DeregisterStreamConsumerCommand({ ConsumerARN }))
}

async function register(client: KinesisClient, StreamARN: string | undefined, name: string): Promise<string> {
  const { Consumer } = await client.send(new RegisterStreamConsumerCommand({ StreamARN, ConsumerName: name }))
  const ConsumerARN = Consumer?.ConsumerARN as string
  const { ConsumerDescription } = await client.send(new DescribeStreamConsumerCommand({ ConsumerARN }))
  expect(ConsumerDescription?.ConsumerStatus).toBe('ACTIVE')
  return ConsumerARN
}

async function acrossChildren(client: KinesisClient, StreamName: string, border: string): Promise<void> {
  const { Shards = [] } = await client.send(new ListShardsCommand({ StreamName }))
  expect(Shards.map(({ ParentShardId }) => ParentShardId)).toEqual([undefined, first, first])
  expect(Shards[2]?.HashKeyRange?.StartingHashKey).toBe(border)
  for (const [shard, ExplicitHashKey] of [
    ['1', '0'],
    ['2', border],
  ] as const) {
    const data = { PartitionKey: 'x', Data: bytes(`child ${shard}`), ExplicitHashKey }
    const { ShardId } = await client.send(new PutRecordCommand({ StreamName, ...data }))
    expect(ShardId).toBe(`shardId-00000000000${shard}`)
    const records = await read(client, { StreamName, ShardId, ShardIteratorType: 'TRIM_HORIZON' }, 1)
    expect(text(records)).toBe(`child ${shard}`)
  }
}

async function refused(client: KinesisClient): Promise<void> {
  const put = new PutRecordCommand({ StreamName: 'nowhere', PartitionKey: 'x', Data: bytes('x') })
  await expect(client.send(put)).rejects.toMatchObject({
    name: 'ResourceNotFoundException',
    $metadata: { httpStatusCode: 400 },
  })
}

type Events = AsyncIterator<SubscribeToShardEvent, unknown, undefined>

async function subscribe(
  client: KinesisClient,
  ConsumerARN: string,
  position: StartingPosition,
): Promise<Events> {
  const { EventStream } = await client.send(
    new SubscribeToShardCommand({ ConsumerARN, ShardId: first, StartingPosition: position }),
  )
  async function* events(): AsyncGenerator<SubscribeToShardEvent> {
    for await (const { SubscribeToShardEvent } of EventStream ?? []) {
      if (SubscribeToShardEvent !== undefined) yield SubscribeToShardEvent
    }
  }
  return events()
}

async function withRecords(events: Events): Promise<SubscribeToShardEvent> {
  for (;;) {
    const { value, done } = await events.next()
    if (done) throw new Error('the subscription ended')
    const event = value as SubscribeToShardEvent
    if ((event.Records ?? []).length > 0) return event
  }
}

/** Reads to the end of the shard: the last event, after which the stream ends by itself. */
async function shardEnd(events: Events): Promise<SubscribeToShardEvent> {
  let last: SubscribeToShardEvent | undefined
  for (;;) {
    const { value, done } = await events.next()
    if (done) break
    last = value as SubscribeToShardEvent
  }
  if (last === undefined) throw new Error('the subscription ended without an event')
  return last
}

/** Reads until so many records came. */
async function read(
  client: KinesisClient,
  start: GetShardIteratorCommandInput,
  count: number,
): Promise<_Record[]> {
  const found: _Record[] = []
  let { ShardIterator } = await client.send(new GetShardIteratorCommand(start))
  while (found.length < count && ShardIterator !== undefined) {
    const page = await client.send(new GetRecordsCommand({ ShardIterator, Limit: 5 }))
    found.push(...(page.Records ?? []))
    ShardIterator = page.NextShardIterator
  }
  return found
}

function bytes(words: string): Uint8Array {
  return Buffer.from(words)
}

/** The data of the first record. */
function text([record]: readonly _Record[]): string {
  return Buffer.from(record?.Data ?? []).toString()
}
