import { gzipSync } from 'node:zlib'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { ProcessingConfiguration } from '../../../src/firehose/configuration.ts'
import type { DeliveryRecord } from '../../../src/firehose/delivery-record.ts'
import type { TransformFunction } from '../../../src/firehose/firehose-options.ts'
import { RecordProcessor } from '../../../src/firehose/processing/record-processor.ts'
import { ManualClock } from '../../../src/testing/index.ts'
import { never, record, textsOf } from './delivery-records.ts'

/** Renames `user` to `id` and says which function did. */
const rename: TransformFunction = ({ records }) => ({
  records: records.map(({ recordId, data }) => {
    const { user } = JSON.parse(Buffer.from(data, 'base64').toString()) as { readonly user: string }
    const renamed = Buffer.from(JSON.stringify({ id: user })).toString('base64')
    return { recordId, result: 'Ok', data: renamed, metadata: { partitionKeys: { by: 'rename' } } }
  }),
})

function processor(configuration: ProcessingConfiguration): RecordProcessor {
  const made = new RecordProcessor(configuration, {
    options: { functions: { rename } },
    clock: new ManualClock(),
    deliveryStreamArn: 'arn',
    region: 'us-east-1',
    uuid: () => 'id',
  })
  onTestFinished(() => made.close())
  return made
}

const all: ProcessingConfiguration = {
  delimiter: '\n',
  query: '{id: .id}',
  transform: { function: 'rename', retries: 0, bufferBytes: 1_000_000, bufferMs: 0 },
  deaggregation: { kind: 'json' },
  cloudWatchMessages: true,
  decompression: 'GZIP',
}

describe('a processor', () => {
  it('leaves for another call what would be too much at once', async () => {
    const bytes = 16 * 1024 * 1024
    const packed = Array.from({ length: 9 }, (_, index) => record(gzipSync(Buffer.alloc(bytes, 97 + index))))
    const made = processor({ decompression: 'GZIP', delimiter: '\n' })
    const ends: string[] = []
    for (let left: readonly DeliveryRecord[] = packed; left.length > 0;) {
      const { records, failed, rest = [] } = await made.process(left, never)
      expect(failed).toEqual([])
      ends.push(...records.map(({ data }) => Buffer.from(data.subarray(-2)).toString()))
      expect(rest.length).toBe(packed.length - ends.length)
      left = rest
    }
    expect(ends).toEqual([...'abcdefghi'].map((letter) => `${letter}\n`))
  })

  it('fails as many records as one can become', async () => {
    const transform = { function: 'nobody', retries: 0, bufferBytes: 3_000_000, bufferMs: 0 }
    const made = processor({ deaggregation: { kind: 'json' }, transform })
    const count = 150_000
    const { records, failed } = await made.process([record('1 '.repeat(count))], never)
    expect(records).toHaveLength(0)
    expect(failed).toHaveLength(count)
  })

  it('takes all steps in the order of the service, whatever the configuration has', async () => {
    const logEvents = ['{"user":"u1"}', '{"user":"u2"}', '{"user":""}'].map((message) => ({ message }))
    const payload = gzipSync(JSON.stringify({ messageType: 'DATA_MESSAGE', logEvents }))
    const { records, failed, dropped } = await processor(all).process([record(payload, 9)], never)
    expect(textsOf(records)).toEqual(['{"id":"u1"}\n', '{"id":"u2"}\n'])
    expect(records.map(({ keys, arrivedAtMs }) => [keys, arrivedAtMs])).toEqual([
      [{ query: { id: 'u1' }, lambda: { by: 'rename' } }, 9],
      [{ query: { id: 'u2' }, lambda: { by: 'rename' } }, 9],
    ])
    // As it was before the transformation, so that it can be put again.
    expect(textsOf(failed.map((each) => each.record))).toEqual(['{"user":""}'])
    expect(failed).toMatchObject([
      { code: 'DynamicPartitioning.MetadataExtractionFailed', type: 'processing-failed' },
    ])
    expect(dropped).toBe(0)
  })

  it('accounts for every record once', async () => {
    const good = gzipSync(
      JSON.stringify({ messageType: 'DATA_MESSAGE', logEvents: [{ message: '{"user":"u"}' }] }),
    )
    const control = gzipSync(JSON.stringify({ messageType: 'CONTROL_MESSAGE', logEvents: [] }))
    const given = [good, control, Buffer.from('plain'), gzipSync('no payload'), good].map((data) =>
      record(data),
    )
    const { records, failed, dropped } = await processor(all).process(given, never)
    expect([records.length, failed.length, dropped]).toEqual([2, 2, 1])
  })

  it('without steps hands on what it got', async () => {
    const given = [record('a'), record(Uint8Array.of(0xff))]
    const result = await processor({}).process(given, never)
    expect(result).toEqual({ records: given, failed: [], dropped: 0 })
    expect(result.records[0]?.data).toBe(given[0]?.data)
  })

  it('appends a delimiter without touching what it got', async () => {
    const given = [record('a'), record(''), record('日')]
    const { records } = await processor({ delimiter: '\r\n' }).process(given, never)
    expect(textsOf(records)).toEqual(['a\r\n', '\r\n', '日\r\n'])
    expect(textsOf(given)).toEqual(['a', '', '日'])
  })

  it('does nothing once its signal is aborted', async () => {
    const signal = AbortSignal.abort(new Error('enough'))
    await expect(processor({}).process([record('a')], signal)).rejects.toThrow('enough')
  })
})
