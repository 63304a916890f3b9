import { once } from 'node:events'
import {
  CreateStreamCommand,
  DescribeStreamSummaryCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  type KinesisClient,
  PutRecordCommand,
  PutRecordsCommand,
  RegisterStreamConsumerCommand,
  SubscribeToShardCommand,
  type SubscribeToShardEvent,
} from '@aws-sdk/client-kinesis'
import { describe, expect, it } from 'vitest'
import { nextTurn } from '../../src/clock.ts'
import { folder, RawConnection, rawRequest, sdkClient, serving, untilUnderWay } from './serving.ts'

const shard = { StreamName: 'clicks', ShardId: 'shardId-000000000000' }

async function subscription(
  client: KinesisClient,
  position: { Type: 'TRIM_HORIZON' } | { Type: 'AFTER_SEQUENCE_NUMBER'; SequenceNumber: string },
  name: string,
): Promise<AsyncIterator<{ SubscribeToShardEvent?: SubscribeToShardEvent | undefined }>> {
  const { StreamDescriptionSummary } = await client.send(
    new DescribeStreamSummaryCommand({ StreamName: 'clicks' }),
  )
  const { Consumer } = await client.send(
    new RegisterStreamConsumerCommand({ StreamARN: StreamDescriptionSummary?.StreamARN, ConsumerName: name }),
  )
  const { EventStream } = await client.send(
    new SubscribeToShardCommand({
      ConsumerARN: Consumer?.ConsumerARN,
      ShardId: shard.ShardId,
      StartingPosition: position,
    }),
  )
  if (EventStream === undefined) throw new Error('no events')
  return EventStream[Symbol.asyncIterator]()
}

describe('SIGTERM', () => {
  it('answers what is under way, and closes connections that wait', async () => {
    const server = await serving('--memory', '--stream', 'clicks:1')
    const idle = new RawConnection(server.port)
    idle.socket.write('GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n')
    await idle.until('ok\n')
    const busy = new RawConnection(server.port)
    const [head, body] = rawRequest('PutRecord', { StreamName: 'clicks', PartitionKey: 'k', Data: 'YQ==' })
    busy.socket.write(head + body.slice(0, 5))
    await untilUnderWay(server.endpoint, 1)
    server.child.kill('SIGTERM')
    await idle.closed
    busy.socket.write(body.slice(5))
    const answer = await busy.closed
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
    expect(answer.toLowerCase()).toContain('connection: close')
    expect(answer).toContain('"SequenceNumber"')
    expect(await server.ended).toMatchObject({ code: 0, signal: null })
  })

  it('lets a client that reads slowly have its whole answer', async () => {
    const server = await serving('--memory', '--stream', 'clicks:1')
    const client = sdkClient(server.endpoint)
    const Data = Buffer.alloc(1_000_000, 'x')
    for (let put = 0; put < 8; put++)
      await client.send(new PutRecordCommand({ ...shard, PartitionKey: 'k', Data }))
    const { ShardIterator } = await client.send(
      new GetShardIteratorCommand({ ...shard, ShardIteratorType: 'TRIM_HORIZON' }),
    )
    const slow = new RawConnection(server.port)
    slow.socket.write(rawRequest('GetRecords', { ShardIterator }).join(''))
    await once(slow.socket, 'data')
    slow.socket.pause()
    server.child.kill('SIGTERM')
    slow.socket.resume()
    const answer = await slow.closed
    const [head = '', body = ''] = answer.split('\r\n\r\n')
    expect(body).toHaveLength(Number(/content-length: (\d+)/.exec(head)?.[1]))
    expect(await server.ended).toMatchObject({ code: 0 })
  })

  it('gives subscriptions their last event, and none loses a record', async () => {
    const dir = await folder()
    const first = await serving('--dir', dir, '--stream', 'clicks:1')
    const client = sdkClient(first.endpoint)
    await client.send(new PutRecordCommand({ ...shard, PartitionKey: 'k', Data: Buffer.from('one') }))
    const events = await subscription(client, { Type: 'TRIM_HORIZON' }, 'reader')
    const read: string[] = []
    const note = ({ Records = [] }: SubscribeToShardEvent): void => {
      for (const { Data } of Records) read.push(Buffer.from(Data ?? []).toString())
    }
    const { value } = await events.next()
    note(value.SubscribeToShardEvent)
    first.child.kill('SIGTERM')
    let last: SubscribeToShardEvent | undefined
    for (;;) {
      const { done, value: event } = await events.next()
      if (done) break
      last = event.SubscribeToShardEvent
      if (last !== undefined) note(last)
    }
    expect(await first.ended).toMatchObject({ code: 0 })
    expect(last?.ContinuationSequenceNumber).toMatch(/^\d{56}$/)

    const second = await serving('--dir', dir)
    const again = sdkClient(second.endpoint)
    await again.send(new PutRecordCommand({ ...shard, PartitionKey: 'k', Data: Buffer.from('two') }))
    const SequenceNumber = last?.ContinuationSequenceNumber ?? ''
    const more = await subscription(again, { Type: 'AFTER_SEQUENCE_NUMBER', SequenceNumber }, 'other')
    note((await more.next()).value.SubscribeToShardEvent)
    expect(read).toEqual(['one', 'two'])
  })

  it('waits for nobody longer than its grace', async () => {
    const server = await serving('--memory', '--grace-seconds', '1')
    const stuck = new RawConnection(server.port)
    stuck.socket.write(rawRequest('ListStreams', {})[0])
    await untilUnderWay(server.endpoint, 1)
    server.child.kill('SIGTERM')
    await stuck.closed
    expect(await server.ended).toMatchObject({ code: 0 })
  })

  it('ends at once when another one comes', async () => {
    const server = await serving('--memory', '--grace-seconds', '3600')
    const stuck = new RawConnection(server.port)
    stuck.socket.write(rawRequest('ListStreams', {})[0])
    const watched = new RawConnection(server.port)
    watched.socket.write('GET /readyz HTTP/1.1\r\nhost: x\r\n\r\n')
    await watched.until('ok\n')
    await untilUnderWay(server.endpoint, 1)
    server.child.kill('SIGTERM')
    await watched.closed
    server.child.kill('SIGINT')
    expect(await server.ended).toMatchObject({ code: null, signal: 'SIGINT' })
  })

  it('is one wish to end when it comes several times at once, as from a terminal and from npm', async () => {
    const server = await serving('--memory')
    let ended = false
    void server.ended.then(() => (ended = true))
    for (const startedAt = performance.now(); !ended && performance.now() - startedAt < 300;) {
      server.child.kill('SIGTERM')
      await nextTurn()
    }
    expect(await server.ended).toMatchObject({ code: 0, signal: null })
    expect(server.stderr()).toContain('the store is closed')
  })

  it('makes it unready for connections that are kept busy', async () => {
    const server = await serving('--memory', '--grace-seconds', '3600')
    const watched = new RawConnection(server.port)
    const idle = new RawConnection(server.port)
    idle.socket.write('GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n')
    await idle.until('ok\n')
    watched.socket.write('GET /readyz HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\n\r\n')
    await untilUnderWay(server.endpoint, 1)
    server.child.kill('SIGINT')
    await idle.closed
    watched.socket.write('.')
    expect(await watched.closed).toMatch(/^HTTP\/1\.1 503 [\s\S]*ending\n$/)
    expect(await server.ended).toMatchObject({ code: 0 })
  })
})

describe('a server that was killed', () => {
  it('has all it acknowledged when it starts again', async () => {
    const dir = await folder()
    const first = await serving('--dir', dir, '--stream', 'clicks:2')
    const client = sdkClient(first.endpoint)
    const acknowledged = new Set<string>()
    const puts = Array.from({ length: 8 }, async () => {
      for (;;) {
        const Records = Array.from({ length: 50 }, (_, key) => ({
          PartitionKey: `k${key}`,
          Data: Buffer.from('x'),
        }))
        const answer = await client.send(new PutRecordsCommand({ StreamName: 'clicks', Records }))
        for (const { SequenceNumber = '' } of answer.Records ?? []) acknowledged.add(SequenceNumber)
        if (acknowledged.size > 2_000) first.child.kill('SIGKILL')
      }
    })
    await Promise.allSettled(puts)
    expect(await first.ended).toMatchObject({ signal: 'SIGKILL' })

    const second = await serving('--dir', dir)
    const again = sdkClient(second.endpoint)
    const stored = new Set<string>()
    for (const ShardId of ['shardId-000000000000', 'shardId-000000000001']) {
      const start = { StreamName: 'clicks', ShardId, ShardIteratorType: 'TRIM_HORIZON' } as const
      let { ShardIterator } = await again.send(new GetShardIteratorCommand(start))
      for (let behind = 1; behind > 0;) {
        const page = await again.send(new GetRecordsCommand({ ShardIterator }))
        for (const { SequenceNumber = '' } of page.Records ?? []) stored.add(SequenceNumber)
        ShardIterator = page.NextShardIterator
        behind = page.MillisBehindLatest ?? 0
      }
    }
    expect(acknowledged.size).toBeGreaterThan(2_000)
    expect([...acknowledged].filter((number) => !stored.has(number))).toEqual([])
    await again.send(new CreateStreamCommand({ StreamName: 'more', ShardCount: 1 }))
  })
})

describe('a second server', () => {
  it('says who has the folder', async () => {
    const dir = await folder()
    const first = await serving('--dir', dir)
    const failure = await serving('--dir', dir).catch((error: unknown) => String(error))
    expect(failure).toContain('ERR_MILLRACE_STORE_BUSY')
    expect(failure).toContain(`process ${first.child.pid} on `)
    expect(failure).toContain('"code":1')
  })

  it('says that the port is taken', async () => {
    const first = await serving('--memory')
    const failure = await serving('--memory', '--port', String(first.port)).catch((error: unknown) =>
      String(error),
    )
    expect(failure).toContain('ERR_MILLRACE_ADDRESS')
    expect(failure).toContain('EADDRINUSE')
    expect(failure).toContain('"code":1')
  })
})
