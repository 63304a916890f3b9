import { CreateDeliveryStreamCommand } from '@aws-sdk/client-firehose'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { AwsRequestHandler } from '../../../src/aws/request-handler.ts'
import { firehoseModel } from '../../../src/aws/model/model.ts'
import { fromModel, type Sensible } from '../from-model.ts'
import { usualHeaders } from '../raw.ts'
import { wildRequests, type WildRequest, type WildService } from '../requests.ts'
import { extraction, processor, tables } from './requests.ts'
import { account, bucket, BucketARN, type FirehoseRig, openRig, RoleARN } from './rig.ts'

/** `npm run test:requests -- --cases 100000` sets it. */
const cases = Number(process.env['MILLRACE_FIREHOSE_REQUESTS'] ?? 300)

const faults = new Set([
  ...Object.keys(firehoseModel.errors),
  'AccessDeniedException',
  'SerializationException',
  'ValidationException',
  'UnknownOperationException',
  'MissingAuthenticationTokenException',
  'IncompleteSignatureException',
  'InvalidSignatureException',
])

const DeliveryStreamName = 'fuzzed'
const names = Object.keys(firehoseModel.structures['CreateDeliveryStreamInput'] ?? {})
const updates = Object.keys(firehoseModel.structures['UpdateDestinationInput'] ?? {})
const extended = 'ExtendedS3DestinationConfiguration'

const service: WildService = {
  model: firehoseModel,
  words: {
    DeliveryStreamName,
    DeliveryStreamType: 'DirectPut',
    [extended]: bucket,
    CurrentDeliveryStreamVersionId: '1',
    DestinationId: 'destinationId-000000000001',
    ExtendedS3DestinationUpdate: { Prefix: 'a/' },
    TagKeys: ['a'],
    Record: { Data: 'YQ==' },
  },
  rarely: [...names, ...updates].filter((name) => {
    const destination = /Destination(Configuration|Update)$/.test(name)
    return (destination && !name.startsWith('ExtendedS3')) || name.endsWith('SourceConfiguration')
  }),
}

/** What members of destinations have a use for. */
const sensible: Sensible = {
  RoleARN: [RoleARN],
  BucketARN: [BucketARN],
  Prefix: ['', 'a/', '!{timestamp:yyyy}/', '!{partitionKeyFromQuery:customer}/', '!{firehose:x}', '!{'],
  ErrorOutputPrefix: ['', 'e/', 'e/!{firehose:error-output-type}/', '!{timestamp:yyyy}/'],
  CompressionFormat: ['UNCOMPRESSED', 'UNCOMPRESSED', 'GZIP'],
  SizeInMBs: [64, 128, 1],
  IntervalInSeconds: [60, 900, 0],
  KMSEncryptionConfig: [null],
  NoEncryptionConfig: ['NoEncryption'],
  Processors: [
    [],
    [processor('AppendDelimiterToRecord')],
    [extraction()],
    [processor('Lambda', { LambdaArn: 'f' }), extraction('{')],
  ],
  DatabaseName: ['web'],
  TableName: ['clicks', 'other'],
  CatalogId: [account],
  Region: ['us-east-1'],
  VersionId: ['LATEST'],
  OrcSerDe: [null, null, {}],
  HiveJsonSerDe: [null, null, {}],
  WriterVersion: ['V1'],
  MaxPaddingBytes: [0],
  BlockSizeBytes: [64 * 1024 * 1024],
  CustomTimeZone: ['', 'UTC', 'Europe/Vienna', 'Nowhere'],
  FileExtension: ['', '.json'],
  Url: ['http://127.0.0.1:9/', 'https://', 'https://example.com/'],
}

function destinationsOf(operation: string, form: string): fc.Arbitrary<WildRequest> {
  return fc.constantFrom(`ExtendedS3${form}`, `S3${form}`, `HttpEndpoint${form}`).chain((member) =>
    fromModel(member, firehoseModel, sensible).map((destination) => ({
      method: 'POST',
      headers: {
        ...usualHeaders,
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': `Firehose_20150804.${operation}`,
      },
      body: JSON.stringify({
        ...(operation === 'UpdateDestination'
          ? { CurrentDeliveryStreamVersionId: '1', DestinationId: 'destinationId-000000000001' }
          : {}),
        DeliveryStreamName: operation === 'UpdateDestination' ? DeliveryStreamName : 'made',
        [member]: destination,
      }),
    })),
  )
}

/** Creations and updates whose destinations are built from the model. */
function destinations(): fc.Arbitrary<WildRequest> {
  return fc.oneof(
    destinationsOf('CreateDeliveryStream', 'DestinationConfiguration'),
    destinationsOf('UpdateDestination', 'DestinationUpdate'),
  )
}

async function requireAnswer(handler: AwsRequestHandler, request: WildRequest): Promise<number> {
  const { response } = await handler.handle(request)
  const { statusCode, headers, body } = response
  if (!(body instanceof Uint8Array)) throw new Error('an answer is a stream')
  if (statusCode === 200) {
    expect(JSON.parse(Buffer.from(body).toString('utf8'))).toBeTypeOf('object')
    return statusCode
  }
  expect([400, 403, 404, 413]).toContain(statusCode)
  if (headers['content-type'] !== 'application/x-amz-json-1.1') return statusCode
  const document = JSON.parse(Buffer.from(body).toString('utf8')) as Readonly<Record<string, unknown>>
  expect(faults).toContain(document['__type'])
  return statusCode
}

/** The delivery streams as they were. */
async function refurnish({ client, firehose }: FirehoseRig): Promise<void> {
  for (const { key } of firehose.deliveryStreams({ account, region: 'us-east-1' }))
    await firehose.deleteDeliveryStream(key)
  const input = { DeliveryStreamName, ExtendedS3DestinationConfiguration: bucket }
  await client.send(new CreateDeliveryStreamCommand(input))
}

describe('a handler that gets anything at all for Firehose', () => {
  it.each([
    ['requests', () => wildRequests(service), 25],
    ['destinations built from the model', destinations, 20],
  ])(
    `answers ${cases} %s with nothing but faults of the model, or what was asked for`,
    async (_what, requests, oneIn) => {
      const rig = await openRig({ firehose: { tables } })
      const seen = new Map<number, number>()
      let count = 0
      await fc.assert(
        fc.asyncProperty(requests(), async (request) => {
          if (count++ % 10 === 0) await refurnish(rig)
          const status = await requireAnswer(rig.handler, request)
          seen.set(status, (seen.get(status) ?? 0) + 1)
        }),
        { numRuns: cases },
      )
      // Some got through, or this would test the first line of defence only.
      expect(seen.get(200)).toBeGreaterThan(cases / oneIn / 2)
      expect(seen.get(400)).toBeGreaterThan(cases / 5)
    },
    600_000,
  )
})
