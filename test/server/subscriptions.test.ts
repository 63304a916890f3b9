import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { type ClientHttp2Session, connect as connectSession, constants } from 'node:http2'
import { createConnection } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import type { Server } from '../../src/server/index.ts'
import { insideOf } from '../../src/streams/store.ts'
import type { Stream } from '../../src/streams/stream.ts'
import { settled } from '../model/manual-clock.ts'
import { openSession } from './http2-call.ts'
import { requestOf } from './limited.ts'
import { dial } from './raw-connection.ts'
import { quiet, serve, type ServerRig } from './rig.ts'
import { EventReader, type EventSource, subscribe1, subscribe2, subscription } from './subscriber.ts'

type Connect = (server: Server, body: string) => Promise<EventSource>

const overHttp1: Connect = subscribe1
const overHttp2: Connect = async ({ endpoint }, body) => {
  const { hostname, port } = new URL(endpoint)
  const socket = createConnection({ host: hostname, port: Number(port) })
  const session = connectSession(endpoint, { createConnection: () => socket })
  session.on('error', () => undefined)
  const source = await subscribe2(session, body)
  return { ...source, vanish: () => socket.resetAndDestroy(), close: () => session.destroy() }
}

const protocols = [
  ['HTTP/1.1', overHttp1],
  ['HTTP/2', overHttp2],
] as const

async function clicks(
  { store }: ServerRig,
  consumers: number,
): Promise<{ stream: Stream; arns: readonly string[] }> {
  const stream = await store.createStream('clicks', { shards: 1 })
  const arns: string[] = []
  for (let at = 0; at < consumers; at++) arns.push((await stream.consumers.register(`consumer-${at}`)).arn)
  return { stream, arns }
}

describe.each(protocols)('a subscription over %s', (protocol, connect) => {
  it('gets a record as soon as it is put', async () => {
    const rig = await serve()
    const { stream, arns } = await clicks(rig, 1)
    const source = await connect(rig.server, subscription(arns[0]))
    const reader = new EventReader(source)
    const tookMs: number[] = []
    for (let at = 0; at < 50; at++) {
      const next = reader.records(1)
      const beganMs = performance.now()
      await stream.put('key', Buffer.from(`record ${at}`))
      expect(await next).toEqual([`record ${at}`])
      tookMs.push(performance.now() - beganMs)
    }
    tookMs.sort((a, b) => a - b)
    const [p50, worst] = [tookMs[25], tookMs[49]].map((ms) => ms?.toFixed(2))
    process.stdout.write(`${protocol}: pushed after ${p50} ms in the middle of 50, ${worst} ms at worst\n`)
    source.close()
    await quiet(rig.server)
  })

  it('is freed when its client vanishes', async () => {
    const rig = await serve()
    const { stream, arns } = await clicks(rig, 1)
    const source = await connect(rig.server, subscription(arns[0]))
    await new EventReader(source).initialResponse()
    expect(rig.server.load).toMatchObject({ connections: 1, requests: 1 })
    source.vanish()
    await quiet(rig.server)
    expect(stream.consumers.list()).toHaveLength(1)
    expect(rig.server.load).toMatchObject({ connections: 0, sessions: 0, requests: 0 })
  })

  it('is freed when its client closes, not when the next event comes, seconds later', async () => {
    const rig = await serve()
    const { arns } = await clicks(rig, 1)
    const source = await connect(rig.server, subscription(arns[0]))
    await new EventReader(source).initialResponse()
    source.close()
    await vi.waitFor(() => expect(rig.server.load.requests).toBe(0), { timeout: 3000, interval: 5 })
  })

  it('ends cleanly when the server does', async () => {
    const rig = await serve({ server: { graceMs: 60_000 } })
    const { stream, arns } = await clicks(rig, 1)
    const source = await connect(rig.server, subscription(arns[0]))
    const reader = new EventReader(source)
    const last = reader.records(1)
    await stream.put('key', Buffer.from('last'))
    expect(await last).toEqual(['last'])
    const rest = reader.end()
    await rig.server.close()
    // The end of the answer, not of the connection: whole messages, and no more.
    expect(await rest).toBe('complete')
  })

  it(
    'holds back what a client that stops reading would get, without keeping it',
    { timeout: 120_000 },
    async () => {
      const folder = await mkdtemp(join(tmpdir(), 'millrace-server-'))
      onTestFinished(() => rm(folder, { recursive: true, force: true }))
      const rig = await serve({ folder: join(folder, 'store') })
      const { stream, arns } = await clicks(rig, 1)
      const source = await connect(rig.server, subscription(arns[0]))
      const reader = new EventReader(source)
      await reader.initialResponse()
      source.pause()
      const data = Buffer.alloc(1024 * 1024 - 8, 7)
      const before = anonymousMiB()
      const megabytes = 200
      for (let at = 0; at < megabytes; at++) await stream.put('key', data)
      // Time for a server that would take it all, an event in a few turns.
      let most = 0
      for (let turn = 0; turn < 10 * megabytes; turn++) {
        await settled()
        if (turn % 10 === 0) most = Math.max(most, anonymousMiB() - before)
      }
      process.stdout.write(
        `${protocol}: ${megabytes} MiB put, ${most.toFixed(0)} MiB more of memory at most\n`,
      )
      expect(most).toBeLessThan(100)
      source.resume()
      expect(await reader.count(megabytes)).toBe(megabytes)
      source.close()
      await quiet(rig.server)
    },
  )
})

it('a subscription whose client has said all is ended, and nothing is pushed', async () => {
  const rig = await serve()
  const { arns } = await clicks(rig, 1)
  const { subscriptions } = insideOf(rig.store).core({ ...rig.store.account, name: 'clicks' })
  const connection = await dial(rig.server.port, { allowHalfOpen: true })
  connection.write(requestOf('SubscribeToShard', JSON.parse(subscription(arns[0]))))
  connection.socket.end()
  await connection.untilClosed()
  await quiet(rig.server)
  expect(subscriptions.live()).toEqual([])
})

describe('a subscription over one stream of many of HTTP/2', () => {
  it.each([
    ['resets it', constants.NGHTTP2_CANCEL],
    ['closes it without an error', constants.NGHTTP2_NO_ERROR],
  ])('ends when its client %s, and keeps the session', async (_how, code) => {
    const rig = await serve()
    const { arns } = await clicks(rig, 1)
    const session = await openSession(rig.server.endpoint)
    const source = await subscribe2(session, subscription(arns[0]))
    await new EventReader(source).initialResponse()
    const { subscriptions } = insideOf(rig.store).core({ ...rig.store.account, name: 'clicks' })
    expect(subscriptions.live()).toHaveLength(1)
    source.reset(code)
    while (rig.server.load.requests > 0) await settled()
    // What is subscribed says something every few seconds: only then would it see that nobody is there.
    for (let turn = 0; turn < 20; turn++) await settled()
    expect(subscriptions.live()).toEqual([])
    expect(rig.server.load.sessions).toBe(1)
    session.destroy()
    await quiet(rig.server)
  })
})

describe('five hundred subscriptions', () => {
  it('at once over both protocols each get each record, and are freed', { timeout: 60_000 }, async () => {
    const rig = await serve({ server: { graceMs: 60_000 } })
    // Twenty consumers a stream, twenty-five streams.
    const groups: { stream: Stream; arns: string[] }[] = []
    for (let at = 0; at < 25; at++) {
      const stream = await rig.store.createStream(`stream-${at}`, { shards: 1 })
      const arns: string[] = []
      for (let one = 0; one < 20; one++) arns.push((await stream.consumers.register(`consumer-${one}`)).arn)
      groups.push({ stream, arns })
    }
    const session: ClientHttp2Session = await openSession(rig.server.endpoint)
    session.setMaxListeners(0)
    const sources = await Promise.all(
      groups.flatMap(({ arns }, at) =>
        arns.map((arn) =>
          at % 2 === 0 ? subscribe1(rig.server, subscription(arn)) : subscribe2(session, subscription(arn)),
        ),
      ),
    )
    const readers = sources.map((source) => new EventReader(source))
    await Promise.all(readers.map((reader) => reader.initialResponse()))
    expect(rig.server.load.requests).toBe(500)
    const all = Promise.all(readers.map((reader) => reader.records(1)))
    const beganMs = performance.now()
    await Promise.all(groups.map(({ stream }) => stream.put('key', Buffer.from('to all'))))
    expect(new Set((await all).flat())).toEqual(new Set(['to all']))
    process.stdout.write(
      `500 subscriptions: the last event ${(performance.now() - beganMs).toFixed(0)} ms after\n`,
    )
    const ends = Promise.all(readers.map((reader) => reader.end()))
    const closed = once(session, 'close')
    await rig.server.close()
    expect(new Set(await ends)).toEqual(new Set(['complete']))
    await closed
    await quiet(rig.server)
  })
})

/** Memory of this process that no file backs, MiB: the store's pages are not among it. */
function anonymousMiB(): number {
  const [, kib] = /RssAnon:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8')) ?? []
  return Number(kib) / 1024
}
