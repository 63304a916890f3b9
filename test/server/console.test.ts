import { readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { consoleRoute } from '../../src/server/console.ts'
import type { ConsoleCaller } from '../../src/server/console-access.ts'
import { textAnswer } from '../../src/server/http-exchange.ts'
import { startServer } from '../../src/server/server.ts'
import { testStore } from '../../src/testing/test-store.ts'
import { ask, jsonOf, ownHeaders, pathOf, post, request } from './console-rig.ts'

describe('the page', () => {
  it('is served with everything that it names, and nothing from elsewhere', async () => {
    await using store = await testStore()
    await using server = await startServer(store, { port: 0 })
    const page = await (await fetch(`${server.endpoint}/console`)).text()
    const names = [...page.matchAll(/(?:href|src)="([^"#]+)"/g)].map((found) => String(found[1]))
    expect(names).toEqual(expect.arrayContaining(['main.js', 'page.css', 'uplot.css']))
    const modules = readdirSync(new URL('../../src/console/', import.meta.url)).filter((name) =>
      name.endsWith('.js'),
    )
    const files = [...new Set([...names, ...modules, 'uplot.js'])]
    const answers = await Promise.all(files.map((name) => fetch(`${server.endpoint}/console/${name}`)))
    expect(answers.map(({ status }) => status)).toEqual(files.map(() => 200))
    const texts = await Promise.all(answers.map((answer) => answer.text()))
    const addresses = [page, ...texts.filter((_, at) => !files[at]?.startsWith('uplot'))].flatMap(
      (text) => text.match(/https?:\/\/[^\s'"]+/g) ?? [],
    )
    // The name of a kind of elements, which nobody fetches.
    expect(new Set(addresses)).toEqual(new Set(['http://www.w3.org/2000/svg']))
  })

  it('runs its own scripts only, is in no frame and is not guessed at', async () => {
    await using store = await testStore()
    const route = consoleRoute(store)
    const answers = await Promise.all([
      ask(route, request('GET', '/console/')),
      ask(route, request('GET', '/console/main.js')),
      ask(route, request('GET', '/console/nothing')),
      ask(route, request('GET', '/console/api/session')),
      ask(route, request('GET', '/console/api/session', { headers: {} })),
    ])
    for (const { headers } of answers) {
      expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'x-frame-options': 'DENY' })
      const policy = headers['content-security-policy'] ?? ''
      expect(policy).toMatch(
        /^default-src 'self';.*frame-ancestors 'none'.*require-trusted-types-for 'script'/,
      )
      expect(policy).not.toMatch(/unsafe|\*|data:|blob:/)
      expect(headers).not.toHaveProperty('access-control-allow-origin')
    }
  })

  it('is asked for again only if it has changed', async () => {
    await using store = await testStore()
    const route = consoleRoute(store)
    const first = await ask(route, request('GET', '/console/'))
    expect(first.headers).toMatchObject({
      'cache-control': 'no-cache',
      'content-type': 'text/html; charset=utf-8',
    })
    const etag = String(first.headers['etag'])
    const again = (value: string) =>
      ask(route, request('GET', '/console/', { headers: { ...ownHeaders, 'if-none-match': value } }))
    expect(await again(`"old", W/${etag}`)).toMatchObject({ status: 304, headers: { etag } })
    expect(await again('"old"')).toMatchObject({ status: 200 })
  })

  it('is as long as it is, also where it is not sent', async () => {
    await using store = await testStore()
    await using server = await startServer(store, { port: 0 })
    const page = `${server.endpoint}/console/`
    const whole = await fetch(page)
    const text = await whole.text()
    const known = { 'if-none-match': String(whole.headers.get('etag')) }
    for (const asked of [{ method: 'HEAD' }, { headers: known }]) {
      const answer = await fetch(page, asked)
      expect(answer.headers.get('content-length')).toBe(String(Buffer.byteLength(text)))
      expect(await answer.text()).toBe('')
    }
    // Nothing of it lies in the connection, before the next answer.
    expect(await (await fetch(page)).text()).toBe(text)
  })

  it.each([
    'README.md',
    '../server/console.ts',
    '%2e%2e/package.json',
    'uplot.d.ts',
    'toString',
    'a/main.js',
  ])('sends no file but its own: %s', async (name) => {
    await using store = await testStore()
    expect(await ask(consoleRoute(store), request('GET', `/console/${name}`))).toMatchObject({ status: 404 })
  })

  it('is not there if the server was told so', async () => {
    await using store = await testStore()
    await using server = await startServer(store, { port: 0, console: false })
    const answer = await fetch(`${server.endpoint}/console/`)
    expect(answer.ok).toBe(false)
    await expect(startServer(store, { port: 0, console: 1 as never })).rejects.toMatchObject({
      code: 'ERR_MILLRACE_INVALID_ARGUMENT',
      details: { field: 'console' },
    })
  })
})

describe('a request that another page makes', () => {
  const put = { partitionKey: 'k', data: 'x' }

  it.each([
    ['from another origin', { origin: 'http://evil.example' }],
    ['from another port of this machine', { origin: 'http://127.0.0.1:9999' }],
    ['from a page without an origin', { origin: 'null' }],
    ['from another site', { 'sec-fetch-site': 'cross-site' }],
    ['from a site that shares the domain', { 'sec-fetch-site': 'same-site' }],
    ['that somebody typed into the address', { 'sec-fetch-site': 'none' }],
    ['without the header', { 'x-millrace-console': undefined }],
    ['of a form', { 'content-type': 'application/x-www-form-urlencoded' }],
    ['of a form that looks like text', { 'content-type': 'text/plain' }],
    ['without a type', { 'content-type': undefined }],
  ])('is refused: %s', async (_what, headers) => {
    await using store = await testStore()
    const clicks = await store.createStream('clicks')
    const answer = await ask(consoleRoute(store), post(pathOf('clicks', 'put'), put, headers))
    expect(answer.status).toBe(403)
    expect((await clicks.stats()).recordsMax).toBe(0)
  })

  it('is refused when it only reads, too', async () => {
    await using store = await testStore()
    await store.createStream('clicks')
    const route = consoleRoute(store)
    const read = (headers: Record<string, string | undefined>) =>
      ask(
        route,
        request('GET', pathOf('clicks', 'tail?from=oldest'), { headers: { ...ownHeaders, ...headers } }),
      )
    expect(await read({ 'x-millrace-console': undefined })).toMatchObject({ status: 403 })
    expect(await read({ 'sec-fetch-site': 'cross-site' })).toMatchObject({ status: 403 })
  })

  it('gets no leave to send the header', async () => {
    await using store = await testStore()
    await using server = await startServer(store, { port: 0 })
    const answer = await fetch(`${server.endpoint}${pathOf('clicks', 'put')}`, {
      method: 'OPTIONS',
      headers: { origin: 'http://evil.example', 'access-control-request-headers': 'x-millrace-console' },
    })
    expect(answer.status).toBe(403)
    expect([...answer.headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([])
  })

  it('changes nothing by GET', async () => {
    await using store = await testStore()
    await store.createStream('clicks')
    const route = consoleRoute(store)
    expect(await ask(route, request('GET', pathOf('clicks', 'delete')))).toMatchObject({ status: 404 })
    expect(store.listStreams()).toHaveLength(1)
  })
})

describe('who is let in', () => {
  const caller: ConsoleCaller = {
    account: undefined,
    expiresAtMs: Infinity,
    policy: { allows: (right, name) => name === 'clicks' && (right === 'any' || right === 'read') },
  }

  it('is asked for every part of it', async () => {
    await using store = await testStore()
    const route = consoleRoute(store, () => textAnswer(401, 'no\n', { 'www-authenticate': 'Basic' }))
    for (const path of ['/console', '/console/', '/console/main.js', '/console/api/events']) {
      const answer = await ask(route, request('GET', path))
      expect(answer).toMatchObject({
        status: 401,
        headers: { 'www-authenticate': 'Basic', 'x-frame-options': 'DENY' },
      })
    }
  })

  it.each([
    ['put', { partitionKey: 'k', data: '' }],
    ['split', { shardId: 'shardId-000000000000', newStartingHashKey: '7' }],
    ['shard-count', { target: 2 }],
    ['delete', { confirm: 'clicks' }],
    ['monitoring', { enabled: true }],
  ])('may do what the policy allows, and no %s', async (action, body) => {
    await using store = await testStore()
    await store.createStream('clicks')
    const route = consoleRoute(store, () => caller)
    expect(await ask(route, post(pathOf('clicks', action), body))).toMatchObject({ status: 403 })
    expect(store.stream('clicks').describe()).toMatchObject({ shardCount: 1, monitoring: [] })
  })

  it('reads no other stream, and nothing of another account', async () => {
    await using store = await testStore()
    await store.createStream('clicks')
    await store.createStream('orders')
    await store.within({ account: '123456789012', region: 'us-east-1' }).createStream('clicks')
    const route = consoleRoute(store, () => caller)
    const statuses = await Promise.all(
      ['000000000000/us-east-1/clicks', '000000000000/us-east-1/orders', '123456789012/us-east-1/clicks'].map(
        async (stream) =>
          (await ask(route, request('GET', `/console/api/streams/${stream}/tail?from=oldest`))).status,
      ),
    )
    expect(statuses).toEqual([200, 403, 403])
  })

  it('makes streams in his own account', async () => {
    await using store = await testStore()
    const route = consoleRoute(store, () => ({ ...caller, account: '123456789012' }))
    expect(jsonOf(await ask(route, request('GET', '/console/api/session')))).toEqual({
      account: '123456789012',
      region: 'us-east-1',
    })
  })
})
