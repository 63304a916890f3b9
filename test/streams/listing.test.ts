import { describe, expect, it } from 'vitest'
import { insideOf } from '../../src/streams/store.ts'
import { coreOf } from '../../src/streams/stream.ts'
import { openSubject } from './subject.ts'

/** Counts how often a field of these objects is read from now on. */
function reads(objects: Iterable<object>, field: string): () => number {
  let count = 0
  for (const object of objects) {
    const value: unknown = Reflect.get(object, field)
    const get = (): unknown => {
      count += 1
      return value
    }
    Object.defineProperty(object, field, { enumerable: true, get })
  }
  return () => count
}

describe('listing streams', () => {
  it('goes on behind a name, of which there need not be a stream', async () => {
    const { store } = await openSubject()
    for (const name of ['b', 'd', 'a', 'c']) await store.createStream(name)
    const names = (exclusiveStartName?: string, max?: number): string =>
      store
        .listStreams({ exclusiveStartName, max })
        .map(({ name }) => name)
        .join('')
    expect(names()).toBe('abcd')
    expect(names('b')).toBe('cd')
    expect(names('bb', 1)).toBe('c')
    expect(names('d')).toBe('')
    expect(names(undefined, 3)).toBe('abc')
    await store.deleteStream('c')
    await store.createStream('bb')
    expect(names('b')).toBe('bbd')
  })

  it.each([
    ['max', { max: 0 }],
    ['exclusiveStartName', { exclusiveStartName: '' }],
    ['exclusiveStartName', { exclusiveStartName: 7 as unknown as string }],
  ])('refuses a wrong %s', async (field, options) => {
    const { store } = await openSubject()
    expect(() => store.listStreams(options)).toThrow(
      expect.objectContaining({ details: expect.objectContaining({ field }) }),
    )
    expect(() => store.listStreams({ other: 1 } as object)).toThrow(
      expect.objectContaining({ code: 'ERR_MILLRACE_UNKNOWN_OPTION' }),
    )
  })

  it('describes no more than the page', async () => {
    const { store } = await openSubject()
    for (let index = 0; index < 50; index++) await store.createStream(`s${index}`)
    const looks = reads(insideOf(store).meta.state.streams.values(), 'retentionHours')
    expect(store.listStreams({ max: 5 })).toHaveLength(5)
    expect(looks()).toBe(5)
  })
})

describe('listing shards', () => {
  it('describes no more than the page', async () => {
    const { store } = await openSubject()
    const stream = await store.createStream('s', { shards: 50 })
    const state = insideOf(store).meta.state.streams.get(coreOf(stream).id)
    const looks = reads(state?.shards ?? [], 'startingHashKey')
    const page = stream.listShards({ exclusiveStartShardId: 'shardId-000000000039', max: 5 })
    expect(page.map(({ shardId }) => Number(shardId.slice(-12)))).toEqual([40, 41, 42, 43, 44])
    expect(looks()).toBe(5)
  })
})

it('counting the shards of an account looks at those of each stream once', async () => {
  const { store } = await openSubject()
  for (let index = 0; index < 10; index++) await store.createStream(`s${index}`, { shards: 20 })
  const { streams } = insideOf(store).meta.state
  await store.account.setLimits({ shardLimit: 1000 })
  const looks = reads(
    [...streams.values()].flatMap(({ shards }) => shards),
    'closedAtMs',
  )
  for (let index = 0; index < 10; index++) await store.createStream(`t${index}`)
  expect(store.account.limits().openShards).toBe(210)
  expect(looks()).toBe(200)
})
