import {
  AddTagsToStreamCommand,
  CreateStreamCommand,
  DeleteResourcePolicyCommand,
  DeregisterStreamConsumerCommand,
  DescribeAccountSettingsCommand,
  DescribeStreamConsumerCommand,
  GetResourcePolicyCommand,
  ListStreamConsumersCommand,
  ListTagsForResourceCommand,
  ListTagsForStreamCommand,
  PutResourcePolicyCommand,
  RegisterStreamConsumerCommand,
  RemoveTagsFromStreamCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateAccountSettingsCommand,
} from '@aws-sdk/client-kinesis'
import { describe, expect, it } from 'vitest'
import { openRig, type Rig } from './rig.ts'

const StreamName = 's'
const StreamARN = 'arn:aws:kinesis:us-east-1:000000000000:stream/s'

async function withStream(options?: Parameters<typeof openRig>[0]): Promise<Rig> {
  const rig = await openRig(options)
  await rig.client.send(new CreateStreamCommand({ StreamName, ShardCount: 1 }))
  return rig
}

async function register({ client }: Rig, ConsumerName: string): Promise<string> {
  const { Consumer } = await client.send(new RegisterStreamConsumerCommand({ StreamARN, ConsumerName }))
  return Consumer?.ConsumerARN ?? ''
}

const tagsFrom = (from: number, count: number): Record<string, string> =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`key${from + index}`, 'x']))

describe('tags', () => {
  it('[K] tags: are listed in byte order of their keys, in pages', async () => {
    const { client } = await withStream()
    await client.send(new AddTagsToStreamCommand({ StreamName, Tags: { b: '2', a: '1', Z: '0', é: '' } }))
    const first = await client.send(new ListTagsForStreamCommand({ StreamName, Limit: 3 }))
    expect(first).toMatchObject({ HasMoreTags: true })
    expect(first.Tags?.map(({ Key }) => Key)).toEqual(['Z', 'a', 'b'])
    const rest = await client.send(new ListTagsForStreamCommand({ StreamName, ExclusiveStartTagKey: 'b' }))
    expect(rest).toMatchObject({ Tags: [{ Key: 'é', Value: '' }], HasMoreTags: false })
    await client.send(new RemoveTagsFromStreamCommand({ StreamName, TagKeys: ['a', 'absent'] }))
    const left = await client.send(new ListTagsForStreamCommand({ StreamName }))
    expect(left.Tags?.map(({ Key }) => Key)).toEqual(['Z', 'b', 'é'])
  })

  it.each([';', '\t', '\n', ','])(
    '[K] tags: a character that is not allowed has its text: %j',
    async (character) => {
      const { client } = await withStream()
      await expect(
        client.send(new AddTagsToStreamCommand({ StreamName, Tags: { [`a${character}`]: 'x' } })),
      ).rejects.toMatchObject({
        name: 'InvalidArgumentException',
        message:
          'Some tags contain invalid characters. Valid characters: Unicode letters, digits, white space, ' +
          '_ . / = + - % @.',
      })
    },
  )

  it('[A] tags: a resource has 50 at most', async () => {
    const { client } = await withStream()
    await client.send(new AddTagsToStreamCommand({ StreamName, Tags: tagsFrom(0, 50) }))
    await expect(
      client.send(new AddTagsToStreamCommand({ StreamName, Tags: tagsFrom(50, 1) })),
    ).rejects.toMatchObject({ name: 'LimitExceededException' })
  })

  it('[A] tags: streams and consumers have them by ARN, and from the beginning', async () => {
    const rig = await openRig()
    const { client } = rig
    await client.send(new CreateStreamCommand({ StreamName, Tags: { at: 'creation' } }))
    const { Consumer } = await client.send(
      new RegisterStreamConsumerCommand({ StreamARN, ConsumerName: 'c', Tags: { at: 'registration' } }),
    )
    const ConsumerARN = Consumer?.ConsumerARN
    for (const [ResourceARN, value] of [
      [StreamARN, 'creation'],
      [ConsumerARN, 'registration'],
    ]) {
      await client.send(new TagResourceCommand({ ResourceARN, Tags: { more: 'x' } }))
      const { Tags } = await client.send(new ListTagsForResourceCommand({ ResourceARN }))
      expect(Tags).toEqual([
        { Key: 'at', Value: value },
        { Key: 'more', Value: 'x' },
      ])
      await client.send(new UntagResourceCommand({ ResourceARN, TagKeys: ['more'] }))
      expect((await client.send(new ListTagsForResourceCommand({ ResourceARN }))).Tags).toHaveLength(1)
    }
  })
})

describe('resource policies', () => {
  it('[L][T] policies: are kept as they are, absent at first, and not deleted twice', async () => {
    const rig = await withStream()
    const { client } = rig
    const consumer = await register(rig, 'c')
    for (const ResourceARN of [StreamARN, consumer]) {
      expect((await client.send(new GetResourcePolicyCommand({ ResourceARN }))).Policy).toBeUndefined()
      const Policy = '{"Version": "2012-10-17"}'
      await client.send(new PutResourcePolicyCommand({ ResourceARN, Policy }))
      expect((await client.send(new GetResourcePolicyCommand({ ResourceARN }))).Policy).toBe(Policy)
      await client.send(new DeleteResourcePolicyCommand({ ResourceARN }))
      await expect(client.send(new DeleteResourcePolicyCommand({ ResourceARN }))).rejects.toMatchObject({
        name: 'ResourceNotFoundException',
        message: `No resource policy found for resource ARN ${ResourceARN}`,
      })
    }
    await expect(
      client.send(new PutResourcePolicyCommand({ ResourceARN: StreamARN, Policy: 'no JSON' })),
    ).rejects.toMatchObject({ name: 'InvalidArgumentException' })
  })

  it('policies: of more than 64 KiB are refused with an error that the operation has', async () => {
    const rig = await withStream()
    const Policy = JSON.stringify({ a: '€'.repeat(22_000) })
    for (const ResourceARN of [StreamARN, await register(rig, 'c')]) {
      await expect(
        rig.client.send(new PutResourcePolicyCommand({ ResourceARN, Policy })),
      ).rejects.toMatchObject({ name: 'LimitExceededException' })
    }
  })
})

describe('consumers', () => {
  it('[A] consumers: are described by ARN, or by stream and name', async () => {
    const rig = await withStream()
    const { client, clock } = rig
    const ConsumerARN = await register(rig, 'c')
    expect(ConsumerARN).toBe(`${StreamARN}/consumer/c:${clock.nowMs() / 1000}`)
    const expected = { ConsumerName: 'c', ConsumerARN, ConsumerStatus: 'ACTIVE', StreamARN }
    const byArn = await client.send(new DescribeStreamConsumerCommand({ ConsumerARN }))
    expect(byArn.ConsumerDescription).toMatchObject(expected)
    const byName = await client.send(new DescribeStreamConsumerCommand({ StreamARN, ConsumerName: 'c' }))
    expect(byName.ConsumerDescription).toMatchObject(expected)
    await expect(client.send(new DescribeStreamConsumerCommand({ StreamARN }))).rejects.toMatchObject({
      name: 'InvalidArgumentException',
    })
  })

  it('[A] consumers: are CREATING first, if statuses take their time', async () => {
    const rig = await withStream({ open: { transitions: { consumerCreatingMs: 1000 } } })
    const ConsumerARN = await register(rig, 'c')
    const status = async (): Promise<string | undefined> => {
      const { ConsumerDescription } = await rig.client.send(
        new DescribeStreamConsumerCommand({ ConsumerARN }),
      )
      return ConsumerDescription?.ConsumerStatus
    }
    expect(await status()).toBe('CREATING')
    await rig.clock.advance(1000)
    expect(await status()).toBe('ACTIVE')
  })

  it('[A] consumers: one that is registered again has another ARN', async () => {
    const rig = await withStream()
    const first = await register(rig, 'c')
    await expect(register(rig, 'c')).rejects.toMatchObject({ name: 'ResourceInUseException' })
    await rig.client.send(new DeregisterStreamConsumerCommand({ ConsumerARN: first }))
    expect(await register(rig, 'c')).not.toBe(first)
    await expect(
      rig.client.send(new DeregisterStreamConsumerCommand({ ConsumerARN: first })),
    ).rejects.toMatchObject({ name: 'ResourceNotFoundException' })
  })

  it('[A] consumers: a stream has 20 at most, and lists them in pages', async () => {
    const rig = await withStream()
    for (let index = 0; index < 20; index++) await register(rig, `c${String(index).padStart(2, '0')}`)
    await expect(register(rig, 'one-more')).rejects.toMatchObject({ name: 'LimitExceededException' })
    const first = await rig.client.send(new ListStreamConsumersCommand({ StreamARN, MaxResults: 15 }))
    expect(first.Consumers).toHaveLength(15)
    const { NextToken } = first
    const second = await rig.client.send(new ListStreamConsumersCommand({ StreamARN, NextToken }))
    expect(second.Consumers?.map(({ ConsumerName }) => ConsumerName)).toEqual([
      'c15',
      'c16',
      'c17',
      'c18',
      'c19',
    ])
    expect(second.NextToken).toBeUndefined()
  })
})

describe('accounts', () => {
  it('[A] accounts: a commitment lasts 24 hours at least', async () => {
    const { client, clock } = await openRig()
    const status = async (): Promise<string | undefined> => {
      const settings = await client.send(new DescribeAccountSettingsCommand({}))
      return settings.MinimumThroughputBillingCommitment?.Status
    }
    const set = (Status: 'ENABLED' | 'DISABLED') =>
      client.send(new UpdateAccountSettingsCommand({ MinimumThroughputBillingCommitment: { Status } }))
    expect(await status()).toBe('DISABLED')
    const { MinimumThroughputBillingCommitment: made } = await set('ENABLED')
    expect(made?.StartedAt?.getTime()).toBe(clock.nowMs())
    await set('DISABLED')
    expect(await status()).toBe('ENABLED_UNTIL_EARLIEST_ALLOWED_END')
    await clock.advance(24 * 3_600_000)
    expect(await status()).toBe('DISABLED')
  })

  it('[A] accounts: an access key id of twelve digits is the account, the scope names the region', async () => {
    const rig = await withStream()
    const other = rig.connect({
      credentials: { accessKeyId: '123456789012', secretAccessKey: 'x' },
      region: 'eu-west-1',
    })
    await other.send(new CreateStreamCommand({ StreamName: 'theirs', ShardCount: 1 }))
    const arn = 'arn:aws:kinesis:eu-west-1:123456789012:stream/theirs'
    expect(rig.store.within({ account: '123456789012', region: 'eu-west-1' }).stream('theirs').arn).toBe(arn)
    expect(rig.store.listStreams().map(({ name }) => name)).toEqual([StreamName])
    await expect(other.send(new ListTagsForStreamCommand({ StreamName }))).rejects.toMatchObject({
      message: 'Stream s under account 123456789012 not found.',
    })
    other.destroy()
  })

  it('[A] accounts: any other access key id means the account of the store', async () => {
    const rig = await withStream()
    const other = rig.connect({ credentials: { accessKeyId: 'AKIAEXAMPLE', secretAccessKey: 'x' } })
    await expect(other.send(new ListTagsForStreamCommand({ StreamName }))).resolves.toMatchObject({
      Tags: [],
    })
    other.destroy()
  })
})
