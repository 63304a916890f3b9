import {
  CreateStreamCommand,
  DeregisterStreamConsumerCommand,
  PutRecordCommand,
  RegisterStreamConsumerCommand,
  SplitShardCommand,
  type SubscribeToShardCommandInput,
  SubscribeToShardCommand,
  type SubscribeToShardEvent,
  type SubscribeToShardEventStream,
} from '@aws-sdk/client-kinesis'
import { describe, expect, it } from 'vitest'
import { cborOf } from './requests.ts'
import { sendRaw, usualHeaders } from './raw.ts'
import { bytesOf, openRig, type Rig, textOf } from './rig.ts'

const StreamName = 's'
const ShardId = 'shardId-000000000000'
const seconds = 1000

interface Fanned extends Rig {
  readonly ConsumerARN: string
}

async function withConsumer(options?: Parameters<typeof openRig>[0]): Promise<Fanned> {
  const rig = await openRig(options)
  await rig.client.send(new CreateStreamCommand({ StreamName, ShardCount: 1 }))
  const { Consumer } = await rig.client.send(
    new RegisterStreamConsumerCommand({ StreamARN: rig.store.stream(StreamName).arn, ConsumerName: 'c' }),
  )
  return { ...rig, ConsumerARN: Consumer?.ConsumerARN ?? '' }
}

async function subscribe(
  { client, ConsumerARN }: Fanned,
  more: Partial<SubscribeToShardCommandInput> = {},
): Promise<AsyncIterator<SubscribeToShardEventStream>> {
  const { EventStream } = await client.send(
    new SubscribeToShardCommand({
      ConsumerARN,
      ShardId,
      StartingPosition: { Type: 'TRIM_HORIZON' },
      ...more,
    }),
  )
  if (EventStream === undefined) throw new Error('no stream of events')
  return EventStream[Symbol.asyncIterator]()
}

const put = ({ client }: Rig, text: string): Promise<unknown> =>
  client.send(new PutRecordCommand({ StreamName, PartitionKey: 'a', Data: bytesOf(text) }))

async function next(
  events: AsyncIterator<SubscribeToShardEventStream>,
): Promise<SubscribeToShardEvent | undefined> {
  const { value, done } = await events.next()
  return done === true ? undefined : (value as SubscribeToShardEventStream).SubscribeToShardEvent
}

const textsOf = (event: SubscribeToShardEvent | undefined): string[] =>
  (event?.Records ?? []).map(({ Data }) => textOf(Data))

describe('SubscribeToShard', () => {
  it('[A] subscribing: records are pushed when they are put', async () => {
    const rig = await withConsumer()
    await put(rig, 'one')
    const events = await subscribe(rig)
    const first = await next(events)
    expect(textsOf(first)).toEqual(['one'])
    expect(first).toMatchObject({ MillisBehindLatest: 0 })
    expect(first?.ContinuationSequenceNumber).toBe(first?.Records?.[0]?.SequenceNumber)
    const second = next(events)
    await put(rig, 'two')
    expect(textsOf(await second)).toEqual(['two'])
    await events.return?.()
  })

  it('[?] subscribing: an event comes every five seconds without records, and the position moves on', async () => {
    const rig = await withConsumer()
    const events = await subscribe(rig)
    const idle = next(events)
    await rig.clock.advance(5 * seconds)
    const event = await idle
    expect(event).toMatchObject({ Records: [], MillisBehindLatest: 0 })
    expect(event?.ContinuationSequenceNumber).toMatch(/^\d{56}$/)
    await put(rig, 'one')
    await events.return?.()
    await rig.clock.advance(5 * seconds)
    const resumed = await subscribe(rig, {
      StartingPosition: {
        Type: 'AFTER_SEQUENCE_NUMBER',
        SequenceNumber: event?.ContinuationSequenceNumber,
      },
    })
    expect(textsOf(await next(resumed))).toEqual(['one'])
    await resumed.return?.()
  })

  it('[A] subscribing: lasts five minutes, and then ends without an error', async () => {
    const rig = await withConsumer()
    const events = await subscribe(rig, { StartingPosition: { Type: 'LATEST' } })
    let count = 0
    const all = (async () => {
      while ((await next(events)) !== undefined) count += 1
    })()
    await rig.clock.advance(301 * seconds)
    await all
    expect(count).toBeGreaterThanOrEqual(58)
    expect(count).toBeLessThanOrEqual(61)
  })

  it('[A] subscribing: again within five seconds is refused, later it takes over', async () => {
    const rig = await withConsumer()
    const first = await subscribe(rig)
    await rig.clock.advance(4 * seconds)
    await expect(subscribe(rig)).rejects.toMatchObject({ name: 'ResourceInUseException' })
    await rig.clock.advance(1 * seconds)
    const second = await subscribe(rig)
    let event = await next(first)
    if (event !== undefined) event = await next(first)
    expect(event).toBeUndefined()
    await put(rig, 'one')
    let got = await next(second)
    if (got?.Records?.length === 0) got = await next(second)
    expect(textsOf(got)).toEqual(['one'])
    await second.return?.()
  })

  it('[A] subscribing: the end of a shard names its children and no number to go on with', async () => {
    const rig = await withConsumer()
    await put(rig, 'one')
    await rig.client.send(
      new SplitShardCommand({ StreamName, ShardToSplit: ShardId, NewStartingHashKey: '100' }),
    )
    const events = await subscribe(rig)
    let event = await next(events)
    expect(textsOf(event)).toEqual(['one'])
    if (event?.ChildShards === undefined) event = await next(events)
    expect(event?.ContinuationSequenceNumber ?? undefined).toBeUndefined()
    expect(event?.ChildShards?.map((child) => child.ShardId)).toEqual([
      'shardId-000000000001',
      'shardId-000000000002',
    ])
    expect(await next(events)).toBeUndefined()
  })

  it('[D] subscribing: what is wrong from the beginning is an ordinary error', async () => {
    const rig = await withConsumer()
    await expect(
      subscribe(rig, { ConsumerARN: rig.ConsumerARN.replace('/c:', '/d:') }),
    ).rejects.toMatchObject({ name: 'ResourceNotFoundException' })
    await expect(subscribe(rig, { ShardId: 'shardId-000000000009' })).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
    })
    await expect(subscribe(rig, { StartingPosition: { Type: 'AT_TIMESTAMP' } })).rejects.toMatchObject({
      name: 'InvalidArgumentException',
    })
    await expect(subscribe(rig, { DryRun: true })).rejects.toMatchObject({ name: 'DryRunOperationException' })
  })

  it('[A] subscribing: only an ACTIVE consumer can', async () => {
    const rig = await withConsumer({ open: { transitions: { consumerCreatingMs: 1000 } } })
    await expect(subscribe(rig)).rejects.toMatchObject({ name: 'ResourceInUseException' })
    await rig.clock.advance(1000)
    await (await subscribe(rig)).return?.()
  })

  it('[D] subscribing: what goes wrong later is an exception in the stream', async () => {
    const rig = await withConsumer()
    const events = await subscribe(rig)
    const failed = expect(next(events)).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      message: 'Stream s under account 000000000000 not found.',
    })
    await rig.store.deleteStream(StreamName, { enforceConsumerDeletion: true })
    await failed
  })

  it('[A] subscribing: ends with its consumer', async () => {
    const rig = await withConsumer()
    const events = await subscribe(rig)
    const failed = expect(next(events)).rejects.toMatchObject({ name: 'ResourceNotFoundException' })
    await rig.client.send(new DeregisterStreamConsumerCommand({ ConsumerARN: rig.ConsumerARN }))
    await failed
  })

  it('[L] subscribing: a subscription in CBOR is a failure, as on AWS', async () => {
    const { handler, ConsumerARN } = await withConsumer()
    const answer = await sendRaw(handler, {
      headers: {
        ...usualHeaders,
        'content-type': 'application/x-amz-cbor-1.1',
        'x-amz-target': 'Kinesis_20131202.SubscribeToShard',
      },
      body: cborOf({ ConsumerARN, ShardId, StartingPosition: { Type: 'LATEST' } }),
    })
    expect(answer).toMatchObject({ status: 500, body: { __type: 'InternalFailureException' } })
  })

  it('[R] client: an abort ends the stream of events, and so does destroy', async () => {
    const rig = await withConsumer()
    const timers = rig.clock.pending
    const controller = new AbortController()
    const { EventStream } = await rig.client.send(
      new SubscribeToShardCommand({
        ConsumerARN: rig.ConsumerARN,
        ShardId,
        StartingPosition: { Type: 'LATEST' },
      }),
      { abortSignal: controller.signal },
    )
    const events = EventStream?.[Symbol.asyncIterator]()
    const aborted = expect(events?.next()).rejects.toMatchObject({ name: 'AbortError' })
    await expect.poll(() => rig.clock.pending).toBeGreaterThan(timers)
    controller.abort()
    await aborted
    // Nobody waits for the next record any more.
    await expect.poll(() => rig.clock.pending).toBe(timers)
    await rig.clock.advance(5 * seconds)
    const again = await subscribe(rig)
    const ended = expect(next(again)).rejects.toBeInstanceOf(Error)
    rig.handler.destroy()
    await ended
  })
})
