import {
  ListTagsForDeliveryStreamCommand,
  PutRecordBatchCommand,
  PutRecordCommand,
  StartDeliveryStreamEncryptionCommand,
  StopDeliveryStreamEncryptionCommand,
  TagDeliveryStreamCommand,
  UntagDeliveryStreamCommand,
} from '@aws-sdk/client-firehose'
import { describe, expect, it } from 'vitest'
import { create, createS3, DeliveryStreamName, described } from './requests.ts'
import { account, bucket, openRig, RoleARN } from './rig.ts'

const KeyARN = `arn:aws:kms:us-east-1:${account}:key/k`

describe('tags', () => {
  it('[A] tags: come with creation, are added, replaced, listed by their keys and removed', async () => {
    const rig = await openRig()
    const { client } = rig
    await create(rig, {
      ExtendedS3DestinationConfiguration: bucket,
      Tags: [
        { Key: 'b', Value: '2' },
        { Key: 'a', Value: '1' },
        { Key: 'Größe', Value: 'ä' },
      ],
    })
    await client.send(
      new TagDeliveryStreamCommand({ DeliveryStreamName, Tags: [{ Key: 'a', Value: '3' }, { Key: 'c' }] }),
    )
    const list = () => client.send(new ListTagsForDeliveryStreamCommand({ DeliveryStreamName }))
    expect(await list()).toMatchObject({
      HasMoreTags: false,
      Tags: [
        { Key: 'Größe', Value: 'ä' },
        { Key: 'a', Value: '3' },
        { Key: 'b', Value: '2' },
        { Key: 'c', Value: '' },
      ],
    })
    await client.send(new UntagDeliveryStreamCommand({ DeliveryStreamName, TagKeys: ['Größe', 'none', 'c'] }))
    expect((await list()).Tags?.map(({ Key }) => Key)).toEqual(['a', 'b'])
  })

  it('[A] tags: are listed page by page', async () => {
    const rig = await openRig()
    await createS3(rig, {})
    const Tags = ['e', 'd', 'c', 'b', 'a'].map((Key) => ({ Key, Value: Key }))
    await rig.client.send(new TagDeliveryStreamCommand({ DeliveryStreamName, Tags }))
    const page = async (ExclusiveStartTagKey?: string) => {
      const { Tags: tags, HasMoreTags } = await rig.client.send(
        new ListTagsForDeliveryStreamCommand({ DeliveryStreamName, Limit: 2, ExclusiveStartTagKey }),
      )
      return [tags?.map(({ Key }) => Key).join(''), HasMoreTags]
    }
    expect(await page()).toEqual(['ab', true])
    expect(await page('b')).toEqual(['cd', true])
    expect(await page('d')).toEqual(['e', false])
    expect(await page('e')).toEqual(['', false])
  })

  it('[A] tags: 50 at most', async () => {
    const rig = await openRig()
    await createS3(rig, {})
    const Tags = Array.from({ length: 50 }, (_, index) => ({ Key: `k${index}`, Value: '' }))
    await rig.client.send(new TagDeliveryStreamCommand({ DeliveryStreamName, Tags }))
    await expect(
      rig.client.send(new TagDeliveryStreamCommand({ DeliveryStreamName, Tags: [{ Key: 'more' }] })),
    ).rejects.toMatchObject({ name: 'LimitExceededException' })
  })

  it('[A] tags: none that begins with aws:', async () => {
    const rig = await openRig()
    await createS3(rig, {})
    await expect(
      rig.client.send(new TagDeliveryStreamCommand({ DeliveryStreamName, Tags: [{ Key: 'aws:x' }] })),
    ).rejects.toMatchObject({ name: 'ValidationException' })
  })
})

describe('encryption', () => {
  it('[A] encryption: is started, shown and stopped; bytes at rest are not enciphered', async () => {
    const rig = await openRig()
    const { client } = rig
    await createS3(rig, {})
    const shown = async () => (await described(rig)).DeliveryStreamEncryptionConfiguration
    expect(await shown()).toEqual({ Status: 'DISABLED' })
    await client.send(new StartDeliveryStreamEncryptionCommand({ DeliveryStreamName }))
    expect(await shown()).toEqual({ KeyType: 'AWS_OWNED_CMK', Status: 'ENABLED' })
    const DeliveryStreamEncryptionConfigurationInput = { KeyType: 'CUSTOMER_MANAGED_CMK', KeyARN } as const
    await client.send(
      new StartDeliveryStreamEncryptionCommand({
        DeliveryStreamName,
        DeliveryStreamEncryptionConfigurationInput,
      }),
    )
    expect(await shown()).toEqual({ ...DeliveryStreamEncryptionConfigurationInput, Status: 'ENABLED' })
    const Record = { Data: Buffer.from('a') }
    expect((await client.send(new PutRecordCommand({ DeliveryStreamName, Record }))).Encrypted).toBe(true)
    const batch = await client.send(new PutRecordBatchCommand({ DeliveryStreamName, Records: [Record] }))
    expect(batch.Encrypted).toBe(true)
    await client.send(new StopDeliveryStreamEncryptionCommand({ DeliveryStreamName }))
    expect(await shown()).toEqual({ Status: 'DISABLED' })
  })

  it('[A] encryption: comes with creation', async () => {
    const rig = await openRig()
    await create(rig, {
      ExtendedS3DestinationConfiguration: bucket,
      DeliveryStreamEncryptionConfigurationInput: { KeyType: 'AWS_OWNED_CMK' },
    })
    expect((await described(rig)).DeliveryStreamEncryptionConfiguration).toMatchObject({ Status: 'ENABLED' })
  })

  it.each([
    [
      '[O] encryption: a key of the customer has to be named',
      { KeyType: 'CUSTOMER_MANAGED_CMK' as const },
      'KeyARN has to be specified when KeyType is CUSTOMER_MANAGED_CMK',
    ],
    [
      '[O] encryption: one of AWS cannot be',
      { KeyType: 'AWS_OWNED_CMK' as const, KeyARN },
      'KeyARN cannot be specified when KeyType is AWS_OWNED_CMK',
    ],
  ])('%s', async (_what, DeliveryStreamEncryptionConfigurationInput, message) => {
    const rig = await openRig()
    const refusal = { name: 'InvalidArgumentException', message }
    const S3DestinationConfiguration = bucket
    await expect(
      create(rig, { S3DestinationConfiguration, DeliveryStreamEncryptionConfigurationInput }),
    ).rejects.toMatchObject(refusal)
    await createS3(rig, {})
    await expect(
      rig.client.send(
        new StartDeliveryStreamEncryptionCommand({
          DeliveryStreamName,
          DeliveryStreamEncryptionConfigurationInput,
        }),
      ),
    ).rejects.toMatchObject(refusal)
  })

  it('[O] encryption: is for direct puts only', async () => {
    const rig = await openRig()
    await rig.store.createStream('source', { shards: 1 })
    const fromStream = {
      DeliveryStreamType: 'KinesisStreamAsSource',
      KinesisStreamSourceConfiguration: {
        KinesisStreamARN: `arn:aws:kinesis:us-east-1:${account}:stream/source`,
        RoleARN,
      },
      ExtendedS3DestinationConfiguration: bucket,
    } as const
    const refusal = {
      name: 'InvalidArgumentException',
      message:
        'Server side encryption from firehose is only allowed for direct put delivery streams and database as a source ' +
        'delivery streams',
    }
    const DeliveryStreamEncryptionConfigurationInput = { KeyType: 'AWS_OWNED_CMK' } as const
    await expect(
      create(rig, { ...fromStream, DeliveryStreamEncryptionConfigurationInput }),
    ).rejects.toMatchObject(refusal)
    await create(rig, fromStream)
    for (const command of [
      new StartDeliveryStreamEncryptionCommand({ DeliveryStreamName }),
      new StopDeliveryStreamEncryptionCommand({ DeliveryStreamName }),
    ]) {
      await expect(rig.client.send(command as never)).rejects.toMatchObject(refusal)
    }
  })
})
