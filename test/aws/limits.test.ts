import {
  CreateStreamCommand,
  DescribeLimitsCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  PutRecordCommand,
  PutRecordsCommand,
  RegisterStreamConsumerCommand,
  SubscribeToShardCommand,
} from '@aws-sdk/client-kinesis'
import { describe, expect, it } from 'vitest'
import type { LimitEvent } from '../../src/streams/limits.ts'
import { bytesOf, openRig, type Rig } from './rig.ts'

const StreamName = 's'
const ShardId = 'shardId-000000000000'
const rateExceeded = `Rate exceeded for shard ${ShardId} in stream s under account 000000000000.`
const throttled = { name: 'ProvisionedThroughputExceededException', message: rateExceeded }

async function withStream(limits: 'enforce' | 'report', onLimit?: (event: LimitEvent) => void): Promise<Rig> {
  const rig = await openRig({ open: { limits, ...(onLimit === undefined ? {} : { onLimit }) } })
  await rig.client.send(new CreateStreamCommand({ StreamName, ShardCount: 1 }))
  return rig
}

const Records = Array.from({ length: 500 }, () => ({ PartitionKey: 'a', Data: bytesOf('x') }))

describe('limits that are enforced', () => {
  it('[A][G] limits: a shard takes 1,000 records a second; the others fail in their entries', async () => {
    const { client, clock } = await withStream('enforce')
    const put = new PutRecordsCommand({ StreamName, Records })
    expect((await client.send(put)).FailedRecordCount).toBe(0)
    expect((await client.send(put)).FailedRecordCount).toBe(0)
    const third = await client.send(put)
    expect(third.FailedRecordCount).toBe(500)
    expect(third.Records?.[0]).toEqual({
      ErrorCode: 'ProvisionedThroughputExceededException',
      ErrorMessage: rateExceeded,
    })
    await clock.advance(100)
    expect((await client.send(put)).FailedRecordCount).toBe(400)
  })

  it('[A] limits: a record that is too much is refused as a call', async () => {
    const { client } = await withStream('enforce')
    const put = new PutRecordCommand({ StreamName, PartitionKey: 'a', Data: new Uint8Array(1_000_000) })
    await client.send(put)
    await expect(client.send(put)).rejects.toMatchObject(throttled)
  })

  it('[A] limits: GetRecords and GetShardIterator go five times a second for each shard', async () => {
    const { client, clock } = await withStream('enforce')
    const iterator = new GetShardIteratorCommand({ StreamName, ShardId, ShardIteratorType: 'TRIM_HORIZON' })
    const { ShardIterator } = await client.send(iterator)
    for (let call = 0; call < 4; call++) await client.send(iterator)
    await expect(client.send(iterator)).rejects.toMatchObject(throttled)
    for (let call = 0; call < 5; call++) await client.send(new GetRecordsCommand({ ShardIterator }))
    await expect(client.send(new GetRecordsCommand({ ShardIterator }))).rejects.toMatchObject(throttled)
    await clock.advance(1000)
    await expect(client.send(new GetRecordsCommand({ ShardIterator }))).resolves.toHaveProperty('Records')
  })

  it('[A] limits: the control plane has rates of its own', async () => {
    const { client, clock } = await withStream('enforce')
    await client.send(new DescribeLimitsCommand({}))
    await expect(client.send(new DescribeLimitsCommand({}))).rejects.toMatchObject({
      name: 'LimitExceededException',
    })
    await clock.advance(1000)
    await expect(client.send(new DescribeLimitsCommand({}))).resolves.toHaveProperty('ShardLimit')
  })

  it('[A] limits: a consumer subscribes to a shard once a second', async () => {
    const { client, store, handler } = await withStream('enforce')
    const StreamARN = store.stream(StreamName).arn
    const { Consumer } = await client.send(
      new RegisterStreamConsumerCommand({ StreamARN, ConsumerName: 'c' }),
    )
    const subscribe = new SubscribeToShardCommand({
      ConsumerARN: Consumer?.ConsumerARN,
      ShardId,
      StartingPosition: { Type: 'LATEST' },
    })
    await client.send(subscribe)
    await expect(client.send(subscribe)).rejects.toMatchObject({ name: 'LimitExceededException' })
    handler.destroy()
  })
})

describe('limits that are reported', () => {
  it('refuse nothing, and tell what AWS would have refused', async () => {
    const events: LimitEvent[] = []
    const { client } = await withStream('report', (event) => events.push(event))
    const put = new PutRecordsCommand({ StreamName, Records })
    for (let call = 0; call < 3; call++) expect((await client.send(put)).FailedRecordCount).toBe(0)
    expect(events).toMatchObject([
      { refused: false, limit: 'write-records', records: 500, partitionKey: 'a' },
    ])
  })
})
