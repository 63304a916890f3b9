import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runningFirehose } from '../../src/firehose/firehose.ts'
import { open } from '../../src/open.ts'
import { type Server, startServer } from '../../src/server/server.ts'
import type { Store } from '../../src/streams/store.ts'
import { callRaw, type RawAnswer } from './raw-call.ts'

const account = '000000000000'
const RoleARN = `arn:aws:iam::${account}:role/firehose`
const bucket = { RoleARN, BucketARN: 'arn:aws:s3:::records' }
const destinationId = 'destinationId-000000000001'

let folder: string
let store: Store
let server: Server

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-hostile-'))
  await begin()
})

afterAll(async () => {
  await end()
  rmSync(folder, { recursive: true, force: true })
})

async function begin(): Promise<void> {
  store = await open(folder, { account, region: 'us-east-1' })
  server = await startServer(store, { port: 0 })
}

async function end(): Promise<void> {
  await server.close()
  await store.close()
}

function send(operation: string, body: string): Promise<RawAnswer> {
  return callRaw(server.endpoint, { service: 'firehose', account }, operation, body)
}

function call(operation: string, input: object): Promise<RawAnswer> {
  return send(operation, JSON.stringify(input))
}

async function created(DeliveryStreamName: string, more: object = {}): Promise<string> {
  const input = { DeliveryStreamName, ExtendedS3DestinationConfiguration: bucket, ...more }
  expect(await call('CreateDeliveryStream', input)).toMatchObject({ status: 200 })
  return DeliveryStreamName
}

async function described(DeliveryStreamName: string): Promise<Readonly<Record<string, unknown>>> {
  const { body } = await call('DescribeDeliveryStream', { DeliveryStreamName })
  return body['DeliveryStreamDescription'] as Readonly<Record<string, unknown>>
}

async function tagsOf(DeliveryStreamName: string): Promise<unknown> {
  return (await call('ListTagsForDeliveryStream', { DeliveryStreamName })).body['Tags']
}

describe('hostile requests to Firehose', () => {
  it.each([
    ['nested arrays', '['.repeat(200_000)],
    ['nested objects', '{"a":'.repeat(200_000)],
    ['nested arrays in a member', `{"DeliveryStreamName":${'['.repeat(100_000)}${']'.repeat(100_000)}}`],
    ['nested objects in a member', `{"Record":${'{"Data":'.repeat(50_000)}1${'}'.repeat(50_000)}}`],
    ['no document', '\u0000'],
    ['a number', '1e999'],
    ['a prototype', '{"DeliveryStreamName":"d","__proto__":{"Record":{"Data":"YQ=="}}}'],
    ['a prototype of a member', '{"DeliveryStreamName":"d","Record":{"__proto__":{"Data":"YQ=="}}}'],
    ['a name of half a character', '{"DeliveryStreamName":"\\ud800"}'],
  ])('refuses %s', async (_what, body) => {
    for (const operation of ['PutRecord', 'CreateDeliveryStream', 'UpdateDestination', 'TagDeliveryStream']) {
      const { status, type } = await send(operation, body)
      expect([status, type]).toEqual([400, expect.stringMatching(/^(Serialization|Validation)Exception$/)])
    }
  })

  it('takes the last of members that are there twice, as JSON.parse does, for all it does', async () => {
    const one = await created('twice-1')
    const two = await created('twice-2')
    const tags = '[{"Key":"k","Value":"v"}]'
    await send(
      'TagDeliveryStream',
      `{"DeliveryStreamName":"${one}","DeliveryStreamName":"${two}","Tags":${tags}}`,
    )
    expect([await tagsOf(one), await tagsOf(two)]).toEqual([[], [{ Key: 'k', Value: 'v' }]])
  })

  it('keeps names of JavaScript for what they are, through a restart', async () => {
    const names = ['constructor', 'hasOwnProperty', 'toString']
    const Tags = names.map((Key) => ({ Key, Value: `of ${Key}` }))
    const ColumnToJsonKeyMappings = Object.fromEntries(names.map((name) => [name, `of_${name}`]))
    await created('names', {
      Tags,
      ExtendedS3DestinationConfiguration: {
        ...bucket,
        DataFormatConversionConfiguration: {
          Enabled: false,
          InputFormatConfiguration: { Deserializer: { OpenXJsonSerDe: { ColumnToJsonKeyMappings } } },
        },
      },
    })
    const before = await described('names')
    expect(await tagsOf('names')).toEqual(Tags)
    expect(JSON.stringify(before)).toContain(JSON.stringify(ColumnToJsonKeyMappings).slice(1, -1))
    await end()
    await begin()
    expect(await tagsOf('names')).toEqual(Tags)
    expect(await described('names')).toEqual(before)
  })

  it('refuses to keep what would be read as a prototype', async () => {
    const DeliveryStreamName = await created('prototypes')
    const tag = { DeliveryStreamName, Tags: [{ Key: '__proto__', Value: 'x' }] }
    expect(await call('TagDeliveryStream', tag)).toMatchObject({
      status: 400,
      type: 'InvalidArgumentException',
    })
    expect(await tagsOf(DeliveryStreamName)).toEqual([])
  })

  it('lets one of many creations of a name win', async () => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        call('CreateDeliveryStream', {
          DeliveryStreamName: 'contested',
          ExtendedS3DestinationConfiguration: { ...bucket, Prefix: `p${index}/` },
        }),
      ),
    )
    const types = answers.map(({ type }) => type).filter((type) => type !== undefined)
    expect(types).toEqual(Array.from({ length: 19 }, () => 'ResourceInUseException'))
  })

  it('lets one of many updates of a version win, whatever is deleted meanwhile', async () => {
    const DeliveryStreamName = await created('updated')
    const update = (version: number, prefix: string) =>
      call('UpdateDestination', {
        DeliveryStreamName,
        CurrentDeliveryStreamVersionId: String(version),
        DestinationId: destinationId,
        ExtendedS3DestinationUpdate: { Prefix: prefix },
      })
    for (let version = 1; version <= 5; version++) {
      const answers = await Promise.all(
        Array.from({ length: 8 }, (_, index) => update(version, `p${index}/`)),
      )
      const types = answers.map(({ type }) => type).filter((type) => type !== undefined)
      expect(types).toEqual(Array.from({ length: 7 }, () => 'ConcurrentModificationException'))
    }
    const [gone, ...late] = await Promise.all([
      call('DeleteDeliveryStream', { DeliveryStreamName }),
      ...Array.from({ length: 8 }, () => update(6, 'late/')),
    ])
    expect(gone).toMatchObject({ status: 200 })
    const allowed = [
      undefined,
      'ConcurrentModificationException',
      'ResourceInUseException',
      'ResourceNotFoundException',
    ]
    for (const { type } of late) expect(allowed).toContain(type)
    expect((await call('DescribeDeliveryStream', { DeliveryStreamName })).type).toBe(
      'ResourceNotFoundException',
    )
  })

  it('answers every record of puts during which their delivery stream is deleted and made again', async () => {
    const DeliveryStreamName = await created('short-lived')
    const Records = Array.from({ length: 50 }, () => ({ Data: 'YQ==' }))
    const puts = Array.from({ length: 12 }, () => call('PutRecordBatch', { DeliveryStreamName, Records }))
    const again = (async () => {
      await call('DeleteDeliveryStream', { DeliveryStreamName })
      await created(DeliveryStreamName)
    })()
    const more = Array.from({ length: 12 }, () => call('PutRecordBatch', { DeliveryStreamName, Records }))
    for (const { status, type, body } of await Promise.all([...puts, ...more])) {
      if (status === 200) expect(body['FailedPutCount']).toBe(0)
      else expect(['ResourceNotFoundException', 'ServiceUnavailableException']).toContain(type)
    }
    await again
    expect(await call('PutRecordBatch', { DeliveryStreamName, Records })).toMatchObject({ status: 200 })
  })

  it.each([
    ['501 records', Array.from({ length: 501 }, () => ({ Data: 'YQ==' })), 'ValidationException'],
    ['none', [], 'ValidationException'],
    [
      'more than 4 MiB',
      Array.from({ length: 5 }, () => ({ Data: Buffer.alloc(1_000_000).toString('base64') })),
      'InvalidArgumentException',
    ],
    ['one that is too large', [{ Data: Buffer.alloc(1_024_001).toString('base64') }], 'ValidationException'],
    ['one that is no Base64', [{ Data: 'YQ==' }, { Data: '*' }], 'SerializationException'],
    ['one that is nothing', [{ Data: 'YQ==' }, null], 'ValidationException'],
  ])('takes no record of a batch of %s', async (what, Records, type) => {
    const DeliveryStreamName = await created(`batch-${what.replaceAll(/\W/g, '-')}`)
    expect(await call('PutRecordBatch', { DeliveryStreamName, Records })).toMatchObject({ status: 400, type })
    const stats = () =>
      runningFirehose(store)?.stats({ account, region: 'us-east-1', name: DeliveryStreamName })
    await runningFirehose(store)?.flush({ account, region: 'us-east-1', name: DeliveryStreamName })
    expect(stats()?.bufferedRecords).toBe(0)
    expect(JSON.stringify(stats())).not.toMatch(/Records":[1-9]/)
  })

  it.each([
    'a/b',
    '../x',
    'a:b',
    'channel:c',
    'firehose:clicks',
    'a b',
    'ä',
    'a\u0000',
    `arn:aws:firehose:us-east-1:${account}:deliverystream/clicks`,
    'x'.repeat(65),
    '',
  ])('knows no delivery stream %j', async (DeliveryStreamName) => {
    const Record = { Data: 'YQ==' }
    const calls: readonly (readonly [string, object])[] = [
      ['CreateDeliveryStream', { ExtendedS3DestinationConfiguration: bucket }],
      ['DeleteDeliveryStream', {}],
      ['DescribeDeliveryStream', {}],
      ['PutRecord', { Record }],
      ['PutRecordBatch', { Records: [Record] }],
      ['TagDeliveryStream', { Tags: [{ Key: 'k' }] }],
      ['UntagDeliveryStream', { TagKeys: ['k'] }],
      ['ListTagsForDeliveryStream', {}],
      ['StartDeliveryStreamEncryption', {}],
      ['StopDeliveryStreamEncryption', {}],
    ]
    for (const [operation, more] of calls)
      expect((await call(operation, { DeliveryStreamName, ...more })).type).toBe('ValidationException')
  })
})
