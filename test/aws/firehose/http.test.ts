import type { HttpEndpointDestinationConfiguration } from '@aws-sdk/client-firehose'
import { describe, expect, it } from 'vitest'
import type { RecordsDestination } from '../../../src/firehose/configuration.ts'
import { createHttp, DeliveryStreamName, described, endpoint } from './requests.ts'
import { account, bucket, BucketARN, callRaw, type FirehoseRig, openRig, RoleARN } from './rig.ts'

function stored({ firehose }: FirehoseRig): RecordsDestination {
  const key = { account, region: 'us-east-1', name: DeliveryStreamName }
  const { destination } = firehose.deliveryStream(key).configuration
  if (destination.kind !== 'records') throw new Error('it has objects')
  return destination
}

describe('an HTTP endpoint', () => {
  it('[A] endpoints: what was left out is described as it is; the access key never is', async () => {
    const rig = await openRig()
    await createHttp(rig)
    const { Url, Name, AccessKey } = endpoint
    expect((await described(rig)).Destinations).toEqual([
      {
        DestinationId: 'destinationId-000000000001',
        HttpEndpointDestinationDescription: {
          EndpointConfiguration: { Url, Name },
          BufferingHints: { SizeInMBs: 5, IntervalInSeconds: 300 },
          CloudWatchLoggingOptions: { Enabled: false },
          RequestConfiguration: { ContentEncoding: 'NONE', CommonAttributes: [] },
          ProcessingConfiguration: { Enabled: false, Processors: [] },
          RetryOptions: { DurationInSeconds: 300 },
          S3BackupMode: 'FailedDataOnly',
          S3DestinationDescription: {
            RoleARN,
            BucketARN,
            BufferingHints: { SizeInMBs: 5, IntervalInSeconds: 300 },
            CompressionFormat: 'UNCOMPRESSED',
            EncryptionConfiguration: { NoEncryptionConfig: 'NoEncryption' },
            CloudWatchLoggingOptions: { Enabled: false },
          },
        },
      },
    ])
    expect(stored(rig)).toMatchObject({
      to: {
        kind: 'http',
        url: Url,
        name: Name,
        accessKey: AccessKey,
        commonAttributes: [],
        contentEncoding: 'NONE',
      },
      retryMs: 300_000,
      backupOf: 'failed',
      backup: { bucket: 'records' },
    })
    const raw = await callRaw(rig.handler, 'DescribeDeliveryStream', { DeliveryStreamName })
    expect(raw.text).toContain(Url)
    expect(raw.text).not.toContain(AccessKey)
    const key = { account, region: 'us-east-1', name: DeliveryStreamName }
    expect(JSON.stringify(rig.firehose.deliveryStream(key).document)).not.toContain(AccessKey)
  })

  it('[A] endpoints: everything that is said is done, and described', async () => {
    const rig = await openRig()
    const more: Partial<HttpEndpointDestinationConfiguration> = {
      BufferingHints: { SizeInMBs: 64, IntervalInSeconds: 0 },
      CloudWatchLoggingOptions: { Enabled: true, LogGroupName: '/firehose', LogStreamName: 'clicks' },
      RequestConfiguration: {
        ContentEncoding: 'GZIP',
        CommonAttributes: [{ AttributeName: 'env', AttributeValue: 'test' }],
      },
      RoleARN,
      RetryOptions: { DurationInSeconds: 0 },
      S3BackupMode: 'AllData',
      SecretsManagerConfiguration: { Enabled: false },
    }
    await createHttp(rig, more)
    const [destination] = (await described(rig)).Destinations ?? []
    expect(destination?.HttpEndpointDestinationDescription).toMatchObject(more)
    expect(stored(rig)).toMatchObject({
      to: { commonAttributes: [{ name: 'env', value: 'test' }], contentEncoding: 'GZIP' },
      buffering: { bytes: 64 * 1024 * 1024, ms: 0 },
      retryMs: 0,
      backupOf: 'all',
    })
  })

  it('[A] deviation: the URL of an HTTP endpoint of Firehose may begin with http:, beside the https: of AWS', async () => {
    const rig = await openRig()
    await createHttp(rig, { EndpointConfiguration: { Url: 'http://127.0.0.1:8080/' } })
    expect(stored(rig).to).toEqual({
      kind: 'http',
      url: 'http://127.0.0.1:8080/',
      name: '',
      commonAttributes: [],
      contentEncoding: 'NONE',
    })
  })

  const attribute = { AttributeName: 'env', AttributeValue: 'a' }
  it.each<[string, Partial<HttpEndpointDestinationConfiguration>, string]>([
    [
      '[O] endpoints: an attribute once',
      { RequestConfiguration: { CommonAttributes: [attribute, { ...attribute, AttributeValue: 'b' }] } },
      'Http Endpoint Common Attributes have duplicate name env',
    ],
    [
      'secrets of AWS',
      { SecretsManagerConfiguration: { Enabled: true } },
      'HttpEndpointDestinationConfiguration.SecretsManagerConfiguration is not supported by millrace: use ' +
        'EndpointConfiguration.AccessKey.',
    ],
    [
      'a URL that is none',
      { EndpointConfiguration: { Url: 'https://' } },
      'EndpointConfiguration.Url is no valid URL.',
    ],
    [
      'a URL with a user',
      { EndpointConfiguration: { Url: 'https://me:secret@example.com/' } },
      'EndpointConfiguration.Url has a user in it, which no request could be sent with.',
    ],
    [
      'a key of 4,098 bytes',
      { EndpointConfiguration: { ...endpoint, AccessKey: 'é'.repeat(2049) } },
      'EndpointConfiguration.AccessKey has more than 4096 bytes.',
    ],
    [
      'a key that splits a header',
      { EndpointConfiguration: { ...endpoint, AccessKey: 'a\u0001b' } },
      'EndpointConfiguration.AccessKey has characters that no header of HTTP can have.',
    ],
    [
      'half of a hint',
      { BufferingHints: { SizeInMBs: 1 } },
      'BufferingHints must have both SizeInMBs and IntervalInSeconds or neither: IntervalInSeconds is missing.',
    ],
    [
      'a wrong backup',
      { S3Configuration: { ...bucket, Prefix: '!{x}' } },
      "Invalid expression usage in Prefix: '!{' may only begin an expression !{namespace:value}",
    ],
  ])('%s', async (_what, more, message) => {
    const rig = await openRig()
    await expect(createHttp(rig, more)).rejects.toMatchObject({ name: 'InvalidArgumentException', message })
  })
})
