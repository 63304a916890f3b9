import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import {
  CreateStreamCommand,
  EnableEnhancedMonitoringCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  PutRecordCommand,
  PutRecordsCommand,
} from '@aws-sdk/client-kinesis'
import { open } from '../../src/index.ts'
import { latencyBounds, LatencyHistogram } from '../../src/server/histogram.ts'
import { loopDelaySeconds } from '../../src/server/loop-delay.ts'
import { startServer } from '../../src/server/server.ts'
import { shardsShownMax } from '../../src/server/store-metrics.ts'
import { otherStreams, StreamFigures, streamsMax } from '../../src/server/stream-figures.ts'
import { testStore } from '../../src/testing/test-store.ts'
import { sdkClient } from './serving.ts'

const folder = mkdtempSync(join(tmpdir(), 'millrace-metrics-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** The figures of a server, by name and labels as they stand there. */
async function figures(endpoint: string): Promise<ReadonlyMap<string, number>> {
  const text = await (await fetch(`${endpoint}/metrics`)).text()
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return new Map(
    lines.map((line) => {
      const space = line.lastIndexOf(' ')
      return [line.slice(0, space), Number(line.slice(space + 1))] as const
    }),
  )
}

const labels = (status: number): string =>
  `{operation="CreateStream",status="${status}",protocol="2",service="kinesis"}`

describe('/metrics', () => {
  it('counts calls by operation, status and protocol, and how long they took', async () => {
    await using store = await testStore()
    await using server = await startServer(store, { port: 0 })
    const client = sdkClient(server.endpoint)
    await client.send(new CreateStreamCommand({ StreamName: 'clicks', ShardCount: 1 }))
    await client.send(new CreateStreamCommand({ StreamName: 'clicks', ShardCount: 1 })).catch(() => undefined)
    const seen = await figures(server.endpoint)
    expect(seen.get(`millrace_requests_total${labels(200)}`)).toBe(1)
    expect(seen.get(`millrace_requests_total${labels(400)}`)).toBe(1)
    expect(seen.get(`millrace_request_duration_seconds_count${labels(200)}`)).toBe(1)
    expect(seen.get('millrace_store_usable')).toBe(1)
    expect(seen.get('process_start_time_seconds')).toBeGreaterThan(0)
    const inOrder = latencyBounds.map(
      (le) => seen.get(`millrace_request_duration_seconds_bucket{le="${le}",${labels(200).slice(1)}`) ?? -1,
    )
    expect(inOrder).toEqual(inOrder.toSorted((a, b) => a - b))
    expect(inOrder[0]).toBeGreaterThanOrEqual(0)
  })

  it('has no label of what a client made up', async () => {
    await using store = await testStore()
    await using server = await startServer(store, { port: 0 })
    for (const target of ['Kinesis_20131202.Invented', 'Kinesis_20131202.__proto__', 'x']) {
      const headers = { 'x-amz-target': target, 'content-type': 'application/x-amz-json-1.1' }
      await fetch(server.endpoint, { method: 'POST', headers, body: '{"StreamName":"made-up"}' })
    }
    const seen = [...(await figures(server.endpoint)).keys()].join('\n')
    expect(seen).toContain('millrace_requests_total{operation="none",')
    expect(seen).not.toMatch(/Invented|__proto__|made-up/)
  })

  it("has CloudWatch's metrics of a stream", async () => {
    await using store = await testStore()
    await store.createStream('clicks')
    await using server = await startServer(store, { port: 0 })
    const client = sdkClient(server.endpoint)
    const stream = { StreamName: 'clicks' }
    const record = { PartitionKey: 'key', Data: Buffer.from('12345') }
    await client.send(new PutRecordCommand({ ...stream, ...record }))
    await client.send(new PutRecordsCommand({ ...stream, Records: [record, record] }))
    const { ShardIterator } = await client.send(
      new GetShardIteratorCommand({
        ...stream,
        ShardId: 'shardId-000000000000',
        ShardIteratorType: 'TRIM_HORIZON',
      }),
    )
    await client.send(new GetRecordsCommand({ ShardIterator }))
    const seen = await figures(server.endpoint)
    const value = (name: string): number | undefined => seen.get(`kinesis_${name}{stream="clicks"}`)
    expect(value('incoming_records_total')).toBe(3)
    expect(value('incoming_bytes_total')).toBe(24)
    expect(value('put_record_success_total')).toBe(1)
    expect(value('put_records_total_records_total')).toBe(2)
    expect(value('put_records_successful_records_total')).toBe(2)
    expect(value('put_records_failed_records_total')).toBe(0)
    expect(value('get_records_records_total')).toBe(3)
    expect(value('get_records_bytes_total')).toBe(24)
    expect(value('get_records_iterator_age_milliseconds')).toBe(0)
    expect(value('put_record_latency_seconds_count')).toBe(1)
  })

  it('keeps the figures of streams of other accounts and regions from look to look', async () => {
    await using store = await testStore()
    await using server = await startServer(store, { port: 0 })
    const elsewhere = {
      region: 'eu-west-1',
      credentials: { accessKeyId: '123456789012', secretAccessKey: 'x' },
    }
    const client = sdkClient(server.endpoint, elsewhere)
    await client.send(new CreateStreamCommand({ StreamName: 'orders', ShardCount: 1 }))
    for (const puts of [1, 2]) {
      await client.send(
        new PutRecordCommand({ StreamName: 'orders', PartitionKey: 'k', Data: Buffer.from('x') }),
      )
      const seen = await figures(server.endpoint)
      expect(seen.get('kinesis_incoming_records_total{stream="orders"}')).toBe(puts)
    }
    await store.within({ account: '123456789012', region: 'eu-west-1' }).deleteStream('orders')
    expect([...(await figures(server.endpoint)).keys()].join('\n')).not.toContain('orders')
  })

  it('has the CPU time of the process from its start, not from the first look', async () => {
    await using store = await testStore()
    await using server = await startServer(store, { port: 0 })
    const before = process.cpuUsage()
    const seen = await figures(server.endpoint)
    const after = process.cpuUsage()
    for (const [name, from, to] of [
      ['user_', before.user, after.user],
      ['system_', before.system, after.system],
      ['', before.user + before.system, after.user + after.system],
    ] as const) {
      const seconds = seen.get(`process_cpu_${name}seconds_total`) ?? Number.NaN
      // What the system tells of the two parts is split anew at each question.
      expect(seconds).toBeGreaterThanOrEqual(from / 1e6 - 5e-3)
      expect(seconds).toBeLessThanOrEqual(to / 1e6 + 5e-3)
    }
  })

  it.each(['enforce', 'report'] as const)('counts calls that limits are met by: %s', async (limits) => {
    await using store = await testStore({ limits })
    await using server = await startServer(store, { port: 0 })
    const client = sdkClient(server.endpoint, { maxAttempts: 1 })
    // CreateStream may be called five times in a second.
    for (let index = 0; index < 7; index++) {
      await client
        .send(new CreateStreamCommand({ StreamName: `s${index}`, ShardCount: 1 }))
        .catch(() => undefined)
    }
    const seen = await figures(server.endpoint)
    expect(seen.get('millrace_api_limits_met{operation="CreateStream"}')).toBe(2)
  })

  it('counts what limits refuse', async () => {
    await using store = await testStore({ limits: 'enforce' })
    await store.createStream('clicks')
    await using server = await startServer(store, { port: 0 })
    const client = sdkClient(server.endpoint)
    const record = { PartitionKey: 'key', Data: Buffer.alloc(700_000) }
    const put = { StreamName: 'clicks', Records: [record, record, record] }
    const { FailedRecordCount } = await client.send(new PutRecordsCommand(put))
    const seen = await figures(server.endpoint)
    expect(FailedRecordCount).toBe(2)
    expect(seen.get('kinesis_put_records_throttled_records_total{stream="clicks"}')).toBe(2)
    expect(seen.get('kinesis_write_provisioned_throughput_exceeded_total{stream="clicks"}')).toBe(2)
    expect(seen.get('millrace_stream_limits_met{stream="clicks",limit="write-bytes"}')).toBe(2)
  })

  it('counts no call of PutRecords as a success that stored nothing', async () => {
    await using store = await testStore({ limits: 'enforce' })
    await store.createStream('clicks')
    await using server = await startServer(store, { port: 0 })
    const client = sdkClient(server.endpoint)
    const put = { StreamName: 'clicks', Records: [{ PartitionKey: 'key', Data: Buffer.alloc(900_000) }] }
    const failed = []
    for (let call = 0; call < 3; call++) {
      failed.push((await client.send(new PutRecordsCommand(put))).FailedRecordCount)
    }
    expect(failed).toEqual([0, 1, 1])
    const seen = await figures(server.endpoint)
    expect(seen.get('kinesis_put_records_success_total{stream="clicks"}')).toBe(1)
    expect(seen.get('kinesis_put_records_latency_seconds_count{stream="clicks"}')).toBe(1)
    expect(seen.get('kinesis_put_records_throttled_records_total{stream="clicks"}')).toBe(2)
  })

  it('counts subscriptions without the streams of events that pages of the console get', async () => {
    await using store = await testStore()
    await using server = await startServer(store, { port: 0 })
    const page = await fetch(`${server.endpoint}/console/api/events`, {
      headers: { 'x-millrace-console': '1' },
    })
    const reader = page.body?.getReader()
    await reader?.read()
    const seen = await figures(server.endpoint)
    expect(seen.get('millrace_subscriptions')).toBe(0)
    expect(seen.get('millrace_requests_under_way')).toBe(2)
    await reader?.cancel()
  })

  it('shows the streams beside one that has more shards than are shown', async () => {
    await using store = await testStore()
    await store.createStream('a-huge-one', { shards: shardsShownMax + 1 })
    await store.createStream('clicks', { shards: 2 })
    await using server = await startServer(store, { port: 0 })
    const seen = await figures(server.endpoint)
    expect(seen.get('millrace_stream_shards{stream="clicks"}')).toBe(2)
    expect(seen.has('millrace_stream_shards{stream="a-huge-one"}')).toBe(false)
  })

  it('has the last minute of shards that are monitored, and only of them', async () => {
    await using store = await testStore()
    await store.createStream('clicks')
    await store.createStream('quiet')
    await using server = await startServer(store, { port: 0 })
    const client = sdkClient(server.endpoint)
    await client.send(
      new EnableEnhancedMonitoringCommand({ StreamName: 'clicks', ShardLevelMetrics: ['IncomingRecords'] }),
    )
    for (const StreamName of ['clicks', 'quiet']) {
      await client.send(new PutRecordCommand({ StreamName, PartitionKey: 'k', Data: Buffer.from('x') }))
    }
    await store.clock.advance(60_000)
    const seen = [...(await figures(server.endpoint))].filter(([name]) => name.startsWith('kinesis_shard_'))
    expect(seen).toEqual([
      ['kinesis_shard_incoming_records{stream="clicks",shard="shardId-000000000000"}', 1],
    ])
  })

  it('has how long syncs of the store took', async () => {
    await using store = await open(folder, { durability: 'commit' })
    const stream = await store.createStream('clicks')
    await using server = await startServer(store, { port: 0 })
    const name = 'millrace_store_sync_seconds'
    const before = await figures(server.endpoint)
    for (let index = 0; index < 10; index++) await stream.put('key', Buffer.from('data'))
    const seen = await figures(server.endpoint)
    const count = seen.get(`${name}_count`) ?? Number.NaN
    expect(count).toBeGreaterThanOrEqual((before.get(`${name}_count`) ?? Number.NaN) + 10)
    expect(seen.get(`${name}_sum`)).toBeGreaterThan(before.get(`${name}_sum`) ?? Number.NaN)
    expect(seen.get('millrace_store_sync_failures_total')).toBe(0)
    const buckets = [...seen].filter(([line]) => line.startsWith(`${name}_bucket`))
    const inOrder = buckets.map(([, value]) => value)
    expect(inOrder).toEqual(inOrder.toSorted((a, b) => a - b))
    expect(buckets[0]?.[0]).toBe(`${name}_bucket{le="0.000016"}`)
    expect(buckets.at(-1)).toEqual([`${name}_bucket{le="+Inf"}`, count])
  })

  it('has no sync of a store in memory', async () => {
    await using store = await testStore()
    const stream = await store.createStream('clicks')
    await stream.put('key', Buffer.from('data'))
    await stream.flush()
    await using server = await startServer(store, { port: 0 })
    expect((await figures(server.endpoint)).get('millrace_store_sync_seconds_count')).toBe(0)
  })

  it('is read only', async () => {
    await using store = await testStore()
    await using server = await startServer(store, { port: 0 })
    const { status } = await fetch(`${server.endpoint}/metrics`, { method: 'POST', body: 'x' })
    expect(status).toBe(405)
  })

  it('goes on with the figures of a stream that was deleted meanwhile left out', async () => {
    await using store = await testStore()
    await store.createStream('clicks')
    await using server = await startServer(store, { port: 0 })
    const client = sdkClient(server.endpoint)
    await client.send(
      new PutRecordCommand({ StreamName: 'clicks', PartitionKey: 'k', Data: Buffer.from('x') }),
    )
    await store.deleteStream('clicks')
    expect([...(await figures(server.endpoint)).keys()].join('\n')).not.toContain('clicks')
  })

  it('has no figures of one server in another', async () => {
    await using store = await testStore()
    await using one = await startServer(store, { port: 0 })
    await using two = await startServer(store, { port: 0 })
    await sdkClient(one.endpoint).send(new CreateStreamCommand({ StreamName: 'clicks', ShardCount: 1 }))
    expect([...(await figures(one.endpoint)).keys()].join('\n')).toContain('CreateStream')
    expect([...(await figures(two.endpoint)).keys()].join('\n')).not.toContain('CreateStream')
  })
})

describe('the delay of the event loop', () => {
  it.each([
    [0, 0, 0],
    [5, 20.2e6, 0.000_2],
    [5, 19.9e6, 0],
    [5, 70e6, 0.05],
  ])('of %d turns whose p99 is %d ns is %d s: the length of a turn is no delay', (count, p99, seconds) => {
    expect(loopDelaySeconds({ count, percentile: () => p99 })).toBeCloseTo(seconds, 9)
  })
})

describe('figures of streams', () => {
  it('are as many as the limit says, and one more for the others', () => {
    const figuresOf = new StreamFigures()
    for (let index = 0; index < streamsMax + 50; index++) figuresOf.of(`s${index}`).putRecord.success += 1
    expect(figuresOf.streams.size).toBe(streamsMax + 1)
    expect(figuresOf.streams.get(otherStreams)?.putRecord.success).toBe(50)
    figuresOf.keep((name) => name !== 's0')
    expect(figuresOf.of('new')).not.toBe(figuresOf.of('newer'))
  })
})

describe('a histogram', () => {
  it.each([
    [0, 0],
    [0.000_1, 0],
    [0.000_11, 1],
    [10, latencyBounds.length - 1],
    [11, latencyBounds.length],
  ])('puts %d s into bucket %d', (seconds, bucket) => {
    const histogram = new LatencyHistogram()
    histogram.add(seconds)
    expect(histogram.counts.findIndex((count) => count === 1)).toBe(bucket)
    expect([histogram.count, histogram.seconds]).toEqual([1, seconds])
  })
})
