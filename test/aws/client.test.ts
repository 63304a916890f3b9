import {
  CreateStreamCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  PutRecordCommand,
  PutRecordsCommand,
} from '@aws-sdk/client-kinesis'
import { describe, expect, it } from 'vitest'
import { bytesOf, openRig, textOf } from './rig.ts'

describe('the client of the AWS SDK, without a socket', () => {
  it('creates a stream, puts records and reads them', async () => {
    const { client, clock } = await openRig()
    await client.send(new CreateStreamCommand({ StreamName: 's', ShardCount: 1 }))
    const put = await client.send(
      new PutRecordCommand({ StreamName: 's', PartitionKey: 'a', Data: bytesOf('one') }),
    )
    expect(put).toMatchObject({ ShardId: 'shardId-000000000000' })
    expect(put.$metadata).toMatchObject({ httpStatusCode: 200, attempts: 1 })
    expect(put.$metadata.requestId).toMatch(/^[0-9a-f-]{36}$/)
    const many = await client.send(
      new PutRecordsCommand({
        StreamName: 's',
        Records: [
          { PartitionKey: 'b', Data: bytesOf('two') },
          { PartitionKey: 'é', Data: bytesOf('') },
        ],
      }),
    )
    expect(many.FailedRecordCount).toBe(0)
    const { ShardIterator } = await client.send(
      new GetShardIteratorCommand({
        StreamName: 's',
        ShardId: 'shardId-000000000000',
        ShardIteratorType: 'TRIM_HORIZON',
      }),
    )
    const got = await client.send(new GetRecordsCommand({ ShardIterator }))
    expect(got.Records?.map(({ Data, PartitionKey }) => [PartitionKey, textOf(Data)])).toEqual([
      ['a', 'one'],
      ['b', 'two'],
      ['é', ''],
    ])
    expect(got.Records?.[0]?.SequenceNumber).toBe(put.SequenceNumber)
    expect(got.Records?.[0]?.ApproximateArrivalTimestamp?.getTime()).toBe(clock.nowMs())
    expect(got.MillisBehindLatest).toBe(0)
    expect(got.NextShardIterator).toBeTypeOf('string')
  })
})
