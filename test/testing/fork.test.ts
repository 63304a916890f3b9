import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { insideOf, type Store } from '../../src/streams/store.ts'
import { testStore } from '../../src/testing/test-store.ts'
import { bytesOf, collect } from '../streams/subject.ts'

/** Everything that a stream shows, record by record. */
async function shown(store: Store, name: string): Promise<unknown> {
  const stream = store.stream(name)
  const records = await collect(stream.read({ from: 'oldest', until: 'tail' }))
  return {
    description: stream.describe(),
    shards: stream.shards(),
    records: records.map((record) => JSON.stringify(record)),
  }
}

/** The records of the stream `s`, each shard's in order: how shards are interleaved depends on when they are read. */
async function recordsOf(store: Store): Promise<readonly string[]> {
  const records = await collect(store.stream('s').read({ from: 'oldest', until: 'tail' }))
  return records
    .map(
      (record) =>
        `${record.shardId} ${record.sequenceNumber} ${record.arrivedAtMs} ${record.bytes.toString()}`,
    )
    .toSorted()
}

/** More than twice, or less than half of what there is, or too often in a day. */
function ignoreLimit(error: { readonly code?: unknown }): void {
  if (error.code !== 'ERR_MILLRACE_LIMIT_EXCEEDED') throw error
}

describe('a fork', () => {
  it('holds what the store held, number by number', async () => {
    await using store = await testStore()
    const stream = await store.createStream('clicks', { shards: 4, retentionHours: 48 })
    for (let record = 0; record < 300; record++) {
      await stream.put(`key-${record % 7}`, bytesOf(`${record}`), {
        explicitHashKey: String(BigInt(record) * 10n ** 36n),
      })
      if (record % 3 === 0) await store.advance(record)
    }
    await using fork = await store.fork()
    expect(await shown(fork, 'clicks')).toEqual(await shown(store, 'clicks'))
    expect(fork.clock.nowMs()).toBe(store.clock.nowMs())
  })

  it('goes its own way', async () => {
    await using store = await testStore()
    const stream = await store.createStream('clicks')
    await stream.put('a', bytesOf('common'))
    await using fork = await store.fork()
    const here = await stream.put('a', bytesOf('here'))
    const there = await fork.stream('clicks').put('a', bytesOf('there'))
    expect(there.sequenceNumber).toBe(here.sequenceNumber)
    await fork.createStream('more')
    await fork.deleteStream('clicks')
    expect(store.listStreams().map(({ name }) => name)).toEqual(['clicks'])
    await fork.advance({ days: 2 })
    expect(await collect(stream.read({ from: 'oldest', until: 'tail' }))).toHaveLength(2)
  })

  it('outlives the store that it came from', async () => {
    const store = await testStore()
    await (await store.createStream('clicks')).put('a', bytesOf('1'))
    const snapshot = await store.snapshot()
    await store.close()
    await using one = await snapshot.open()
    await using other = await snapshot.open()
    await one.stream('clicks').put('a', bytesOf('2'))
    expect(await collect(one.stream('clicks').read({ from: 'oldest', until: 'tail' }))).toHaveLength(2)
    expect(await collect(other.stream('clicks').read({ from: 'oldest', until: 'tail' }))).toHaveLength(1)
  })

  it('has a beginning where that of the store was trimmed, and nothing before it', async () => {
    await using store = await testStore()
    const stream = await store.createStream('clicks')
    await stream.putBatch(
      Array.from({ length: 5000 }, (_, n) => ({ partitionKey: 'a', data: bytesOf(`${n}`) })),
    )
    await store.advance({ hours: 12 })
    const kept = await stream.put('a', bytesOf('kept'))
    await store.advance({ hours: 13 })
    await using fork = await store.fork()
    const held = await collect(fork.stream('clicks').read({ from: 'oldest', until: 'tail' }))
    expect(held.map(({ sequenceNumber }) => sequenceNumber)).toEqual([kept.sequenceNumber])
    expect(await fork.stream('clicks').stats()).toMatchObject({ recordsMax: 1 })
  })

  it('of a store whose records are all gone numbers on where the store would', async () => {
    await using store = await testStore()
    const stream = await store.createStream('clicks')
    await stream.putBatch(Array.from({ length: 10 }, () => ({ partitionKey: 'a', data: bytesOf('x') })))
    await store.advance({ days: 3 })
    await using fork = await store.fork()
    const [here, there] = [stream, fork.stream('clicks')].map((each) => each.append('a', bytesOf('next')))
    expect(there?.sequenceNumber).toBe(here?.sequenceNumber)
  })

  it('ages as the store would have', async () => {
    await using store = await testStore()
    const stream = await store.createStream('clicks')
    await stream.put('a', bytesOf('1'))
    await store.advance({ hours: 20 })
    await using fork = await store.fork()
    await fork.advance({ hours: 4 })
    const held = () => collect(fork.stream('clicks').read({ from: 'oldest', until: 'tail' }))
    expect(await held()).toHaveLength(1)
    await fork.advance(1)
    expect(await held()).toEqual([])
  })

  it('changes its metadata from where the store left it', async () => {
    await using store = await testStore()
    for (const name of ['a', 'b', 'c']) await store.createStream(name)
    await store.deleteStream('b')
    await store.stream('a').setRetention(48)
    await using fork = await store.fork()
    const revision = insideOf(store).meta.state.revision
    expect(insideOf(fork).meta.state).toEqual(insideOf(store).meta.state)
    await fork.stream('a').setRetention(72)
    expect(insideOf(fork).meta.state.revision).toBeGreaterThan(revision)
    await using again = await fork.fork()
    expect(again.stream('a').describe().retentionHours).toBe(72)
    expect(again.listStreams().map(({ name }) => name)).toEqual(['a', 'c'])
  })

  it('holds what was put before it was asked for, though nobody awaited that', async () => {
    await using store = await testStore()
    const stream = await store.createStream('clicks', { shards: 2 })
    const puts = Array.from({ length: 50 }, (_, n) => stream.put(`${n}`, bytesOf('x')))
    await using fork = await store.fork()
    expect(await collect(fork.stream('clicks').read({ from: 'oldest', until: 'tail' }))).toHaveLength(50)
    await Promise.all(puts)
  })

  it('has the shards that were split and merged, with all that they hold', async () => {
    await using store = await testStore()
    const stream = await store.createStream('clicks', { shards: 2 })
    const put = () =>
      stream.putBatch(Array.from({ length: 100 }, (_, n) => ({ partitionKey: `${n}`, data: bytesOf('x') })))
    await put()
    await stream.updateShardCount(4)
    await put()
    await store.advance({ hours: 20 })
    await stream.updateShardCount(3)
    await put()
    await store.advance({ hours: 5 })
    await using fork = await store.fork()
    expect(await shown(fork, 'clicks')).toEqual(await shown(store, 'clicks'))
    expect(fork.stream('clicks').shards()).toHaveLength(5)
    await fork.stream('clicks').updateShardCount(6)
    await fork.advance({ days: 2 })
    expect(fork.stream('clicks').shards()).toHaveLength(6)
  })

  it('has the settings, the consumers and the streams of other accounts', async () => {
    await using store = await testStore()
    const stream = await store.createStream('clicks')
    await stream.settings.tag({ team: 'web' })
    await stream.consumers.register('reporting')
    const other = { account: '123456789012', region: 'eu-west-1' }
    await (await store.within(other).createStream('theirs')).put('a', bytesOf('1'))
    await using fork = await store.fork()
    expect(insideOf(fork).meta.state).toEqual(insideOf(store).meta.state)
    expect(fork.stream('clicks').describe()).toEqual(stream.describe())
    expect(fork.stream('clicks').consumers.list()).toEqual(stream.consumers.list())
    const theirs = fork.within(other).stream('theirs')
    expect(await collect(theirs.read({ from: 'oldest', until: 'tail' }))).toHaveLength(1)
    await fork.stream('clicks').consumers.deregister('reporting')
    expect(stream.consumers.list()).toHaveLength(1)
  })

  it('goes on with what the store was about to do', async () => {
    await using store = await testStore({ transitions: 'aws' })
    const stream = await store.createStream('clicks', { shards: 2 })
    await store.createStream('leaving')
    await store.advance({ seconds: 15 })
    await stream.putBatch(
      Array.from({ length: 50 }, (_, n) => ({ partitionKey: `${n}`, data: bytesOf('x') })),
    )
    const scaled = stream.updateShardCount(4)
    const left = store.deleteStream('leaving')
    await store.advance({ seconds: 5 })
    await using fork = await store.fork()
    const statuses = () => fork.listStreams().map(({ name, status }) => [name, status])
    expect(statuses()).toEqual([
      ['clicks', 'UPDATING'],
      ['leaving', 'DELETING'],
    ])
    await fork.advance({ seconds: 9, milliseconds: 999 })
    expect(statuses()).toHaveLength(2)
    await fork.advance(1)
    expect(statuses()).toEqual([['clicks', 'ACTIVE']])
    expect(fork.stream('clicks').describe().shardCount).toBe(4)
    await store.advance({ seconds: 15 })
    await Promise.all([scaled, left])
    expect(await shown(fork, 'clicks')).toEqual(await shown(store, 'clicks'))
  })

  it('of an empty store is empty', async () => {
    await using store = await testStore()
    await using fork = await store.fork()
    expect(fork.listStreams()).toEqual([])
  })

  it('of a closed store is refused', async () => {
    const store = await testStore()
    await (await store.createStream('clicks')).put('a', bytesOf('1'))
    await store.close()
    await expect(store.fork()).rejects.toMatchObject({ code: 'ERR_MILLRACE_CLOSED' })
  })

  it('and its store change nothing of a snapshot, nor of one another', async () => {
    const change = fc.record({
      which: fc.nat(9),
      do: fc.constantFrom('put' as const, 'advance' as const, 'fork' as const, 'snapshot' as const),
      count: fc.integer({ min: 1, max: 4000 }),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(change, { maxLength: 30 }), async (changes) => {
        const first = await testStore()
        await first.createStream('s', { shards: 2 })
        const stores = [{ store: first, model: await recordsOf(first) }]
        const snapshots = [{ snapshot: await first.snapshot(), model: await recordsOf(first) }]
        for (const { which, do: what, count } of changes) {
          const subject = stores[which % stores.length] as (typeof stores)[number]
          const kept = snapshots[which % snapshots.length] as (typeof snapshots)[number]
          if (what === 'fork') stores.push({ store: await kept.snapshot.open(), model: kept.model })
          else if (what === 'snapshot')
            snapshots.push({ snapshot: await subject.store.snapshot(), model: subject.model })
          else {
            if (what === 'advance') await subject.store.advance({ hours: count % 30 })
            const data = Buffer.alloc(300, `${count}`)
            await subject.store
              .stream('s')
              .putBatch(Array.from({ length: count }, (_, n) => ({ partitionKey: `${n}`, data })))
            subject.model = await recordsOf(subject.store)
          }
        }
        for (const { snapshot, model } of snapshots) stores.push({ store: await snapshot.open(), model })
        for (const { store, model } of stores) {
          expect(await recordsOf(store)).toEqual(model)
          await store.close()
        }
      }),
      { numRuns: 15 },
    )
  }, 60_000)

  it('holds what the store held, whatever was done to it', async () => {
    const step = fc.oneof(
      fc.record({
        do: fc.constant('put' as const),
        key: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 9 }),
        bytes: fc.nat(70_000),
      }),
      fc.record({
        do: fc.constant('batch' as const),
        count: fc.integer({ min: 1, max: 3000 }),
        bytes: fc.nat(90),
      }),
      fc.record({ do: fc.constant('advance' as const), hours: fc.nat(30) }),
      fc.record({ do: fc.constant('delete' as const) }),
      fc.record({ do: fc.constant('scale' as const), shards: fc.integer({ min: 1, max: 6 }) }),
    )
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 25 }),
        fc.integer({ min: 1, max: 5 }),
        async (steps, shards) => {
          await using store = await testStore()
          let stream = await store.createStream('s', { shards })
          for (const each of steps) {
            if (each.do === 'put') await stream.put(each.key, Buffer.alloc(each.bytes, 'x'))
            else if (each.do === 'advance') await store.advance({ hours: each.hours })
            else if (each.do === 'batch') {
              const data = Buffer.alloc(each.bytes, 'y')
              await stream.putBatch(
                Array.from({ length: each.count }, (_, n) => ({ partitionKey: `${n}`, data })),
              )
            } else if (each.do === 'scale') {
              await stream.updateShardCount(each.shards).catch(ignoreLimit)
            } else {
              await store.deleteStream('s')
              stream = await store.createStream('s', { shards })
            }
          }
          await using fork = await store.fork()
          expect(await shown(fork, 's')).toEqual(await shown(store, 's'))
          const ends = Array.from({ length: 20 }, (_, n) => ({ partitionKey: `end-${n}`, data: bytesOf('') }))
          const [here, there] = await Promise.all([stream.putBatch(ends), fork.stream('s').putBatch(ends)])
          expect(there.map((result) => JSON.stringify(result))).toEqual(
            here.map((result) => JSON.stringify(result)),
          )
        },
      ),
      { numRuns: 30 },
    )
  })
})
