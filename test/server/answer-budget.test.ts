import { once } from 'node:events'
import { connect } from 'node:http2'
import type { Socket } from 'node:net'
import { PassThrough } from 'node:stream'
import { describe, expect, it, type Mock, onTestFinished, vi } from 'vitest'
import { AnswerBudget } from '../../src/server/answer-budget.ts'
import { ConnectionAnswers } from '../../src/server/connection-answers.ts'
import { type HttpLimits, httpLimits } from '../../src/server/http-limits.ts'
import { type ServerLog, silentLog } from '../../src/server/server-log.ts'
import { type Server, startServerWithin } from '../../src/server/server.ts'
import { ManualClock } from '../../src/testing/manual-clock.ts'
import { testStore } from '../../src/testing/test-store.ts'
import { MiB } from '../../src/units.ts'
import { forgotten, goodRequest, requestOf } from './limited.ts'
import { dial, type RawConnection, statusesIn } from './raw-connection.ts'

interface Rig {
  readonly server: Server
  /** Asks for 8 MB of records: more than 10 MB in JSON. */
  readonly ask: string
  readonly debug: Mock<ServerLog['debug']>
}

const tight = { answersBytes: 48 * MiB, stallMs: 400, checkMs: 20, answerStallBytes: 64 * 1024 } as const

async function full(limits: Partial<HttpLimits>): Promise<Rig> {
  const store = await testStore()
  const clicks = await store.createStream('clicks')
  for (let at = 0; at < 8; at++) await clicks.put('k', Buffer.alloc(1_000_000, at))
  const debug = vi.fn<ServerLog['debug']>()
  const server = await startServerWithin(
    store,
    { port: 0, graceMs: 1000, log: { ...silentLog, debug } },
    { ...httpLimits, ...limits },
  )
  onTestFinished(async () => {
    await server.close()
    await store.close()
  })
  const first = await dial(server.port)
  const wanted = { StreamName: 'clicks', ShardId: 'shardId-000000000000', ShardIteratorType: 'TRIM_HORIZON' }
  first.write(requestOf('GetShardIterator', wanted, 'connection: close'))
  const { ShardIterator } = JSON.parse((await first.untilClosed()).split('\r\n\r\n')[1] ?? '') as {
    readonly ShardIterator: string
  }
  return { server, ask: requestOf('GetRecords', { ShardIterator }, 'connection: close'), debug }
}

async function unread({ server, ask }: Rig): Promise<RawConnection> {
  const connection = await dial(server.port)
  connection.socket.pause()
  connection.write(ask)
  return connection
}

/** Whether all of an answer came. */
function isWhole(text: string): boolean {
  const [head = '', body = ''] = text.split('\r\n\r\n')
  return statusesIn(head)[0] === 200 && body.length === Number(/content-length: (\d+)/i.exec(head)?.[1])
}

it('an answer whose client has left takes no memory', async () => {
  const budget = new AnswerBudget(httpLimits, new ManualClock(), silentLog)
  const left = new PassThrough()
  left.destroy()
  await once(left, 'close')
  budget.send(Buffer.alloc(MiB), left, left as unknown as Socket)
  expect(budget.used).toBe(0)
})

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve))
}

describe('answers that nobody takes', () => {
  it.each([
    ['of requests as clients of AWS send them', ''],
    ['of others', 'x-a: \u00e4\r\n'],
  ])(
    '%s take no more memory than they may, and go when others wait',
    { timeout: 60_000 },
    async (_what, more) => {
      const plain = await full(tight)
      const rig = { ...plain, ask: plain.ask.replace('connection: close\r\n', more) }
      const { server, ask, debug } = rig
      const connections: RawConnection[] = []
      for (let at = 0; at < 16; at++) connections.push(await unread(rig))
      let most = 0
      const watching = setInterval(() => (most = Math.max(most, server.load.answerBytes)), 1)
      // Whoever asks for little is not concerned.
      expect(await goodRequest(server)).toBe(200)
      const reader = await dial(server.port)
      reader.write(ask)
      // Asked once all can be there: the text is long.
      await reader.until(() => reader.closed || (reader.bytes.length > 10_600_000 && isWhole(reader.text)))
      expect(isWhole(reader.text)).toBe(true)
      reader.socket.destroy()
      clearInterval(watching)
      expect(most).toBeGreaterThan(16 * MiB)
      expect(most).toBeLessThanOrEqual(tight.answersBytes)
      expect(debug).toHaveBeenCalledWith(
        { bytes: expect.any(Number) },
        'connection cut off: it does not take its answers',
      )
      for (const { socket } of connections) socket.destroy()
      await forgotten(server)
    },
  )

  it('over HTTP/2 go with their connection', { timeout: 60_000 }, async () => {
    const rig = await full(tight)
    const { server, ask } = rig
    const session = connect(`http://127.0.0.1:${server.port}`, { settings: { initialWindowSize: 0 } })
    session.on('error', () => undefined)
    const [head = '', body = ''] = ask.split('\r\n\r\n')
    const headers = Object.fromEntries(
      head
        .split('\r\n')
        .slice(2)
        .map((line) => line.split(': '))
        .filter(([name]) => name !== 'connection' && name !== 'content-length'),
    ) as Record<string, string>
    for (let at = 0; at < 10; at++) {
      const stream = session.request({ ':method': 'POST', ':path': '/', ...headers })
      stream.on('error', () => undefined)
      stream.end(body)
    }
    const closed = once(session, 'close')
    await vi.waitFor(() => expect(server.load.answersWaiting).toBeGreaterThan(0), { timeout: 10_000 })
    expect(server.load.answerBytes).toBeLessThanOrEqual(tight.answersBytes)
    await closed
    const reader = await dial(server.port)
    reader.write(ask)
    expect(isWhole(await reader.untilClosed())).toBe(true)
    await forgotten(server)
  })

  it('stay while nobody needs their memory', async () => {
    const rig = await full({ ...tight, stallMs: 10, checkMs: 5 })
    const slow = await unread(rig)
    await vi.waitFor(() => expect(rig.server.load.answerBytes).toBeGreaterThan(0))
    for (let at = 0; at < 20; at++) expect(await goodRequest(rig.server)).toBe(200)
    slow.socket.resume()
    expect(isWhole(await slow.untilClosed())).toBe(true)
    await forgotten(rig.server)
  })
})

describe('a client that takes its answer slowly', () => {
  it('gets all of it, although others wait', { timeout: 60_000 }, async () => {
    const rig = await full(tight)
    const slow = await unread(rig)
    const others: RawConnection[] = []
    for (let at = 0; at < 10; at++) others.push(await unread(rig))
    await vi.waitFor(() => expect(rig.server.load.answersWaiting).toBeGreaterThan(0), { timeout: 10_000 })
    while (!slow.closed) {
      slow.socket.resume()
      await turns(3)
      slow.socket.pause()
      if (slow.bytes.length < 10_000_000) await goodRequest(rig.server)
      else slow.socket.resume()
    }
    expect(isWhole(slow.text)).toBe(true)
    for (const { socket } of others) socket.destroy()
    await forgotten(rig.server)
  })
})

describe('answers of one connection', () => {
  it('are to be taken faster the more there are', () => {
    const answers = new ConnectionAnswers(MiB, () => undefined)
    answers.add(2 * MiB)
    expect(answers.least).toBe(MiB)
    answers.add(238 * MiB)
    expect(answers.least).toBe(20 * MiB)
    answers.take(228 * MiB)
    expect([answers.left, answers.moved, answers.least]).toEqual([12 * MiB, 228 * MiB, MiB])
  })
})

it('answers several requests of one connection in order, long ones too', async () => {
  const { server, ask } = await full(tight)
  const connection = await dial(server.port)
  const going = ask.replace('connection: close\r\n', '')
  connection.write(going + requestOf('ListStreams', {}) + ask)
  await connection.untilClosed()
  expect(statusesIn(connection.text)).toEqual([200, 200, 200])
  await forgotten(server)
})
