import {
  CreateStreamCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  type KinesisClient,
  PutRecordCommand,
  type PutRecordCommandInput,
  type PutRecordCommandOutput,
  PutRecordsCommand,
  type PutRecordsRequestEntry,
} from '@aws-sdk/client-kinesis'
import { describe, expect, it } from 'vitest'
import { callRaw } from './raw.ts'
import { bytesOf, openRig } from './rig.ts'

const put = (
  client: KinesisClient,
  input: Partial<PutRecordCommandInput> = {},
): Promise<PutRecordCommandOutput> =>
  client.send(new PutRecordCommand({ StreamName: 's', PartitionKey: 'a', Data: bytesOf('x'), ...input }))

async function withStream(shards = 4): ReturnType<typeof openRig> {
  const rig = await openRig()
  await rig.client.send(new CreateStreamCommand({ StreamName: 's', ShardCount: shards }))
  return rig
}

const entryOf = (bytes: number): PutRecordsRequestEntry => ({
  PartitionKey: 'a',
  Data: new Uint8Array(bytes),
})

describe('PutRecord and PutRecords', () => {
  it.each([
    ['a', 'shardId-000000000000'],
    ['partitionKey1', 'shardId-000000000003'],
    ['user-123', 'shardId-000000000002'],
    ['héllo', 'shardId-000000000002'],
  ])('[A] routing: the MD5 of a partition key decides, for %s', async (PartitionKey, ShardId) => {
    const { client } = await withStream()
    expect(await put(client, { PartitionKey })).toMatchObject({ ShardId })
  })

  it('[A] routing: an explicit hash key replaces the one of the partition key, which is still stored', async () => {
    const { client } = await withStream()
    const last = '340282366920938463463374607431768211455'
    expect(await put(client, { ExplicitHashKey: last })).toMatchObject({ ShardId: 'shardId-000000000003' })
    const { ShardIterator } = await client.send(
      new GetShardIteratorCommand({
        StreamName: 's',
        ShardId: 'shardId-000000000003',
        ShardIteratorType: 'TRIM_HORIZON',
      }),
    )
    const { Records } = await client.send(new GetRecordsCommand({ ShardIterator }))
    expect(Records?.[0]?.PartitionKey).toBe('a')
  })

  it('[O] routing: an explicit hash key beyond 2^128 - 1 is refused with its text', async () => {
    const { client } = await withStream()
    const beyond = '340282366920938463463374607431768211456'
    await expect(put(client, { ExplicitHashKey: beyond })).rejects.toMatchObject({
      name: 'InvalidArgumentException',
      message:
        'Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. ' +
        `Specified value was ${beyond}`,
    })
  })

  it('[?] writing: empty data is taken', async () => {
    const { client } = await withStream()
    await expect(put(client, { Data: new Uint8Array(0) })).resolves.toHaveProperty('SequenceNumber')
  })

  it('[A] ordering: a record put with the number of the one before has a greater one', async () => {
    const { client } = await withStream()
    const { SequenceNumber: first = '' } = await client.send(
      new PutRecordCommand({ StreamName: 's', PartitionKey: 'a', Data: bytesOf('1') }),
    )
    const { SequenceNumber: second = '' } = await client.send(
      new PutRecordCommand({
        StreamName: 's',
        PartitionKey: 'a',
        Data: bytesOf('2'),
        SequenceNumberForOrdering: first,
      }),
    )
    expect(BigInt(second)).toBeGreaterThan(BigInt(first))
  })

  it.each(['0', '1', '49590338271490256608559692538361571095921575989136588898'.replace('4959', '5959')])(
    '[O] ordering: a number that is none, or of the future, is refused: %s',
    async (SequenceNumberForOrdering) => {
      const { client } = await withStream()
      await expect(put(client, { SequenceNumberForOrdering })).rejects.toMatchObject({
        name: 'InvalidArgumentException',
        message: expect.stringContaining(
          `ExclusiveMinimumSequenceNumber ${SequenceNumberForOrdering} used in`,
        ),
      })
    },
  )

  it('[A] writing: answers stand in the order of the entries', async () => {
    const { client } = await withStream()
    const keys = ['a', 'partitionKey1', 'user-123', 'a']
    const { Records, FailedRecordCount } = await client.send(
      new PutRecordsCommand({
        StreamName: 's',
        Records: keys.map((PartitionKey) => ({ PartitionKey, Data: bytesOf(PartitionKey) })),
      }),
    )
    expect(FailedRecordCount).toBe(0)
    expect(Records?.map(({ ShardId }) => ShardId?.at(-1))).toEqual(['0', '3', '2', '0'])
  })

  it('[K] writing: one malformed entry fails the whole call, and nothing is stored', async () => {
    const { client, store } = await withStream()
    const Records = [
      { PartitionKey: 'a', Data: bytesOf('x') },
      { PartitionKey: 'a', Data: bytesOf('x'), ExplicitHashKey: '9'.repeat(39) },
    ]
    await expect(client.send(new PutRecordsCommand({ StreamName: 's', Records }))).rejects.toMatchObject({
      name: 'InvalidArgumentException',
    })
    expect((await store.stream('s').stats()).recordsMax).toBe(0)
  })

  it('[A] writing: a request has 10 MiB at most, keys included', async () => {
    const { client } = await withStream()
    const Records = Array.from({ length: 10 }, () => entryOf(1024 * 1024 - 1))
    await expect(client.send(new PutRecordsCommand({ StreamName: 's', Records }))).resolves.toHaveProperty(
      'FailedRecordCount',
      0,
    )
    await expect(
      client.send(new PutRecordsCommand({ StreamName: 's', Records: [...Records, entryOf(0)] })),
    ).rejects.toMatchObject({ name: 'InvalidArgumentException' })
  })

  it('[?] writing: a record above the limit of its stream is a ValidationException', async () => {
    const { client } = await withStream()
    await expect(put(client, { Data: new Uint8Array(1024 * 1024) })).rejects.toMatchObject({
      name: 'ValidationException',
      message: expect.stringContaining("at 'data' failed to satisfy constraint"),
    })
    await expect(
      client.send(
        new PutRecordsCommand({
          StreamName: 's',
          Records: [{ PartitionKey: 'a', Data: new Uint8Array(1024 * 1024) }],
        }),
      ),
    ).rejects.toMatchObject({ message: expect.stringContaining("at 'records.1.member.data' failed") })
  })

  it('[A] writing: a partition key may be left out only where distribution is AUTO', async () => {
    const { handler } = await withStream()
    const answer = await callRaw(handler, 'PutRecords', { StreamName: 's', Records: [{ Data: 'YQ==' }] })
    expect(answer.body).toMatchObject({
      __type: 'ValidationException',
      message:
        "1 validation error detected: Value null at 'records.1.member.partitionKey' failed to satisfy constraint: " +
        'Member must not be null',
    })
  })

  it('[A] writing: AUTO ignores keys, gives them back unchanged, and an absent one is not returned', async () => {
    const { client, store } = await openRig()
    const { arn } = await store.createStream('auto', { mode: 'ON_DEMAND', distribution: 'AUTO' })
    const keyed = { PartitionKey: 'hot', ExplicitHashKey: '0', Data: bytesOf('keyed') }
    const Records = [keyed, { Data: bytesOf('keyless') }, keyed, keyed]
    const stored = await client.send(new PutRecordsCommand({ StreamName: 'auto', Records }))
    expect(new Set(stored.Records?.map(({ ShardId }) => ShardId)).size).toBe(4)
    const found = new Map<string, string | undefined>()
    for (const { ShardId } of stored.Records ?? []) {
      const { ShardIterator } = await client.send(
        new GetShardIteratorCommand({ StreamARN: arn, ShardId, ShardIteratorType: 'TRIM_HORIZON' }),
      )
      const page = await client.send(new GetRecordsCommand({ ShardIterator }))
      for (const { Data, PartitionKey } of page.Records ?? []) {
        found.set(Buffer.from(Data ?? []).toString(), PartitionKey)
      }
    }
    expect([...found].toSorted()).toEqual([
      ['keyed', 'hot'],
      ['keyless', undefined],
    ])
  })

  it('[A] writing: DryRun writes nothing, and ends in DryRunOperationException', async () => {
    const { client, store } = await withStream()
    await expect(put(client, { DryRun: true })).rejects.toMatchObject({ name: 'DryRunOperationException' })
    await expect(
      client.send(
        new PutRecordsCommand({
          StreamName: 's',
          Records: [{ PartitionKey: 'a', Data: bytesOf('x') }],
          DryRun: true,
        }),
      ),
    ).rejects.toMatchObject({ name: 'DryRunOperationException' })
    expect((await store.stream('s').stats()).recordsMax).toBe(0)
  })

  it('[A] writing: DryRun is refused for what would be refused anyway', async () => {
    const { client } = await withStream()
    await expect(put(client, { StreamName: 'absent', DryRun: true })).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      message: 'Stream absent under account 000000000000 not found.',
    })
  })

  it('[K][L] writing: answers of a stream without encryption do not mention it', async () => {
    const { handler } = await withStream()
    const answer = await callRaw(handler, 'PutRecord', { StreamName: 's', Data: 'YQ==', PartitionKey: 'a' })
    expect(Object.keys(answer.body ?? {})).toEqual(['ShardId', 'SequenceNumber'])
  })
})
