import { describe, expect, it } from 'vitest'
import { Store } from '../../src/streams/store.ts'
import { ManualClock } from '../../src/testing/manual-clock.ts'
import { testStore, type TestStoreOptions } from '../../src/testing/test-store.ts'
import { bytesOf, collect } from '../streams/subject.ts'

function refused(results: readonly { readonly ok: boolean }[]): number {
  return results.filter(({ ok }) => !ok).length
}

describe('a test store', () => {
  it('is a store, on a clock that only a test moves', async () => {
    await using store = await testStore()
    expect(store).toBeInstanceOf(Store)
    const stream = await store.createStream('clicks')
    const first = stream.append('a', bytesOf('1'))
    await store.advance({ minutes: 5 })
    const second = await stream.put('a', bytesOf('2'))
    expect(second.arrivedAtMs - first.arrivedAtMs).toBe(300_000)
    expect(first.arrivedAtMs).toBe(Date.UTC(2026, 0, 1))
  })

  it('forgets a record when its retention has passed, and not a millisecond before', async () => {
    await using store = await testStore()
    const stream = await store.createStream('clicks')
    await stream.put('a', bytesOf('old'))
    const held = () => collect(stream.read({ from: 'oldest', until: 'tail' }))
    await store.advance({ hours: 24 })
    expect(await held()).toHaveLength(1)
    await store.advance(1)
    expect(await held()).toEqual([])
  })

  it('gives the space of what expired back as time passes', async () => {
    await using store = await testStore()
    const stream = await store.createStream('clicks')
    await stream.put('a', bytesOf('old'))
    await store.advance({ hours: 25 })
    expect(store.clock.pending).toBe(0) // nothing is left to expire
  })

  it('changes statuses, fills limits up and expires records as time passes, each when it is due', async () => {
    await using store = await testStore({ transitions: 'aws', limits: 'enforce' })
    const stream = await store.createStream('clicks')
    expect(stream.describe().status).toBe('CREATING')
    await store.advance({ seconds: 14, milliseconds: 999 })
    expect(stream.describe().status).toBe('CREATING')
    await store.advance(1)
    expect(stream.describe().status).toBe('ACTIVE')

    const entries = Array.from({ length: 1_001 }, (_, n) => ({ partitionKey: `${n}`, data: bytesOf('x') }))
    expect(refused(await stream.putBatch(entries))).toBe(1)
    await store.advance(500)
    expect(refused(await stream.putBatch(entries))).toBe(501)

    const seen: [string, number][] = []
    const startedAtMs = store.clock.nowMs()
    store.clock.after(
      10_000,
      () => void store.deleteStream('clicks').then(() => seen.push(['deleting', store.clock.nowMs()])),
    )
    const follow = async (): Promise<void> => {
      for await (const record of stream.read({ from: 'latest' }))
        seen.push([record.partitionKey, record.arrivedAtMs])
    }
    const followed = expect(follow()).rejects.toMatchObject({ code: 'ERR_MILLRACE_STREAM_NOT_FOUND' })
    store.clock.after(5_000, () => void stream.put('late', bytesOf('x')))
    await store.advance({ hours: 1 })
    await followed
    expect(seen).toEqual([
      ['late', startedAtMs + 5_000],
      ['deleting', startedAtMs + 10_000],
    ])
    expect(store.listStreams()).toEqual([])
  })

  it('shares the clock that it is given', async () => {
    const clock = new ManualClock(1_000_000)
    await using one = await testStore({ clock })
    await using other = await testStore({ clock })
    await one.advance({ seconds: 1 })
    const stream = await other.createStream('clicks')
    expect((await stream.put('a', bytesOf('1'))).arrivedAtMs).toBe(1_001_000)
  })

  it('knows nothing of another one', async () => {
    await using one = await testStore()
    await using other = await testStore()
    await one.createStream('clicks')
    expect(other.listStreams()).toEqual([])
    await one.advance({ hours: 1 })
    expect(other.clock.nowMs()).toBe(Date.UTC(2026, 0, 1))
  })

  it('takes the options of a store', async () => {
    await using store = await testStore({ account: '123456789012', region: 'eu-central-1' })
    const stream = await store.createStream('clicks')
    expect(stream.arn).toBe('arn:aws:kinesis:eu-central-1:123456789012:stream/clicks')
  })

  it.each([
    [
      { clock: { nowMs: () => 0, monotonicMs: () => 0, after: () => () => {} } },
      /clock must be an object with the methods nowMs, .*advance/,
    ],
    [{ readOnly: true }, /"readOnly" is not known/],
    [{ account: '1' }, /account must be twelve digits/],
    [null, /testStore options must be an object/],
  ])('refuses %o', async (options, message) => {
    await expect(testStore(options as unknown as TestStoreOptions)).rejects.toThrow(message)
  })
})
