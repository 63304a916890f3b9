import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { open, type OpenOptions, type Store } from '../src/index.ts'
import { textCodec } from '../src/streams/codec.ts'

const folder = mkdtempSync(join(tmpdir(), 'millrace-durability-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
let folders = 0
const fresh = (): string => join(folder, String(folders++))

const modes: readonly OpenOptions[] = [
  { durability: 'process' },
  { durability: 'commit' },
  { durability: 'commit', visibility: 'committed' },
  { durability: 'interval' },
  { durability: 'interval', intervalMs: 5, intervalBytes: 1024 * 1024 },
  { durability: 'none' },
]

describe.each(modes)('a store opened with %o', (options) => {
  it('stores, shows and keeps what it answered', async () => {
    const path = fresh()
    const store = await open(path, options)
    const stream = await store.createStream('s', { shards: 8, codec: textCodec })
    const entries = Array.from({ length: 300 }, (_, index) => ({
      partitionKey: `k${index}`,
      data: `v${index}`,
    }))
    const results = await stream.putBatch(entries)
    expect(results.every((result) => result.ok)).toBe(true)
    const one = await stream.put('k', 'one')
    expect(one.durable).toBe(options.durability === 'commit')
    const seen: string[] = []
    for await (const record of stream.read({ from: 'oldest', until: 'tail' })) seen.push(record.data)
    expect(seen.toSorted()).toEqual([...entries.map(({ data }) => data), 'one'].toSorted())
    await store.close()

    const again = await open(path)
    const kept = again.stream('s', { codec: textCodec })
    const left: string[] = []
    for await (const record of kept.read({ from: 'oldest', until: 'tail' })) left.push(record.data)
    expect(left.toSorted()).toEqual(seen.toSorted())
    await again.close()
  })

  it('keeps the order of puts that are not awaited', async () => {
    const store = await open(fresh(), options)
    const stream = await store.createStream('s', { codec: textCodec })
    const puts = Array.from({ length: 500 }, (_, index) => stream.put('same key', String(index)))
    await Promise.all(puts)
    const seen: string[] = []
    for await (const record of stream.read({ from: 'oldest', until: 'tail' })) seen.push(record.data)
    expect(seen).toEqual(Array.from({ length: 500 }, (_, index) => String(index)))
    await store.close()
  })

  it('wakes a reader that waits', async () => {
    const store = await open(fresh(), options)
    const stream = await store.createStream('s', { codec: textCodec })
    const reader = stream.read({ from: 'latest' })
    const next = reader.next()
    await stream.put('k', 'here')
    expect((await next).value?.data).toBe('here')
    await store.close()
  })

  it('upgrades with flush', async () => {
    const store = await open(fresh(), options)
    const stream = await store.createStream('s', { codec: textCodec })
    await stream.put('k', 'v')
    await stream.flush()
    expect((await stream.stats()).shards[0]?.durable).toBe(options.durability !== 'none')
    await store.close()
  })
})

describe('stats of a store', () => {
  it('have its syncs, of the metadata and of puts', async () => {
    await using store = await open(fresh(), { durability: 'commit' })
    const opened = (await store.stats()).syncs
    const stream = await store.createStream('s', { codec: textCodec })
    const created = (await store.stats()).syncs
    for (let index = 0; index < 10; index++) await stream.put('k', 'v')
    const put = (await store.stats()).syncs
    expect(created.count).toBeGreaterThan(opened.count)
    expect(put.count).toBeGreaterThanOrEqual(created.count + 10)
    expect(put.seconds).toBeGreaterThan(created.seconds)
    expect(put.failed).toBe(0)
  })

  it.each([
    ['without syncs', (): Promise<Store> => open(fresh(), { durability: 'none' })],
    ['in memory', (): Promise<Store> => open('memory:')],
  ])('%s have none', async (_where, opened) => {
    await using store = await opened()
    const stream = await store.createStream('s', { codec: textCodec })
    await stream.put('k', 'v')
    await stream.flush()
    expect((await store.stats()).syncs).toMatchObject({ count: 0, failed: 0, seconds: 0 })
  })

  it('of one that only reads have none: the writer syncs', async () => {
    const path = fresh()
    await using store = await open(path)
    await store.createStream('s')
    await using reader = await open(path, { readOnly: true })
    expect((await reader.stats()).syncs.count).toBe(0)
  })

  it('are refused once it is closed', async () => {
    const store = await open('memory:')
    await store.close()
    await expect(store.stats()).rejects.toMatchObject({ code: 'ERR_MILLRACE_CLOSED' })
  })
})

describe('append', () => {
  it.each(['commit', 'interval'] as const)(
    'is refused in favour of put with durability %s',
    async (durability) => {
      const store = await open(fresh(), { durability })
      const stream = await store.createStream('s')
      expect(() => stream.append('k', Buffer.from('v'))).toThrow(/use put\(\)/)
      await store.close()
    },
  )
})

describe('open refuses', () => {
  it.each([
    ['an interval of zero', { durability: 'interval', intervalMs: 0 }, 'intervalMs'],
    ['an interval that is no integer', { durability: 'interval', intervalMs: 1.5 }, 'intervalMs'],
    ['fewer bytes than a MiB', { durability: 'interval', intervalBytes: 1000 }, 'intervalBytes'],
    ['an interval for another mode', { durability: 'commit', intervalMs: 10 }, 'intervalMs'],
    ['bytes for another mode', { intervalBytes: 1 << 20 }, 'intervalBytes'],
    ['an unknown visibility', { durability: 'commit', visibility: 'all' }, 'visibility'],
    ['a visibility for another mode', { visibility: 'committed' }, 'visibility'],
  ])('%s', async (_what, options, named) => {
    const opening = open(fresh(), options as OpenOptions)
    await expect(opening).rejects.toMatchObject({
      code: 'ERR_MILLRACE_INVALID_ARGUMENT',
      message: expect.stringContaining(named),
    })
  })
})
