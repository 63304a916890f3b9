import { describe, expect, it } from 'vitest'
import type { DeliveryConfiguration } from '../../../src/firehose/configuration.ts'
import type { FirehoseOptions } from '../../../src/firehose/firehose-options.ts'
import {
  createdConfiguration,
  type CreateDeliveryStreamOptions,
  updatedConfiguration,
} from '../../../src/firehose/plan/delivery-plan.ts'
import { insideOf } from '../../../src/streams/store.ts'
import { openSubject } from '../../streams/subject.ts'

const account = { account: '000000000000', region: 'us-east-1' }
const known: FirehoseOptions = {
  buckets: '/buckets',
  functions: { upper: () => ({ records: [] }) },
  receivers: { keep: () => {} },
  tables: { 'db.t': { id: 'bigint' } },
}
const folder = { kind: 'folder', bucket: 'clicks' } as const

async function planned(
  options: CreateDeliveryStreamOptions,
  more: FirehoseOptions = {},
): Promise<DeliveryConfiguration> {
  const { store } = await openSubject()
  await store.createStream('s')
  return createdConfiguration(options, { inside: insideOf(store), account, options: { ...known, ...more } })
}

/** What becomes of a destination. */
async function to(destination: CreateDeliveryStreamOptions['destination']): Promise<unknown> {
  return (await planned({ destination })).destination
}

function parquet(columns: string | Record<string, string>): Promise<unknown> {
  return to({ ...folder, parquet: { columns } })
}

function conversion(name: string, table: string, type: string): object {
  const schema = [{ name, type: { kind: 'primitive', name: type } }]
  return { conversion: { schema, table, compression: 'SNAPPY' } }
}

const target = {
  bucket: 'clicks',
  prefix: '',
  errorPrefix: '',
  buffering: { bytes: 5_242_880, ms: 300_000 },
  compression: 'UNCOMPRESSED',
  fileExtension: '',
  timeZone: 'UTC',
}

describe('what a delivery stream is asked for', () => {
  it('is filled up', async () => {
    expect(await planned({ destination: folder })).toEqual({
      source: { kind: 'direct' },
      processing: {},
      destination: { kind: 'objects', target, partitioned: false },
    })
  })

  it('is kept as it was said', async () => {
    const configuration = await planned({
      processing: {
        decompress: 'GZIP',
        cloudWatchMessages: true,
        deaggregate: { delimiter: '\n' },
        transform: { function: 'upper', retries: 0, bufferMs: 5 },
        delimiter: '\n',
      },
      buffering: { bytes: 1, ms: 0 },
      destination: {
        ...folder,
        prefix: 'p/!{timestamp:yyyy}/',
        compression: 'GZIP',
        fileExtension: '.json',
        timeZone: 'Europe/Vienna',
        backup: { bucket: 'all', buffering: { ms: 1 } },
      },
    })
    expect(configuration).toEqual({
      source: { kind: 'direct' },
      processing: {
        decompression: 'GZIP',
        cloudWatchMessages: true,
        deaggregation: { kind: 'delimited', delimiter: 'Cg==' },
        transform: { function: 'upper', retries: 0, bufferBytes: 1_048_576, bufferMs: 5 },
        delimiter: '\n',
      },
      destination: {
        kind: 'objects',
        partitioned: false,
        target: {
          bucket: 'clicks',
          prefix: 'p/!{timestamp:yyyy}/',
          errorPrefix: 'failed/!{firehose:error-output-type}/',
          buffering: { bytes: 1, ms: 0 },
          compression: 'GZIP',
          fileExtension: '.json',
          timeZone: 'Europe/Vienna',
        },
        backup: { ...target, bucket: 'all', buffering: { bytes: 5_242_880, ms: 1 } },
      },
    })
  })

  it('takes its records from a stream by its name, its ARN, or itself, from a moment on', async () => {
    const { store, clock } = await openSubject()
    const stream = await store.createStream('s')
    const context = { inside: insideOf(store), account, options: known }
    const sourceOf = async (source: CreateDeliveryStreamOptions['source']): Promise<unknown> =>
      (await createdConfiguration({ source, destination: folder }, context)).source
    const nowMs = clock.nowMs()
    const latest = { kind: 'stream', streamArn: stream.arn, fromMs: nowMs }
    expect(await sourceOf('s')).toEqual(latest)
    expect(await sourceOf(stream.arn)).toEqual(latest)
    expect(await sourceOf(stream as never)).toEqual(latest)
    expect(await sourceOf({ stream: 's', from: 'latest' })).toEqual(latest)
    expect(await sourceOf({ stream: 's', from: 'oldest' })).toEqual({ ...latest, fromMs: 0 })
    expect(await sourceOf({ stream: 's', from: nowMs - 5 })).toEqual({ ...latest, fromMs: nowMs - 5 })
  })

  it('partitions by what a query finds, or a transformation where the prefix says so', async () => {
    const byQuery = await planned({
      processing: { partitionBy: '{user: .user}' },
      destination: { ...folder, prefix: '!{partitionKeyFromQuery:user}/' },
    })
    expect(byQuery).toMatchObject({
      processing: { query: '{user: .user}' },
      destination: { partitioned: true },
    })
    const transform = { transform: 'upper' }
    const prefix = '!{partitionKeyFromLambda:user}/'
    expect(await planned({ processing: transform, destination: { ...folder, prefix } })).toMatchObject({
      destination: { partitioned: true },
    })
    expect(await planned({ processing: transform, destination: folder })).toMatchObject({
      destination: { partitioned: false },
    })
  })

  it('goes to an endpoint, another stream or a function, and what they refuse to a backup', async () => {
    const backup = { ...target, bucket: 'failed' }
    const records = {
      kind: 'records',
      buffering: target.buffering,
      retryMs: 300_000,
      backup,
      backupOf: 'failed',
    }
    expect(await to({ kind: 'http', url: 'http://h:1/x' })).toEqual({
      ...records,
      to: { kind: 'http', url: 'http://h:1/x', name: 'h:1', commonAttributes: [], contentEncoding: 'NONE' },
    })
    const http = {
      kind: 'http',
      url: 'https://h/',
      name: 'n',
      accessKey: 'k',
      attributes: { a: 'b' },
      gzip: true,
    } as const
    expect(await to({ ...http, retryMs: 0, backup: { bucket: 'bbb' }, backupOf: 'all' })).toEqual({
      ...records,
      retryMs: 0,
      backup: { ...backup, bucket: 'bbb' },
      backupOf: 'all',
      to: {
        kind: 'http',
        url: 'https://h/',
        name: 'n',
        accessKey: 'k',
        commonAttributes: [{ name: 'a', value: 'b' }],
        contentEncoding: 'GZIP',
      },
    })
    const streamArn = 'arn:aws:kinesis:us-east-1:000000000000:stream/s'
    expect(await to({ kind: 'stream', stream: 's' })).toEqual({
      ...records,
      to: { kind: 'stream', streamArn },
    })
    expect(await to({ kind: 'function', name: 'keep' })).toEqual({
      ...records,
      to: { kind: 'function', name: 'keep' },
    })
  })

  it('converts to columns that are given or known as a table', async () => {
    expect(await parquet({ a: 'int' })).toMatchObject(conversion('a', 'columns', 'int'))
    expect(await parquet('db.t')).toMatchObject(conversion('id', 'db.t', 'bigint'))
  })

  it('can be another thing later, but not from another source', async () => {
    const { store } = await openSubject()
    const context = { inside: insideOf(store), account, options: known }
    const source = { kind: 'direct' } as const
    const updated = await updatedConfiguration({ destination: folder, buffering: { ms: 7 } }, source, context)
    expect(updated).toMatchObject({ source, destination: { target: { buffering: { ms: 7 } } } })
    const wrong = updatedConfiguration({ destination: folder, source: 's' } as never, source, context)
    await expect(wrong).rejects.toMatchObject({ code: 'ERR_MILLRACE_UNKNOWN_OPTION' })
  })

  it.each([
    ['./buckets', 's3', "must be 'folder'"],
    [{}, 'folder', "must be 's3'"],
    [undefined, 'folder', 'a store in memory has to be told'],
  ] as const)('with the buckets %j says what an object in %s would need', async (buckets, kind, words) => {
    const { store } = await openSubject()
    const context = { inside: insideOf(store), account, options: { buckets } }
    const asked = createdConfiguration({ destination: { kind, bucket: 'clicks' } }, context)
    await expect(asked).rejects.toThrow(words)
  })

  const http = { kind: 'http', url: 'http://h/' } as const
  it.each<[string, string, unknown]>([
    ['destination.kind', 'ERR_MILLRACE_INVALID_ARGUMENT', { destination: undefined }],
    ['destination.kind', 'ERR_MILLRACE_INVALID_ARGUMENT', { destination: { kind: 'splunk' } }],
    ['destination.kind', 'ERR_MILLRACE_INVALID_ARGUMENT', { destination: { kind: 's3', bucket: 'clicks' } }],
    ['destination.bucket', 'ERR_MILLRACE_INVALID_ARGUMENT', { destination: { ...folder, bucket: '../x' } }],
    ['destination.prefix', 'ERR_MILLRACE_INVALID_ARGUMENT', { destination: { ...folder, prefix: '!{a:b}' } }],
    ['destination.prefix', 'ERR_MILLRACE_INVALID_ARGUMENT', { destination: { ...folder, prefix: 7 } }],
    [
      'destination.timeZone',
      'ERR_MILLRACE_INVALID_ARGUMENT',
      { destination: { ...folder, timeZone: 'Mars' } },
    ],
    [
      'destination.compression',
      'ERR_MILLRACE_INVALID_ARGUMENT',
      { destination: { ...folder, compression: 'ZSTD' } },
    ],
    [
      'destination.compression',
      'ERR_MILLRACE_INVALID_ARGUMENT',
      { destination: { ...folder, compression: 'GZIP', parquet: { columns: { a: 'int' } } } },
    ],
    [
      'destination.prefix',
      'ERR_MILLRACE_INVALID_ARGUMENT',
      { destination: folder, processing: { partitionBy: '{a: .a}' } },
    ],
    [
      'destination.backup.bucket',
      'ERR_MILLRACE_INVALID_ARGUMENT',
      { destination: { ...folder, backup: {} } },
    ],
    [
      'destination.backup.buffering.ms',
      'ERR_MILLRACE_INVALID_ARGUMENT',
      { destination: { ...folder, backup: { bucket: 'bbb', buffering: { ms: 900_001 } } } },
    ],
    [
      'destination.parquet.columns',
      'ERR_MILLRACE_INVALID_ARGUMENT',
      { destination: { ...folder, parquet: { columns: 'no.table' } } },
    ],
    ['destination.url', 'ERR_MILLRACE_INVALID_ARGUMENT', { destination: { ...http, url: 'ftp://h/' } }],
    ...['', 0, false, null].map((decompress): [string, string, unknown] => {
      const given = { destination: folder, processing: { decompress } }
      return ['processing.decompress', 'ERR_MILLRACE_INVALID_ARGUMENT', given]
    }),
    ['destination.accessKey', 'ERR_MILLRACE_INVALID_ARGUMENT', { destination: { ...http, accessKey: 7 } }],
    [
      'destination.accessKey',
      'ERR_MILLRACE_INVALID_ARGUMENT',
      { destination: { ...http, accessKey: 'a\nb' } },
    ],
    [
      'destination.accessKey',
      'ERR_MILLRACE_INVALID_ARGUMENT',
      { destination: { ...http, accessKey: 'é'.repeat(2049) } },
    ],
    ['destination.retryMs', 'ERR_MILLRACE_INVALID_ARGUMENT', { destination: { ...http, retryMs: -1 } }],
    ['destination.backupOf', 'ERR_MILLRACE_INVALID_ARGUMENT', { destination: { ...http, backupOf: 'none' } }],
    ['destination.gzip', 'ERR_MILLRACE_INVALID_ARGUMENT', { destination: { ...http, gzip: 1 } }],
    [
      'destination.name',
      'ERR_MILLRACE_INVALID_ARGUMENT',
      { destination: { kind: 'function', name: 'other' } },
    ],
    [
      'destination.name',
      'ERR_MILLRACE_INVALID_ARGUMENT',
      { destination: { kind: 'function', name: 'toString' } },
    ],
    ['buffering.bytes', 'ERR_MILLRACE_INVALID_ARGUMENT', { destination: folder, buffering: { bytes: 0 } }],
    ['source.stream', 'ERR_MILLRACE_INVALID_ARGUMENT', { destination: folder, source: { stream: 7 } }],
    [
      'source.from',
      'ERR_MILLRACE_INVALID_ARGUMENT',
      { destination: folder, source: { stream: 's', from: 'now' } },
    ],
    [
      'source.from',
      'ERR_MILLRACE_INVALID_ARGUMENT',
      { destination: folder, source: { stream: 's', from: 2 ** 50 } },
    ],
    [
      'processing.transform.function',
      'ERR_MILLRACE_INVALID_ARGUMENT',
      { destination: folder, processing: { transform: 'toString' } },
    ],
    [
      'processing.transform.retries',
      'ERR_MILLRACE_INVALID_ARGUMENT',
      { destination: folder, processing: { transform: { function: 'upper', retries: 301 } } },
    ],
    [
      'processing.deaggregate',
      'ERR_MILLRACE_INVALID_ARGUMENT',
      { destination: folder, processing: { deaggregate: 'xml' } },
    ],
    [
      'processing.deaggregate.delimiter',
      'ERR_MILLRACE_INVALID_ARGUMENT',
      { destination: folder, processing: { deaggregate: { delimiter: '' } } },
    ],
    [
      'processing.partitionBy',
      'ERR_MILLRACE_INVALID_ARGUMENT',
      {
        destination: { ...folder, prefix: '!{partitionKeyFromQuery:a}/' },
        processing: { partitionBy: '{a: .a' },
      },
    ],
  ])('is refused where it is wrong, and the field is named: %s', async (field, code, options) => {
    await expect(planned(options as CreateDeliveryStreamOptions)).rejects.toMatchObject({
      code,
      details: { field },
    })
  })

  it.each<unknown>([
    { destination: folder, bufering: {} },
    { destination: { ...folder, buckets: 'x' } },
    { destination: { kind: 'http', url: 'http://h/', key: 'x' } },
    { destination: { kind: 'function', name: 'keep', receive: 1 } },
    { destination: { ...folder, parquet: { column: {} } } },
    { destination: folder, processing: { transformation: 'x' } },
    { destination: folder, buffering: { seconds: 1 } },
    { destination: folder, source: { stream: 's', since: 1 } },
  ])('is refused where it says what nobody knows: %j', async (options) => {
    await expect(planned(options as CreateDeliveryStreamOptions)).rejects.toMatchObject({
      code: 'ERR_MILLRACE_UNKNOWN_OPTION',
    })
  })

  it('is refused where it names a stream that is not there', async () => {
    const wrong = planned({ destination: { kind: 'stream', stream: 'other' } })
    await expect(wrong).rejects.toMatchObject({ code: 'ERR_MILLRACE_STREAM_NOT_FOUND' })
  })
})
