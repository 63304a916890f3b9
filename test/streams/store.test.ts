import { describe, expect, it } from 'vitest'
import type { Store } from '../../src/streams/store.ts'
import { jsonCodec, textCodec } from '../../src/streams/codec.ts'
import { bothAnswers, bytesOf, collect, openSubject } from './subject.ts'

describe.each(bothAnswers)('a store on an engine that answers %s', (answers) => {
  it('creates streams with shards of equal width and AWS names', async () => {
    const { store } = await openSubject({ answers, account: '123456789012', region: 'eu-west-1' })
    const clicks = await store.createStream('clicks', { shards: 2, retentionHours: 48 })
    expect(clicks.name).toBe('clicks')
    expect(clicks.arn).toBe('arn:aws:kinesis:eu-west-1:123456789012:stream/clicks')
    expect(clicks.describe()).toEqual({
      name: 'clicks',
      arn: clicks.arn,
      createdAtMs: Date.UTC(2026, 0, 1),
      retentionHours: 48,
      maxRecordBytes: 1024 * 1024,
      shardCount: 2,
      status: 'ACTIVE',
      mode: 'PROVISIONED',
      distribution: 'USER_PARTITION_KEY',
      warmThroughput: undefined,
      encryptionType: 'NONE',
      kmsKeyId: undefined,
      monitoring: [],
      tagCount: 0,
      consumerCount: 0,
    })
    expect(clicks.shards()).toEqual([
      {
        shardId: 'shardId-000000000000',
        startingHashKey: '0',
        endingHashKey: '170141183460469231731687303715884105727',
        createdAtMs: Date.UTC(2026, 0, 1),
        startingSequenceNumber: '49670424472731169861061894383142885425265240724400504834',
      },
      {
        shardId: 'shardId-000000000001',
        startingHashKey: '170141183460469231731687303715884105728',
        endingHashKey: '340282366920938463463374607431768211455',
        createdAtMs: Date.UTC(2026, 0, 1),
        startingSequenceNumber: '49670424472753470606260425006284421143537889085906485266',
      },
    ])
  })

  it('keeps its streams and their records', async () => {
    const { store, disk, clock } = await openSubject({ answers })
    const before = await store.createStream('clicks', { codec: textCodec, shards: 3 })
    const stored = await before.put('user', 'hello')
    await store.close()

    const again = await openSubject({ answers, disk, clock })
    const after = again.store.stream('clicks', { codec: textCodec })
    const [record] = await collect(after.read({ from: 'oldest', until: 'tail' }))
    expect(record?.data).toBe('hello')
    expect(record?.sequenceNumber).toBe(stored.sequenceNumber)
    expect(again.store.listStreams().map(({ name }) => name)).toEqual(['clicks'])
  })

  it('lists the streams of its own account and region, by name', async () => {
    const { store, disk, clock } = await openSubject({ answers })
    for (const name of ['b', 'a-1', 'B', 'a.0', '_']) await store.createStream(name)
    expect(store.listStreams().map(({ name }) => name)).toEqual(['B', '_', 'a-1', 'a.0', 'b'])
    await store.close()
    const other = await openSubject({ answers, disk, clock, region: 'us-west-2' })
    expect(other.store.listStreams()).toEqual([])
  })

  it('refuses a second stream of one name, also when both are created at once', async () => {
    const { store, disk } = await openSubject({ answers })
    const results = await Promise.allSettled([store.createStream('s'), store.createStream('s')])
    expect(results.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
    await expect(store.createStream('s')).rejects.toMatchObject({ code: 'ERR_MILLRACE_STREAM_EXISTS' })
    expect(store.listStreams().length).toBe(1)
    expect(disk.logs.size).toBe(0)
  })

  it('opens no log before somebody uses it', async () => {
    const { store, disk, faults } = await openSubject({ answers })
    const stream = await store.createStream('s', { shards: 8 })
    store.stream('s').shards()
    store.listStreams()
    expect(disk.logs.size).toBe(0)
    await stream.put('key', bytesOf('x'))
    expect(disk.logs.size).toBe(1)
    expect(faults.calls('append')).toBe(1)
  })

  it('lets objects of one stream be one stream', async () => {
    const { store } = await openSubject({ answers })
    const first = await store.createStream('s', { codec: jsonCodec<number>() })
    const second = store.stream('s', { codec: textCodec })
    await Promise.all([first.put('k', 1), second.put('k', '2'), first.put('k', 3)])
    expect((await collect(first.read({ from: 'oldest', until: 'tail' }))).map(({ data }) => data)).toEqual([
      1, 2, 3,
    ])
  })

  it('deletes a stream with its records, for all who use it', async () => {
    const { store, disk } = await openSubject({ answers })
    const stream = await store.createStream('s', { shards: 2 })
    await stream.put('k', bytesOf('x'))
    const waiting = stream.read({ from: 'latest' }).next()
    const gone = { code: 'ERR_MILLRACE_STREAM_NOT_FOUND' }
    const ended = expect(waiting).rejects.toMatchObject(gone)
    await store.deleteStream('s')
    await ended
    expect(disk.logs.size).toBe(0)
    expect(store.listStreams()).toEqual([])
    await expect(stream.put('k', bytesOf('x'))).rejects.toMatchObject(gone)
    expect(() => stream.read({ from: 'oldest' })).toThrow(expect.objectContaining(gone))
    expect(() => store.stream('s')).toThrow(expect.objectContaining(gone))
    await expect(store.deleteStream('s')).rejects.toMatchObject(gone)
  })

  it('deletes a stream once when two delete it at once', async () => {
    const { store } = await openSubject({ answers })
    await store.createStream('s')
    const results = await Promise.allSettled([store.deleteStream('s'), store.deleteStream('s')])
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected'])
  })

  it('makes a new stream of a name that was deleted, which has none of the old records', async () => {
    const { store } = await openSubject({ answers })
    const old = await store.createStream('s')
    await old.put('k', bytesOf('x'))
    await store.deleteStream('s')
    const fresh = await store.createStream('s', { shards: 2 })
    expect(await collect(fresh.read({ from: 'oldest', until: 'tail' }))).toEqual([])
    await expect(old.flush()).rejects.toMatchObject({ code: 'ERR_MILLRACE_STREAM_NOT_FOUND' })
  })

  it('drops at opening what a crash left of a stream that does not exist', async () => {
    const { store, disk, clock } = await openSubject({ answers })
    const stream = await store.createStream('s')
    await stream.put('k', bytesOf('x'))
    await store.close()
    const [log] = disk.logs.values()
    if (log !== undefined) disk.logs.set('model/99', log.clone())
    const again = await openSubject({ answers, disk, clock })
    expect(disk.logs.size).toBe(1)
    const kept = again.store.stream('s').read({ from: 'oldest', until: 'tail' })
    expect((await collect(kept)).length).toBe(1)
  })

  it('changes nothing when the metadata cannot take a stream', async () => {
    const { store, metaFaults } = await openSubject({ answers })
    metaFaults.refuseAppend(-2)
    await expect(store.createStream('s')).rejects.toMatchObject({ code: 'ERR_MILLRACE_NO_SPACE' })
    expect(store.listStreams()).toEqual([])
    await store.createStream('s')
  })

  it('stores at close what was put before it', async () => {
    const { store, disk, clock } = await openSubject({ answers })
    const stream = await store.createStream('s', { shards: 4 })
    const puts = ['a', 'b', 'c', 'd'].map((key) => stream.put(key, bytesOf(key)))
    const closed = store.close()
    expect((await Promise.all(puts)).length).toBe(4)
    await closed
    const again = await openSubject({ answers, disk, clock })
    const kept = again.store.stream('s').read({ from: 'oldest', until: 'tail' })
    expect((await collect(kept)).length).toBe(4)
  })

  it('answers what was under way at close as it went', async () => {
    const { store, disk, clock } = await openSubject({ answers })
    await store.createStream('old')
    const [created] = await Promise.all([store.createStream('new'), store.deleteStream('old'), store.close()])
    await expect(created.put('k', bytesOf('x'))).rejects.toMatchObject({ code: 'ERR_MILLRACE_CLOSED' })
    const again = await openSubject({ answers, disk, clock })
    expect(again.store.listStreams().map(({ name }) => name)).toEqual(['new'])
  })

  it('answers nothing but ERR_MILLRACE_CLOSED after close', async () => {
    const { store } = await openSubject({ answers })
    const stream = await store.createStream('s')
    const begun = stream.read({ from: 'oldest' })
    await stream.put('k', bytesOf('x'))
    await stream.put('k', bytesOf('y'))
    await begun.next()
    await store.close()
    const calls: (() => unknown)[] = [
      () => store.createStream('t'),
      () => store.stream('s'),
      () => store.listStreams(),
      () => store.deleteStream('s'),
      () => stream.append('k', bytesOf('x')),
      () => stream.put('k', bytesOf('x')),
      () => stream.putBatch([]),
      () => stream.read({ from: 'oldest' }),
      () => stream.readBatches({ from: 'oldest' }),
      () => stream.setRetention(48),
      () => stream.flush(),
      () => stream.stats(),
      () => stream.describe(),
      () => stream.shards(),
      () => begun.next(),
    ]
    for (const call of calls) {
      const outcome = await (async () => call())().catch((error: unknown) => error)
      expect(outcome, String(call)).toMatchObject({ code: 'ERR_MILLRACE_CLOSED' })
    }
    expect(await begun.next()).toEqual({ done: true, value: undefined })
  })

  it('ends readers that wait when it is closed', async () => {
    const { store } = await openSubject({ answers })
    const stream = await store.createStream('s', { shards: 3 })
    const waiting = expect(stream.read({ from: 'oldest' }).next()).rejects.toMatchObject({
      code: 'ERR_MILLRACE_CLOSED',
    })
    await store.close()
    await waiting
  })

  it('closes once, however often it is asked to', async () => {
    const { store } = await openSubject({ answers })
    expect(store.close()).toBe(store.close())
    await store[Symbol.asyncDispose]()
  })

  it('closes everything although one log fails to close, and says so', async () => {
    const { store, faults, disk, clock } = await openSubject({ answers })
    const stream = await store.createStream('s')
    await stream.put('k', bytesOf('x'))
    faults.fail('close', new Error('no'), { landed: true })
    await expect(store.close()).rejects.toThrow('no')
    const again = await openSubject({ answers, disk, clock })
    expect(again.store.listStreams().length).toBe(1)
  })

  it('leaves no timer behind', async () => {
    const { store, clock } = await openSubject({ answers })
    const stream = await store.createStream('s')
    await stream.put('k', bytesOf('x'))
    await store.close()
    expect(clock.pending).toBe(0)
  })
})

const unshowable = {
  get constructor(): never {
    throw new Error('do not look')
  },
}

describe('what a store refuses', () => {
  const invalid = 'ERR_MILLRACE_INVALID_ARGUMENT'
  const cases: [string, (store: Store) => unknown, string, string][] = [
    ['an empty name', (s) => s.createStream(''), invalid, 'name'],
    ['a name of 129 characters', (s) => s.createStream('n'.repeat(129)), invalid, 'name'],
    ['a name with a slash', (s) => s.createStream('a/b'), invalid, 'name'],
    ['a name with an umlaut', (s) => s.createStream('ü'), invalid, 'name'],
    ['a name with a line end', (s) => s.createStream('a\n'), invalid, 'name'],
    ['a number for a name', (s) => s.createStream(7 as never), invalid, 'name'],
    ['a bad name to open', (s) => s.stream('a b'), invalid, 'name'],
    ['a bad name to delete', (s) => s.deleteStream('a b'), invalid, 'name'],
    ['no shards', (s) => s.createStream('s', { shards: 0 }), invalid, 'shards'],
    ['10,001 shards', (s) => s.createStream('s', { shards: 10_001 }), invalid, 'shards'],
    ['half a shard', (s) => s.createStream('s', { shards: 1.5 }), invalid, 'shards'],
    ['shards as text', (s) => s.createStream('s', { shards: '4' as never }), invalid, 'shards'],
    ['null for shards', (s) => s.createStream('s', { shards: null as never }), invalid, 'shards'],
    ['null hours', (s) => s.createStream('s', { retentionHours: null as never }), invalid, 'retentionHours'],
    ['a name that throws when it is shown', (s) => s.createStream(unshowable as never), invalid, 'name'],
    ['23 hours', (s) => s.createStream('s', { retentionHours: 23 }), invalid, 'retentionHours'],
    ['8761 hours', (s) => s.createStream('s', { retentionHours: 8761 }), invalid, 'retentionHours'],
    ['records below 1 MiB', (s) => s.createStream('s', { maxRecordBytes: 1023 }), invalid, 'maxRecordBytes'],
    ['above 10 MiB', (s) => s.createStream('s', { maxRecordBytes: 10_485_761 }), invalid, 'maxRecordBytes'],
    ['a codec by name', (s) => s.createStream('s', { codec: 'json' as never }), invalid, 'codec'],
    ['half a codec', (s) => s.stream('s', { codec: { encode: String } as never }), invalid, 'codec'],
    ['no options', (s) => s.createStream('s', null as never), invalid, 'createStream options'],
    ['a list of options', (s) => s.stream('s', [] as never), invalid, 'stream options'],
  ]

  it.each(cases)('%s', async (_what, call, code, field) => {
    const { store } = await openSubject()
    const outcome = await (async () => call(store))().catch((error: unknown) => error)
    expect(outcome).toMatchObject({ code, details: { field } })
    expect(store.listStreams()).toEqual([])
  })

  it('is named when it is an option that nobody knows', async () => {
    const { store } = await openSubject()
    await expect(store.createStream('s', { shard: 4 } as never)).rejects.toMatchObject({
      code: 'ERR_MILLRACE_UNKNOWN_OPTION',
      details: { option: 'shard' },
      message: expect.stringContaining('"shard"'),
    })
    expect(store.listStreams()).toEqual([])
    await expect(openSubject({ regoin: 'x' } as never)).rejects.toMatchObject({
      code: 'ERR_MILLRACE_UNKNOWN_OPTION',
      details: { option: 'regoin' },
    })
  })

  it.each([
    ['account', { account: '1234' }],
    ['region', { region: 'US EAST' }],
    ['onWarning', { onWarning: 'loud' as never }],
  ])('is a store option %s of the wrong form', async (field, options) => {
    await expect(openSubject(options)).rejects.toMatchObject({ code: invalid, details: { field } })
  })

  it('is a stream whose records its engine cannot take', async () => {
    const { store } = await openSubject({ caps: { maxRecordBytes: 2 * 1024 * 1024 } })
    await expect(store.createStream('s', { maxRecordBytes: 3 * 1024 * 1024 })).rejects.toMatchObject({
      code: 'ERR_MILLRACE_UNSUPPORTED',
    })
  })
})
