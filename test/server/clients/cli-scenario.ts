import { expect } from 'vitest'
import type { Address } from './address.ts'
import { run } from './program.ts'

const first = 'shardId-000000000000'
const StreamName = 'cli'
const middle = String(2n ** 127n)

type Answer = Readonly<Record<string, unknown>>

/** The life of a stream from a shell. The AWS CLI has no subscribe-to-shard. */
export async function lifeFromAShell(aws: string, { endpoint, ca }: Address): Promise<void> {
  const options = [
    '--endpoint-url',
    endpoint,
    '--output',
    'json',
    ...(ca === undefined ? [] : ['--ca-bundle', ca]),
  ]
  const call = async (operation: string, ...args: string[]): Promise<Answer> => {
    const text = await run(aws, [...options, 'kinesis', ...operation.split(' '), ...args])
    return text === '' ? {} : (JSON.parse(text) as Answer)
  }
  const onStream = (operation: string, ...args: string[]): Promise<Answer> =>
    call(operation, '--stream-name', StreamName, ...args)
  const put = (key: string, text: string, ...args: string[]): Promise<Answer> =>
    onStream('put-record', '--partition-key', key, '--data', base64(text), ...args)
  const read = async (shard: string, ...start: string[]): Promise<string[]> => {
    const { ShardIterator } = await onStream('get-shard-iterator', '--shard-id', shard, ...start)
    const { Records } = await call('get-records', '--shard-iterator', String(ShardIterator))
    return (Records as { Data: string }[]).map(({ Data }) => Buffer.from(Data, 'base64').toString())
  }

  await onStream('create-stream', '--shard-count', '1')
  await onStream('wait stream-exists')
  expect(await call('list-streams')).toMatchObject({ StreamNames: [StreamName] })
  const { SequenceNumber } = await put('one', 'single')
  const Records = ['batch 0', 'batch 1'].map((text) => ({ PartitionKey: 'b', Data: base64(text) }))
  expect(await onStream('put-records', '--records', JSON.stringify(Records))).toMatchObject({
    FailedRecordCount: 0,
  })
  expect(await read(first, '--shard-iterator-type', 'TRIM_HORIZON')).toEqual(['single', 'batch 0', 'batch 1'])
  const after = [
    '--shard-iterator-type',
    'AFTER_SEQUENCE_NUMBER',
    '--starting-sequence-number',
    String(SequenceNumber),
  ]
  expect(await read(first, ...after)).toEqual(['batch 0', 'batch 1'])
  expect(await read(first, '--shard-iterator-type', 'AT_TIMESTAMP', '--timestamp', '1.5')).toHaveLength(3)

  await onStream('add-tags-to-stream', '--tags', 'team=data')
  expect(await onStream('list-tags-for-stream')).toMatchObject({ Tags: [{ Key: 'team', Value: 'data' }] })
  await onStream('increase-stream-retention-period', '--retention-period-hours', '48')
  const { StreamDescriptionSummary } = await onStream('describe-stream-summary')
  expect(StreamDescriptionSummary).toMatchObject({ RetentionPeriodHours: 48, OpenShardCount: 1 })
  const { StreamARN } = StreamDescriptionSummary as { readonly StreamARN: string }
  await call('register-stream-consumer', '--stream-arn', StreamARN, '--consumer-name', 'reader')
  expect(await call('list-stream-consumers', '--stream-arn', StreamARN)).toMatchObject({
    Consumers: [{ ConsumerName: 'reader', ConsumerStatus: 'ACTIVE' }],
  })

  await onStream('split-shard', '--shard-to-split', first, '--new-starting-hash-key', middle)
  await onStream('wait stream-exists')
  const { Shards } = await onStream('list-shards')
  expect((Shards as { ParentShardId?: string }[]).map(({ ParentShardId }) => ParentShardId)).toEqual([
    undefined,
    first,
    first,
  ])
  expect(await put('x', 'upper', '--explicit-hash-key', middle)).toMatchObject({
    ShardId: 'shardId-000000000002',
  })
  expect(await read('shardId-000000000002', '--shard-iterator-type', 'TRIM_HORIZON')).toEqual(['upper'])
  await expect(call('describe-stream-summary', '--stream-name', 'nowhere')).rejects.toThrow(
    'ResourceNotFoundException',
  )
  await onStream('delete-stream', '--enforce-consumer-deletion')
  await onStream('wait stream-not-exists')
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64')
}
