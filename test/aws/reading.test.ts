import {
  CreateStreamCommand,
  GetRecordsCommand,
  type GetRecordsCommandOutput,
  GetShardIteratorCommand,
  type GetShardIteratorCommandInput,
  PutRecordCommand,
  PutRecordsCommand,
  SplitShardCommand,
} from '@aws-sdk/client-kinesis'
import { describe, expect, it } from 'vitest'
import { coreOf } from '../../src/streams/stream.ts'
import { bytesOf, openRig, type Rig, textOf } from './rig.ts'

const ShardId = 'shardId-000000000000'
const hour = 3_600_000

async function withStream(): Promise<Rig> {
  const rig = await openRig()
  await rig.client.send(new CreateStreamCommand({ StreamName: 's', ShardCount: 1 }))
  return rig
}

async function put({ client }: Rig, text: string): Promise<string> {
  const { SequenceNumber } = await client.send(
    new PutRecordCommand({ StreamName: 's', PartitionKey: 'a', Data: bytesOf(text) }),
  )
  return SequenceNumber ?? ''
}

async function iterator(
  { client }: Rig,
  position: Omit<GetShardIteratorCommandInput, 'ShardId'> & { readonly ShardId?: string },
): Promise<string> {
  const { ShardIterator } = await client.send(
    new GetShardIteratorCommand({ StreamName: 's', ShardId, ...position }),
  )
  return ShardIterator ?? ''
}

const get = ({ client }: Rig, ShardIterator: string, more: object = {}): Promise<GetRecordsCommandOutput> =>
  client.send(new GetRecordsCommand({ ShardIterator, ...more }))

const textsOf = ({ Records = [] }: GetRecordsCommandOutput): string[] =>
  Records.map(({ Data }) => textOf(Data))

describe('GetShardIterator', () => {
  it('[A] iterators: each type begins where it says', async () => {
    const rig = await withStream()
    await put(rig, 'one')
    await rig.clock.advance(1000)
    const second = await put(rig, 'two')
    const between = new Date(rig.clock.nowMs())
    await put(rig, 'three')
    const from = async (position: Omit<GetShardIteratorCommandInput, 'ShardId'>): Promise<string[]> =>
      textsOf(await get(rig, await iterator(rig, position)))
    const StartingSequenceNumber = second
    expect(await from({ ShardIteratorType: 'TRIM_HORIZON' })).toEqual(['one', 'two', 'three'])
    expect(await from({ ShardIteratorType: 'AT_SEQUENCE_NUMBER', StartingSequenceNumber })).toEqual([
      'two',
      'three',
    ])
    expect(await from({ ShardIteratorType: 'AFTER_SEQUENCE_NUMBER', StartingSequenceNumber })).toEqual([
      'three',
    ])
    expect(await from({ ShardIteratorType: 'AT_TIMESTAMP', Timestamp: between })).toEqual(['two', 'three'])
    expect(await from({ ShardIteratorType: 'AT_TIMESTAMP', Timestamp: new Date(0) })).toEqual([
      'one',
      'two',
      'three',
    ])
    const latest = await iterator(rig, { ShardIteratorType: 'LATEST' })
    await put(rig, 'four')
    expect(textsOf(await get(rig, latest))).toEqual(['four'])
  })

  it('[A] iterators: hold five minutes of the store, and any number of uses', async () => {
    const rig = await withStream()
    await put(rig, 'one')
    const token = await iterator(rig, { ShardIteratorType: 'TRIM_HORIZON' })
    await rig.clock.advance(300_000)
    expect(textsOf(await get(rig, token))).toEqual(['one'])
    expect(textsOf(await get(rig, token))).toEqual(['one'])
    await rig.clock.advance(1)
    await expect(get(rig, token)).rejects.toMatchObject({ name: 'ExpiredIteratorException' })
  })

  it('[O] iterators: say when they were made and when they were too old', async () => {
    const rig = await withStream()
    const token = await iterator(rig, { ShardIteratorType: 'TRIM_HORIZON' })
    await rig.clock.advance(hour)
    await expect(get(rig, token)).rejects.toMatchObject({
      message:
        'Iterator expired. The iterator was created at time Thu Jan 01 00:00:00 UTC 2026 while right now it is ' +
        'Thu Jan 01 01:00:00 UTC 2026 which is further in the future than the tolerated delay of 300000 milliseconds.',
    })
  })

  it('[L] iterators: are taken in double quotes', async () => {
    const rig = await withStream()
    await put(rig, 'one')
    const token = await iterator(rig, { ShardIteratorType: 'TRIM_HORIZON' })
    expect(textsOf(await get(rig, `"${token}"`))).toEqual(['one'])
  })

  it.each(['x', 'AAAAAAAAAAE=', 'A'.repeat(204)])(
    '[O] iterators: what is none is refused: %s',
    async (token) => {
      const rig = await withStream()
      await expect(get(rig, token)).rejects.toMatchObject({
        name: 'InvalidArgumentException',
        message: 'Invalid ShardIterator.',
      })
    },
  )

  it('[A] iterators: those of a deleted stream are none of its successor', async () => {
    const rig = await withStream()
    const token = await iterator(rig, { ShardIteratorType: 'TRIM_HORIZON' })
    await rig.store.deleteStream('s')
    await expect(get(rig, token)).rejects.toMatchObject({ name: 'ResourceNotFoundException' })
    await rig.client.send(new CreateStreamCommand({ StreamName: 's', ShardCount: 1 }))
    await expect(get(rig, token)).rejects.toMatchObject({ name: 'InvalidArgumentException' })
  })

  it('[A] iterators: hold when the first shard of their stream has expired meanwhile', async () => {
    const rig = await withStream()
    await put(rig, 'one')
    const half = (2n ** 127n).toString()
    await rig.client.send(
      new SplitShardCommand({ StreamName: 's', ShardToSplit: ShardId, NewStartingHashKey: half }),
    )
    await rig.clock.advance(24 * hour - 60_000)
    const token = await iterator(rig, { ShardId: 'shardId-000000000001', ShardIteratorType: 'TRIM_HORIZON' })
    await rig.clock.advance(60_000)
    // Only once the sweeper has been there is the shard gone for good; it works on another thread.
    const firstIndex = async (): Promise<number | undefined> => {
      await rig.clock.advance(10_000)
      return coreOf(rig.store.stream('s')).state.shards[0]?.index
    }
    await expect.poll(firstIndex).toBe(1)
    await put(rig, 'two')
    expect(textsOf(await get(rig, token))).toEqual(['two'])
  })

  it.each([
    [
      { ShardIteratorType: 'LATEST', StartingSequenceNumber: '1' },
      'Must either specify (1) AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER and StartingSequenceNumber or ' +
        '(2) TRIM_HORIZON or LATEST and no StartingSequenceNumber. ' +
        'Request specified LATEST and also a StartingSequenceNumber.',
    ],
    [{ ShardIteratorType: 'AT_SEQUENCE_NUMBER' }, 'Must either specify (1) AT_SEQUENCE_NUMBER'],
    [
      { ShardIteratorType: 'AT_TIMESTAMP' },
      'Must specify timestampInMillis parameter for iterator of type AT_TIMESTAMP. ' +
        'Current request has no timestamp parameter.',
    ],
    [
      { ShardIteratorType: 'AT_TIMESTAMP', Timestamp: new Date(Date.UTC(2026, 0, 1) + 1) },
      'The timestampInMillis parameter cannot be greater than the currentTimestampInMillis. ' +
        'timestampInMillis: 1767225600001, currentTimestampInMillis: 1767225600000',
    ],
    [
      { ShardIteratorType: 'AT_SEQUENCE_NUMBER', StartingSequenceNumber: '7' },
      'StartingSequenceNumber 7 used in',
    ],
  ] as const)('[K] iterators: members that do not go together are refused: %j', async (position, message) => {
    const rig = await withStream()
    await expect(iterator(rig, position)).rejects.toMatchObject({
      name: 'InvalidArgumentException',
      message: expect.stringContaining(message),
    })
  })

  it('[K] iterators: a number of another shard is refused with both shards', async () => {
    const rig = await openRig()
    await rig.client.send(new CreateStreamCommand({ StreamName: 's', ShardCount: 2 }))
    const StartingSequenceNumber = await put(rig, 'x')
    await expect(
      iterator(rig, {
        ShardId: 'shardId-000000000001',
        ShardIteratorType: 'AT_SEQUENCE_NUMBER',
        StartingSequenceNumber,
      }),
    ).rejects.toMatchObject({
      message:
        'Invalid StartingSequenceNumber. It encodes shardId-000000000000, ' +
        'while it was used in a call to a shard with shardId-000000000001',
    })
  })

  it.each(['shardId-0', 'x-0', '0'])('[K] iterators: short ids of shards are taken: %s', async (short) => {
    const rig = await withStream()
    expect(await iterator(rig, { ShardId: short, ShardIteratorType: 'LATEST' })).not.toBe('')
  })

  it.each([
    ['shardId-000000000007', 'shardId-000000000007'],
    ['9', 'shardId-000000000009'],
    ['other', 'other'],
  ])('[K] iterators: a shard that does not exist has a text of its own: %s', async (given, shown) => {
    const rig = await withStream()
    await expect(iterator(rig, { ShardId: given, ShardIteratorType: 'LATEST' })).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      message: `Shard ${shown} in stream s under account 000000000000 does not exist`,
    })
  })

  it('[K] iterators: and so has a stream', async () => {
    const rig = await openRig()
    await expect(iterator(rig, { ShardIteratorType: 'LATEST' })).rejects.toMatchObject({
      message: `Shard ${ShardId} in stream s under account 000000000000 does not exist`,
    })
  })

  it('[A] iterators: DryRun ends in DryRunOperationException', async () => {
    const rig = await withStream()
    await expect(iterator(rig, { ShardIteratorType: 'LATEST', DryRun: true })).rejects.toMatchObject({
      name: 'DryRunOperationException',
    })
  })
})

describe('GetRecords', () => {
  it('[A] reading: goes on from page to page, and an empty page is not the end', async () => {
    const rig = await withStream()
    for (const text of ['one', 'two', 'three']) await put(rig, text)
    const first = await get(rig, await iterator(rig, { ShardIteratorType: 'TRIM_HORIZON' }), { Limit: 2 })
    expect(textsOf(first)).toEqual(['one', 'two'])
    expect(first.ChildShards).toBeUndefined()
    const second = await get(rig, first.NextShardIterator ?? '')
    expect(textsOf(second)).toEqual(['three'])
    const third = await get(rig, second.NextShardIterator ?? '')
    expect(third).toMatchObject({ Records: [], MillisBehindLatest: 0 })
    await put(rig, 'four')
    expect(textsOf(await get(rig, third.NextShardIterator ?? ''))).toEqual(['four'])
  })

  it('[?] reading: MillisBehindLatest is the distance to the newest record, 0 once all are read', async () => {
    const rig = await withStream()
    await put(rig, 'one')
    await rig.clock.advance(5000)
    await put(rig, 'two')
    await rig.clock.advance(hour)
    const first = await get(rig, await iterator(rig, { ShardIteratorType: 'TRIM_HORIZON' }), { Limit: 1 })
    expect(first.MillisBehindLatest).toBe(5000)
    expect((await get(rig, first.NextShardIterator ?? '')).MillisBehindLatest).toBe(0)
  })

  it('[A] reading: a page has 10 MiB at most', async () => {
    const rig = await withStream()
    const Records = Array.from({ length: 10 }, () => ({ PartitionKey: 'a', Data: new Uint8Array(1_000_000) }))
    for (let call = 0; call < 2; call++) {
      await rig.client.send(new PutRecordsCommand({ StreamName: 's', Records }))
    }
    const page = await get(rig, await iterator(rig, { ShardIteratorType: 'TRIM_HORIZON' }))
    expect(page.Records).toHaveLength(10)
  })

  it('[A] retention: trims to the millisecond, record by record', async () => {
    const rig = await withStream()
    await put(rig, 'one')
    await rig.clock.advance(1)
    await put(rig, 'two')
    await rig.clock.advance(24 * hour)
    expect(textsOf(await get(rig, await iterator(rig, { ShardIteratorType: 'TRIM_HORIZON' })))).toEqual([
      'two',
    ])
  })

  it('[A] reading: the end of a closed shard has no next iterator, and names its children', async () => {
    const rig = await withStream()
    await put(rig, 'one')
    const half = (2n ** 127n).toString()
    await rig.client.send(
      new SplitShardCommand({ StreamName: 's', ShardToSplit: ShardId, NewStartingHashKey: half }),
    )
    const token = await iterator(rig, { ShardIteratorType: 'TRIM_HORIZON' })
    const page = await get(rig, token)
    expect(textsOf(page)).toEqual(['one'])
    expect(page.NextShardIterator).toBeUndefined()
    expect(page.ChildShards).toEqual([
      {
        ShardId: 'shardId-000000000001',
        ParentShards: [ShardId],
        HashKeyRange: { StartingHashKey: '0', EndingHashKey: (2n ** 127n - 1n).toString() },
      },
      {
        ShardId: 'shardId-000000000002',
        ParentShards: [ShardId],
        HashKeyRange: { StartingHashKey: half, EndingHashKey: (2n ** 128n - 1n).toString() },
      },
    ])
  })

  it('[A] reading: DryRun ends in DryRunOperationException', async () => {
    const rig = await withStream()
    const token = await iterator(rig, { ShardIteratorType: 'TRIM_HORIZON' })
    await expect(get(rig, token, { DryRun: true })).rejects.toMatchObject({
      name: 'DryRunOperationException',
    })
  })

  it('refuses an iterator beside the ARN of another stream', async () => {
    const rig = await withStream()
    const token = await iterator(rig, { ShardIteratorType: 'TRIM_HORIZON' })
    const StreamARN = 'arn:aws:kinesis:us-east-1:000000000000:stream/other'
    await expect(get(rig, token, { StreamARN })).rejects.toMatchObject({ name: 'InvalidArgumentException' })
    await expect(get(rig, token, { StreamARN: rig.store.stream('s').arn })).resolves.toHaveProperty('Records')
  })
})
