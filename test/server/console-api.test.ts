import { describe, expect, it } from 'vitest'
import { consoleRoute } from '../../src/server/console.ts'
import { eventStreamsMax } from '../../src/server/console-api.ts'
import { startServer } from '../../src/server/server.ts'
import { insideOf } from '../../src/streams/store.ts'
import { testStore } from '../../src/testing/test-store.ts'
import { ask, jsonOf, ownHeaders, PageEvents, pathOf, post, request } from './console-rig.ts'

const half = String(2n ** 127n)

describe('what the page does', () => {
  it('creates a stream, in any account and region', async () => {
    await using store = await testStore()
    const target = '/console/api/streams/123456789012/eu-west-1/clicks/create'
    const answer = await ask(consoleRoute(store), post(target, { shards: 3, retentionHours: 48 }))
    expect(jsonOf(answer)).toEqual({ created: 'clicks' })
    expect(store.within({ account: '123456789012', region: 'eu-west-1' }).listStreams()).toMatchObject([
      { name: 'clicks', shardCount: 3, retentionHours: 48 },
    ])
  })

  it('puts text and bytes', async () => {
    await using store = await testStore()
    const clicks = await store.createStream('clicks')
    const route = consoleRoute(store)
    const stored = await ask(route, post(pathOf('clicks', 'put'), { partitionKey: 'k', data: 'grüß' }))
    const bytes = Buffer.from([0, 255, 128])
    await ask(
      route,
      post(pathOf('clicks', 'put'), {
        partitionKey: 'b',
        data: bytes.toString('base64'),
        encoding: 'base64',
        explicitHashKey: '5',
      }),
    )
    const records = []
    for await (const record of clicks.read({ from: 'oldest', until: 'tail' })) records.push(record)
    expect(jsonOf(stored)).toEqual({
      shardId: records[0]?.shardId,
      sequenceNumber: records[0]?.sequenceNumber,
    })
    expect(
      records.map(({ partitionKey, data, explicitHashKey }) => [
        partitionKey,
        Buffer.from(data),
        explicitHashKey,
      ]),
    ).toEqual([
      ['k', Buffer.from('grüß'), undefined],
      ['b', bytes, '5'],
    ])
  })

  it('puts a record without a partition key where keys do not count, and only there', async () => {
    await using store = await testStore()
    await store.createStream('spread', { mode: 'ON_DEMAND', distribution: 'AUTO' })
    await store.createStream('clicks')
    const route = consoleRoute(store)
    expect(await ask(route, post(pathOf('spread', 'put'), { data: 'x' }))).toMatchObject({ status: 200 })
    const refused = await ask(route, post(pathOf('clicks', 'put'), { data: 'x' }))
    expect(refused).toMatchObject({ status: 400 })
    expect(jsonOf(refused)).toMatchObject({ message: expect.stringContaining('partitionKey') })
  })

  it('splits, merges and changes the number of shards', async () => {
    await using store = await testStore()
    const clicks = await store.createStream('clicks')
    const route = consoleRoute(store)
    const act = async (action: string, body: unknown) =>
      jsonOf(await ask(route, post(pathOf('clicks', action), body)))
    const [, one, two, three] = [0, 1, 2, 3].map((index) => `shardId-00000000000${index}`)
    expect(await act('split', { shardId: 'shardId-000000000000', newStartingHashKey: half })).toEqual({
      shards: [one, two],
    })
    expect(await act('merge', { shardId: one, adjacentShardId: two })).toEqual({ shards: [three] })
    expect(await act('shard-count', { target: 2 })).toEqual({ openShards: 2 })
    expect(clicks.describe().shardCount).toBe(2)
  })

  it('deletes a stream only for whoever says its name', async () => {
    await using store = await testStore()
    const clicks = await store.createStream('clicks')
    await clicks.consumers.register('dashboard')
    const route = consoleRoute(store)
    const remove = (body: unknown) => ask(route, post(pathOf('clicks', 'delete'), body))
    for (const confirm of [undefined, '', 'click', 'CLICKS', true]) {
      expect(await remove({ confirm })).toMatchObject({ status: 400 })
    }
    expect(await remove({ confirm: 'clicks' })).toMatchObject({ status: 409 })
    expect(store.listStreams()).toHaveLength(1)
    expect(await remove({ confirm: 'clicks', withConsumers: true })).toMatchObject({ status: 200 })
    expect(store.listStreams()).toEqual([])
  })

  it('turns monitoring on and off', async () => {
    await using store = await testStore()
    const clicks = await store.createStream('clicks')
    const route = consoleRoute(store)
    await ask(route, post(pathOf('clicks', 'monitoring'), { enabled: true }))
    expect(clicks.settings.monitoring).toContain('IteratorAgeMilliseconds')
    await ask(route, post(pathOf('clicks', 'monitoring'), { enabled: false }))
    expect(clicks.settings.monitoring).toEqual([])
  })

  it.each([
    ['put', '{', 400],
    ['put', '[]', 400],
    ['put', { partitionKey: 'k', data: 'x', more: 1 }, 400],
    ['put', { partitionKey: 'k', data: 'no base64!', encoding: 'base64' }, 400],
    ['put', { partitionKey: '', data: 'x' }, 400],
    ['put', { data: 'x' }, 400],
    ['shard-count', { target: '2' }, 400],
    ['split', { shardId: 'shardId-000000000007', newStartingHashKey: half }, 404],
    ['create', {}, 409],
    ['constructor', {}, 404],
    ['explode', {}, 404],
  ])('refuses %s of %j', async (action, body, status) => {
    await using store = await testStore()
    await store.createStream('clicks')
    const answer = await ask(consoleRoute(store), post(pathOf('clicks', action), body))
    expect(answer.status).toBe(status)
    expect(jsonOf(answer)).toMatchObject({ code: expect.any(String), message: expect.any(String) })
  })

  it('parses no body of very many values', async () => {
    await using store = await testStore()
    await store.createStream('clicks')
    const body = `{"encoding":[${'{},'.repeat(70_000)}{}]}`
    const answer = await ask(consoleRoute(store), post(pathOf('clicks', 'put'), body))
    expect(jsonOf(answer)).toMatchObject({ message: expect.stringContaining('body must be JSON') })
  })

  it.each([
    '/console/api/',
    '/console/api/streams/1/us-east-1/a/events',
    '/console/api/streams/000000000000/us-east-1/%2e/events',
  ])('knows no %s', async (path) => {
    await using store = await testStore()
    expect(await ask(consoleRoute(store), request('GET', path))).toMatchObject({ status: 404 })
  })
})

describe('what the page sees', () => {
  it('tells of all streams, then of what changes, by the second', async () => {
    await using store = await testStore()
    const clicks = await store.createStream('clicks', { shards: 2 })
    await store.within({ account: '123456789012', region: 'eu-west-1' }).createStream('orders')
    const end = new AbortController()
    const events = new PageEvents(
      await ask(consoleRoute(store), request('GET', '/console/api/events'), end.signal),
    )
    const first = await events.next()
    expect(first?.data.changed.map((row: { id: string }) => row.id).toSorted()).toEqual([
      '000000000000/us-east-1/clicks',
      '123456789012/eu-west-1/orders',
    ])
    clicks.append('k', Buffer.from('x'))
    clicks.append('k', Buffer.from('y'))
    await store.advance({ seconds: 1 })
    const second = await events.next()
    expect(second?.data).toMatchObject({
      gone: [],
      changed: [{ name: 'clicks', records: 2, recordsPerSecond: 2 }],
    })
    await store.advance({ seconds: 1 })
    expect((await events.next())?.data.changed).toMatchObject([{ records: 2, recordsPerSecond: 0 }])
    await store.advance({ seconds: 1 })
    expect((await events.next())?.data.changed).toEqual([])
    end.abort()
    expect(await events.next()).toBeUndefined()
  })

  it('hears of new and deleted streams within a tenth of a second', async () => {
    await using store = await testStore()
    await store.createStream('clicks')
    const end = new AbortController()
    const events = new PageEvents(
      await ask(consoleRoute(store), request('GET', '/console/api/events'), end.signal),
    )
    await events.next()
    await store.createStream('orders')
    await store.advance({ milliseconds: 100 })
    expect((await events.next())?.data.changed).toMatchObject([{ name: 'orders' }])
    await store.deleteStream('clicks')
    await store.advance({ milliseconds: 100 })
    expect((await events.next())?.data.gone).toEqual(['000000000000/us-east-1/clicks'])
    end.abort()
  })

  it('sees a split happen, and the end of the stream', async () => {
    await using store = await testStore()
    const clicks = await store.createStream('clicks')
    const end = new AbortController()
    const answer = await ask(consoleRoute(store), request('GET', pathOf('clicks', 'events')), end.signal)
    const events = new PageEvents(answer)
    expect((await events.nextOf('stream')).data.shards).toMatchObject([
      { index: 0, shardId: 'shardId-000000000000' },
    ])
    await clicks.splitShard('shardId-000000000000', half)
    await store.advance({ milliseconds: 100 })
    expect((await events.nextOf('stream')).data.shards).toMatchObject([
      { closedAtMs: expect.any(Number) },
      { parentShardId: 'shardId-000000000000', endingHashKey: String(2n ** 127n - 1n) },
      { parentShardId: 'shardId-000000000000', startingHashKey: half },
    ])
    await store.deleteStream('clicks')
    await store.advance({ milliseconds: 100 })
    expect((await events.nextOf('end')).data).toMatchObject({ code: 'ERR_MILLRACE_STREAM_NOT_FOUND' })
    expect(await events.next()).toBeUndefined()
    end.abort()
  })

  it('tells the iterator age of a monitored shard, and who is subscribed', async () => {
    await using store = await testStore()
    const clicks = await store.createStream('clicks')
    await clicks.settings.enableMonitoring(['ALL'])
    const { arn } = await clicks.consumers.register('dashboard')
    clicks.append('k', Buffer.from('x'))
    await store.advance({ seconds: 7 })
    for await (const record of clicks.read({ from: 'oldest', until: 'tail' })) void record
    const { key } = insideOf(store).core({
      account: '000000000000',
      region: 'us-east-1',
      name: 'clicks',
    }).state
    const core = insideOf(store).core(key)
    const subscription = await core.subscriptions.open(core.shards[0] as never, {
      consumer: arn,
      start: { from: 'oldest' },
    })
    const end = new AbortController()
    const answer = await ask(consoleRoute(store), request('GET', pathOf('clicks', 'events')), end.signal)
    const events = new PageEvents(answer)
    expect((await events.nextOf('stream')).data.consumers).toMatchObject([
      { name: 'dashboard', status: 'ACTIVE' },
    ])
    const sample = (await events.nextOf('sample')).data
    expect(sample.shards[0].at(-1)).toBe(7000)
    expect(sample.subscriptions).toEqual([
      { consumer: arn, shardId: 'shardId-000000000000', recordsBehind: 1 },
    ])
    end.abort()
    await subscription.return()
  })
})

describe('records', () => {
  it('come as they are put, those that are asked for', async () => {
    await using store = await testStore()
    const clicks = await store.createStream('clicks', { shards: 2 })
    clicks.append('user-1', Buffer.from('before'))
    const end = new AbortController()
    const asked = request('GET', pathOf('clicks', 'tail?from=latest&key=user&text=two'))
    const events = new PageEvents(await ask(consoleRoute(store), asked, end.signal))
    await events.nextOf('begin')
    for (const [key, data] of [
      ['user-1', 'one'],
      ['user-2', 'one two'],
      ['other', 'two'],
    ] as const) {
      clicks.append(key, Buffer.from(data))
    }
    const { data } = await events.nextOf('records')
    expect(data.records).toMatchObject([
      { partitionKey: 'user-2', bytes: 7, preview: Buffer.from('one two').toString('base64') },
    ])
    end.abort()
    expect(await events.next()).toBeUndefined()
  })

  it('come from any position, of any shard', async () => {
    await using store = await testStore()
    const clicks = await store.createStream('clicks')
    const first = clicks.append('k', Buffer.from('1'))
    await store.advance({ seconds: 1 })
    const second = clicks.append('k', Buffer.from('2'))
    const route = consoleRoute(store)
    const dataFrom = async (query: string): Promise<unknown> => {
      const end = new AbortController()
      const events = new PageEvents(
        await ask(route, request('GET', pathOf('clicks', `tail?${query}`)), end.signal),
      )
      const { data } = await events.nextOf('records')
      end.abort()
      return data.records.map(({ sequenceNumber }: { sequenceNumber: string }) => sequenceNumber)
    }
    const both = [first.sequenceNumber, second.sequenceNumber]
    expect(await dataFrom('from=oldest')).toEqual(both)
    expect(await dataFrom('from=oldest&shardId=shardId-000000000000')).toEqual(both)
    expect(await dataFrom(`from=time&arrivedAtMs=${store.clock.nowMs()}`)).toEqual(both.slice(1))
    expect(await dataFrom(`from=sequence&sequence=${second.sequenceNumber}`)).toEqual(both.slice(1))
  })

  it.each([
    '',
    'from=yesterday',
    'from=sequence',
    'from=time',
    'from=oldest&shardId=7',
    'from=oldest&colour=red',
  ])('refuses a tail with %j', async (query) => {
    await using store = await testStore()
    await store.createStream('clicks')
    const answer = await ask(consoleRoute(store), request('GET', pathOf('clicks', `tail?${query}`)))
    expect(answer.status).toBe(400)
  })

  it('come whole as bytes that no browser opens', async () => {
    await using store = await testStore()
    const clicks = await store.createStream('clicks', { maxRecordBytes: 10 * 1024 * 1024 })
    const html = Buffer.from('<script>alert(1)</script>')
    const { sequenceNumber } = await clicks.put('k', html)
    const big = Buffer.alloc(10 * 1024 * 1024 - 1, 0xff)
    const stored = await clicks.put('k', big)
    const route = consoleRoute(store)
    const answer = await ask(route, request('GET', pathOf('clicks', `record/${sequenceNumber}`)))
    expect(answer).toMatchObject({
      status: 200,
      headers: {
        'content-type': 'application/octet-stream',
        'x-content-type-options': 'nosniff',
        'content-disposition': expect.stringMatching(/^attachment/),
        'cache-control': 'no-store',
      },
    })
    expect(Buffer.from(answer.body as Uint8Array)).toEqual(html)
    const whole = await ask(route, request('GET', pathOf('clicks', `record/${stored.sequenceNumber}`)))
    expect(big.equals(whole.body as Uint8Array)).toBe(true)
  })

  it('are a beginning in a list, however long they are', async () => {
    await using store = await testStore()
    const clicks = await store.createStream('clicks', { maxRecordBytes: 10 * 1024 * 1024 })
    await clicks.put('k'.repeat(256), Buffer.alloc(10 * 1024 * 1024 - 256, 0x3c))
    const end = new AbortController()
    const events = new PageEvents(
      await ask(consoleRoute(store), request('GET', pathOf('clicks', 'tail?from=oldest')), end.signal),
    )
    const { data } = await events.nextOf('records')
    expect(data.records[0].bytes).toBe(10 * 1024 * 1024 - 256)
    expect(data.records[0].preview).toHaveLength(684)
    end.abort()
  })
})

describe('streams of events', () => {
  it('cost nothing while nobody watches', async () => {
    await using store = await testStore()
    await store.createStream('clicks')
    const timers = store.clock.pending
    const route = consoleRoute(store)
    const end = new AbortController()
    const events = new PageEvents(await ask(route, request('GET', '/console/api/events'), end.signal))
    await events.next()
    expect(store.clock.pending).toBe(timers + 1)
    end.abort()
    await events.next()
    expect(store.clock.pending).toBe(timers)
  })

  it('go on for the next page when the one before has gone', async () => {
    await using store = await testStore()
    await store.createStream('clicks')
    const timers = store.clock.pending
    const route = consoleRoute(store)
    for (const page of ['first', 'second', 'third']) {
      const end = new AbortController()
      const events = new PageEvents(await ask(route, request('GET', '/console/api/events'), end.signal))
      await events.next()
      expect([page, store.clock.pending]).toEqual([page, timers + 1])
      await store.advance({ seconds: 1 })
      expect((await events.next())?.name).toBe('sample')
      end.abort()
      await events.next()
    }
  })

  it('are bounded, and make room when they end', async () => {
    await using store = await testStore()
    const route = consoleRoute(store)
    const ends = Array.from({ length: eventStreamsMax }, () => new AbortController())
    for (const end of ends) {
      expect(await ask(route, request('GET', '/console/api/events'), end.signal)).toMatchObject({
        status: 200,
      })
    }
    expect(await ask(route, request('GET', '/console/api/events'))).toMatchObject({ status: 503 })
    // Nobody has taken an event of it: its page is gone all the same.
    ends[0]?.abort()
    expect(await ask(route, request('GET', '/console/api/events'))).toMatchObject({ status: 200 })
    for (const end of ends) end.abort()
  })

  it('read no further than the page does', async () => {
    await using store = await testStore()
    const clicks = await store.createStream('clicks')
    for (let index = 0; index < 5000; index++) clicks.append('k', Buffer.from(String(index)))
    const end = new AbortController()
    const asked = request('GET', pathOf('clicks', 'tail?from=oldest'))
    const events = new PageEvents(await ask(consoleRoute(store), asked, end.signal))
    await events.nextOf('begin')
    let seen = 0
    let last = 0
    while (seen < 5000) {
      const { data } = await events.nextOf('records')
      // One page at a time: what was read is what was handed out.
      seen += data.records.length
      expect(data.scanned).toBe(seen)
      last = data.records.length
    }
    expect(last).toBeLessThanOrEqual(500)
    end.abort()
  })

  it('end with the server', async () => {
    await using store = await testStore()
    await store.createStream('clicks')
    const server = await startServer(store, { port: 0, graceMs: 60_000 })
    const paths = ['/console/api/events', pathOf('clicks', 'events'), pathOf('clicks', 'tail?from=latest')]
    const headers = { 'x-millrace-console': ownHeaders['x-millrace-console'] as string }
    const answers = await Promise.all(paths.map((path) => fetch(server.endpoint + path, { headers })))
    const texts = answers.map((answer) => answer.text())
    await server.close()
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200])
    expect(await Promise.all(texts)).toEqual(paths.map(() => expect.stringMatching(/^$|^event: /)))
  })
})
