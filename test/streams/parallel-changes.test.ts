import { describe, expect, it } from 'vitest'
import type { MillraceError } from '../../src/errors.ts'
import { bothAnswers, openSubject } from './subject.ts'

const many = 64

/** How many of the calls came about, and the codes of those that did not. */
async function outcomes(calls: readonly Promise<unknown>[]): Promise<{ done: number; codes: string[] }> {
  const settled = await Promise.allSettled(calls)
  const failed = settled.filter((outcome) => outcome.status === 'rejected')
  return {
    done: settled.length - failed.length,
    codes: [...new Set(failed.map(({ reason }) => (reason as MillraceError).code))],
  }
}

function times<T>(count: number, make: (index: number) => Promise<T>): readonly Promise<T>[] {
  return Array.from({ length: count }, (_, index) => make(index))
}

describe.each(bothAnswers)('many changes of one stream at once, on an engine that answers %s', (answers) => {
  it('all come about', async () => {
    const { store } = await openSubject({ answers })
    const { settings } = await store.createStream('s')
    const calls = times(many, (index) => settings.tag({ [`k${index % 50}`]: `v${index}` }))
    expect(await outcomes(calls)).toEqual({ done: many, codes: [] })
    expect(settings.tags).toHaveLength(50)
  })

  it('all come about, also of its consumers', async () => {
    const { store } = await openSubject({ answers })
    const { consumers } = await store.createStream('s')
    const registered = times(many, (index) => consumers.register(`c${index}`))
    expect(await outcomes(registered)).toEqual({ done: 20, codes: ['ERR_MILLRACE_LIMIT_EXCEEDED'] })
    const tagged = times(many, (index) => consumers.tag(`c${index % 20}`, { [`k${index}`]: 'v' }))
    expect(await outcomes(tagged)).toEqual({ done: many, codes: [] })
  })

  it('let one after the other have the shards, and are refused while it has them', async () => {
    const { store } = await openSubject({ answers })
    const stream = await store.createStream('s', { shards: many })
    const shards = stream.listShards()
    const calls = times(many, (index) => {
      const { shardId, startingHashKey } = shards[index] as (typeof shards)[number]
      return stream.splitShard(shardId, (BigInt(startingHashKey) + 1000n).toString())
    })
    const { done, codes } = await outcomes([...calls, ...times(many, () => stream.settings.tag({ a: 'b' }))])
    expect(done).toBeGreaterThan(many)
    expect(codes.filter((code) => code !== 'ERR_MILLRACE_STREAM_NOT_ACTIVE')).toEqual([])
  })

  it('all come about of one account', async () => {
    const { store } = await openSubject({ answers })
    const calls = times(many, (index) => store.account.setLimits({ shardLimit: index + 1 }))
    expect(await outcomes(calls)).toEqual({ done: many, codes: [] })
    expect(store.account.limits().shardLimit).toBe(many)
  })
})

describe('a change that waits for others of its stream', () => {
  it('finds that the stream is gone', async () => {
    const { store } = await openSubject({ answers: 'later' })
    const { settings } = await store.createStream('s')
    const first = settings.tag({ a: 'b' })
    const gone = store.deleteStream('s')
    const late = settings.tag({ c: 'd' })
    await first
    await gone
    await expect(late).rejects.toThrow(expect.objectContaining({ code: 'ERR_MILLRACE_STREAM_NOT_FOUND' }))
  })

  it('goes on when the one before it failed', async () => {
    const { store } = await openSubject({ answers: 'later' })
    const { settings } = await store.createStream('s')
    const wrong = settings.untag([''])
    const right = settings.tag({ a: 'b' })
    await expect(wrong).rejects.toThrow(expect.objectContaining({ code: 'ERR_MILLRACE_INVALID_ARGUMENT' }))
    await right
    expect(settings.tags).toEqual([{ key: 'a', value: 'b' }])
  })
})

describe('limits that span the streams of an account', () => {
  it('hold for streams that are created at once', async () => {
    const { store } = await openSubject({ transitions: 'aws', answers: 'later' })
    const created = await outcomes(times(12, (index) => store.createStream(`s${index}`)))
    expect(created).toEqual({ done: 5, codes: ['ERR_MILLRACE_LIMIT_EXCEEDED'] })
  })

  it('hold for the shards of streams that are created at once', async () => {
    const { store } = await openSubject({ answers: 'later' })
    await store.account.setLimits({ shardLimit: 8 })
    const created = await outcomes(times(10, (index) => store.createStream(`s${index}`, { shards: 4 })))
    expect(created).toEqual({ done: 2, codes: ['ERR_MILLRACE_LIMIT_EXCEEDED'] })
    expect(store.account.limits().openShards).toBe(8)
  })

  it('hold for streams that are switched to on demand at once, or created so', async () => {
    const { store } = await openSubject({ answers: 'later' })
    const streams = await Promise.all(times(4, (index) => store.createStream(`s${index}`)))
    await store.account.setLimits({ onDemandStreamLimit: 3 })
    const switched = streams.map(({ settings }) => settings.setMode('ON_DEMAND'))
    const created = times(4, (index) => store.createStream(`d${index}`, { mode: 'ON_DEMAND' }))
    const { done, codes } = await outcomes([...switched, ...created])
    expect({ done, codes }).toEqual({ done: 3, codes: ['ERR_MILLRACE_LIMIT_EXCEEDED'] })
    expect(store.account.limits().onDemandStreams).toBe(3)
  })

  it('hold for shards that are split at once, whose streams are many', async () => {
    const { store } = await openSubject({ answers: 'later' })
    const streams = await Promise.all(times(8, (index) => store.createStream(`s${index}`)))
    await store.account.setLimits({ shardLimit: 10 })
    const splits = streams.map((stream) => stream.splitShard('shardId-000000000000', '1000'))
    expect(await outcomes(splits)).toEqual({ done: 2, codes: ['ERR_MILLRACE_LIMIT_EXCEEDED'] })
    expect(store.account.limits().openShards).toBe(10)
  })

  it('count what a change of the number of shards is going to open', async () => {
    const { store } = await openSubject({ answers: 'later' })
    const stream = await store.createStream('s', { shards: 4 })
    await store.account.setLimits({ shardLimit: 8 })
    const scaled = stream.updateShardCount(8)
    const created = store.createStream('t')
    expect(await outcomes([scaled, created])).toEqual({ done: 1, codes: ['ERR_MILLRACE_LIMIT_EXCEEDED'] })
    expect(store.account.limits().openShards).toBe(8)
  })
})
