import { describe, expect, it } from 'vitest'
import { HostGuard } from '../../src/server/host-guard.ts'
import type { HttpRequest } from '../../src/server/http-exchange.ts'
import { startServer } from '../../src/server/server.ts'
import { testStore } from '../../src/testing/test-store.ts'
import { forgotten, goodRequest, limitedServer } from './limited.ts'

interface Asked {
  readonly loopback?: boolean
  readonly allowedHosts?: readonly string[]
  readonly listensOn?: string
  readonly version2?: boolean
  readonly method?: string
  readonly path?: string
  readonly headers?: Readonly<Record<string, string>>
}

async function statusOf(host: string | undefined, origin?: string, asked: Asked = {}): Promise<number> {
  const { loopback = true, allowedHosts = [], listensOn = '127.0.0.1', version2 = false } = asked
  const { method = 'POST', path = '/' } = asked
  const inner = { bodyBytesMax: 1, answer: () => Promise.resolve({ status: 200, headers: {}, body: '' }) }
  const guard = new HostGuard(inner, { host: listensOn, allowedHosts, loopback })
  const headers = {
    ...(host === undefined ? {} : { [version2 ? ':authority' : 'host']: host }),
    ...(origin === undefined ? {} : { origin }),
    ...asked.headers,
  }
  const request: HttpRequest = {
    method,
    path,
    query: '',
    headers,
    body: new Uint8Array(0),
    version: '1.1',
    encrypted: false,
  }
  const first = await guard.answer(request, new AbortController())
  // What it remembers changes nothing.
  const second = await guard.answer(request, new AbortController())
  expect(second.status).toBe(first.status)
  return first.status
}

describe('a server without credentials', () => {
  it.each([
    '127.0.0.1:4567',
    '[::1]:4567',
    'localhost:4567',
    'LOCALHOST',
    'app.localhost:4567',
    'kinesis:4567',
    'host.docker.internal:4567',
    'kinesis.default.svc.cluster.local',
    '10.1.2.3',
    'my_service',
    'localhost.',
    '[fe80::1%eth0]:4567',
    '[::ffff:127.0.0.1]',
  ])('is reached as %s', async (host) => {
    expect(await statusOf(host)).toBe(200)
    expect(await statusOf(host, undefined, { version2: true })).toBe(200)
  })

  it.each([
    'evil.example',
    'evil.example:4567',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    '',
    'a.b@localhost',
    'evil.example/.local',
    'evil.example#.local',
    'evil.example?.local',
    'evil.example:80:.local',
    'evil.example .local',
    '[evil.example]',
    '[127.0.0.1]',
    '[evil]:4567',
    'evil:4567:4567',
  ])('is not %s: anybody could have pointed that name here', async (host) => {
    expect(await statusOf(host)).toBe(403)
    expect(await statusOf(host, undefined, { version2: true })).toBe(403)
  })

  it('is what it was told to be', async () => {
    expect(await statusOf('kinesis.example', undefined, { listensOn: 'Kinesis.example' })).toBe(200)
    expect(await statusOf('kinesis.example', undefined, { allowedHosts: ['kinesis.example'] })).toBe(200)
    expect(await statusOf('any.example', 'https://other.example', { allowedHosts: ['*'] })).toBe(200)
  })

  it.each(['http://localhost:3000', 'https://127.0.0.1', 'http://[::1]:8080', 'http://app.localhost'])(
    'takes calls of pages of this machine: %s',
    async (origin) => {
      expect(await statusOf('127.0.0.1:4567', origin)).toBe(200)
    },
  )

  it.each([
    'https://evil.example',
    'http://evil.example:4567',
    'null',
    'http://192.168.1.1',
    'http://localhost.evil.example',
    'http://localhost@evil.example',
    'file://localhost',
    'http://localhost/evil.example',
    'chrome-extension://abc',
  ])('takes no call of a page of %s', async (origin) => {
    expect(await statusOf('127.0.0.1:4567', origin)).toBe(403)
    expect(await statusOf('10.0.0.1:4567', origin, { loopback: false })).toBe(403)
  })

  it('takes no call of a page that pointed its own name here', async () => {
    expect(await statusOf('evil.example:4567', 'http://evil.example:4567')).toBe(403)
    expect(await statusOf('evil.example:4567', 'http://evil.example:4567', { loopback: false })).toBe(403)
  })

  it('that listens to others believes programs that know it by other names', async () => {
    expect(await statusOf('kinesis.example', undefined, { loopback: false })).toBe(200)
    expect(await statusOf('10.0.0.1:4567', 'http://10.0.0.1:4567', { loopback: false })).toBe(200)
  })

  it.each<[string, Asked]>([
    ['a page that a browser may ask for', { method: 'GET', path: '/console/api/streams' }],
    ['figures', { method: 'GET', path: '/metrics' }],
    ['a call of the console', { path: '/console/api/streams' }],
    ['what AWS has no use for', { method: 'GET' }],
    ['a call that a browser made', { headers: { 'sec-fetch-site': 'same-origin' } }],
  ])('that listens to others asks who is meant by %s', async (_what, asked) => {
    const others = { ...asked, loopback: false }
    expect(await statusOf('evil.example:4567', undefined, others)).toBe(403)
    expect(await statusOf('10.0.0.1:4567', undefined, others)).toBe(200)
    expect(await statusOf('kinesis', undefined, others)).toBe(200)
    expect(
      await statusOf('kinesis.example', undefined, { ...others, allowedHosts: ['kinesis.example'] }),
    ).toBe(200)
  })

  it('answers no browser that asks for another page', async () => {
    const server = await limitedServer()
    const asking = await fetch(server.endpoint, {
      method: 'OPTIONS',
      headers: { origin: 'https://evil.example', 'access-control-request-method': 'POST' },
    })
    await asking.arrayBuffer()
    expect([asking.status, asking.headers.get('access-control-allow-origin')]).toEqual([403, null])
    const own = await fetch(server.endpoint, {
      method: 'OPTIONS',
      headers: { origin: 'http://localhost:3000', 'access-control-request-method': 'POST' },
    })
    expect([own.status, own.headers.get('access-control-allow-origin')]).toEqual([200, '*'])
  })
})

describe('listening to other machines', () => {
  const secretAccessKey = 'a-secret-of-some-length'
  const credentials = [
    { accessKeyId: 'root', secretAccessKey, policy: [{ allow: 'admin', streams: '*' }] },
  ] as const

  it.each(['0.0.0.0', '::', '192.0.2.1', 'host.invalid'])(
    'on %s takes credentials, or a word for it',
    async (host) => {
      await using store = await testStore()
      await expect(startServer(store, { host, port: 0 })).rejects.toMatchObject({
        code: 'ERR_MILLRACE_INVALID_ARGUMENT',
        details: { field: 'host', value: host },
        message: expect.stringContaining('--insecure') as unknown,
      })
    },
  )

  it.each([
    ['credentials', { credentials }],
    ['the option insecure', { insecure: true }],
  ])('is done with %s', async (_what, options) => {
    await using store = await testStore()
    await using server = await startServer(store, { host: '0.0.0.0', port: 0, ...options })
    expect((await fetch(`http://127.0.0.1:${server.port}/healthz`)).status).toBe(200)
  })

  it.each(['localhost', '127.0.0.2', '::1'])('is not what %s is', async (host) => {
    await using store = await testStore()
    await using server = await startServer(store, { host, port: 0 })
    expect(server.port).toBeGreaterThan(0)
  })
})

it('takes a thousand connections at once, and keeps none', async () => {
  const server = await limitedServer()
  const statuses = await Promise.all(Array.from({ length: 1000 }, () => goodRequest(server)))
  expect(statuses.every((status) => status === 200)).toBe(true)
  await forgotten(server)
  expect(await goodRequest(server)).toBe(200)
}, 30_000)
