import { describe, expect, it } from 'vitest'
import type { Stream } from '../../src/streams/stream.ts'
import type { ShardFilter } from '../../src/streams/shard-filter.ts'
import { openSubject } from './subject.ts'
import type { ManualClock } from '../model/manual-clock.ts'

const half = (2n ** 127n).toString()
const quarter = (2n ** 126n).toString()
const hourMs = 3_600_000

/** A stream whose shard 0 was split after an hour (1, 2), and 1 after two (3, 4). */
async function splitTwice(): Promise<{ stream: Stream; clock: ManualClock; startMs: number }> {
  const { store, clock } = await openSubject()
  const startMs = clock.nowMs()
  const stream = await store.createStream('s')
  await clock.advance(hourMs)
  await stream.splitShard('shardId-000000000000', half)
  await clock.advance(hourMs)
  await stream.splitShard('shardId-000000000001', quarter)
  return { stream, clock, startMs }
}

function listed(stream: Stream, filter: ShardFilter): string {
  return stream
    .listShards({ filter })
    .map(({ shardId }) => Number(shardId.slice(-12)))
    .join(' ')
}

describe('listing shards', () => {
  it('names every shard within retention, by default', async () => {
    const { stream } = await splitTwice()
    expect(listed(stream, { type: 'fromTrimHorizon' })).toBe('0 1 2 3 4')
    expect(stream.listShards()).toEqual(stream.shards())
  })

  it('names the open ones at the latest', async () => {
    const { stream } = await splitTwice()
    expect(listed(stream, { type: 'atLatest' })).toBe('2 3 4')
  })

  it('names those that were open at a moment: all hash keys, and each of them once', async () => {
    const { stream, startMs } = await splitTwice()
    const at = (ms: number): string => listed(stream, { type: 'atTime', timeMs: startMs + ms })
    expect(at(0)).toBe('0')
    expect(at(hourMs)).toBe('0')
    expect(at(hourMs + 1)).toBe('1 2')
    expect(at(2 * hourMs)).toBe('1 2')
    expect(at(2 * hourMs + 1)).toBe('2 3 4')
    expect(at(100 * hourMs)).toBe('2 3 4')
    expect(at(-1000)).toBe('')
  })

  it('names those that were open at a moment or came later', async () => {
    const { stream, startMs } = await splitTwice()
    const from = (ms: number): string => listed(stream, { type: 'fromTime', timeMs: startMs + ms })
    expect(from(-hourMs)).toBe('0 1 2 3 4')
    expect(from(hourMs)).toBe('0 1 2 3 4')
    expect(from(hourMs + 1)).toBe('1 2 3 4')
    expect(from(2 * hourMs + 1)).toBe('2 3 4')
  })

  it('names those that were open at the trim horizon, which is the creation of a young stream', async () => {
    const { stream, clock } = await splitTwice()
    const at: ShardFilter = { type: 'atTrimHorizon' }
    expect(listed(stream, at)).toBe('0')
    await clock.advance(23 * hourMs + 1)
    expect(listed(stream, at)).toBe('1 2')
    await clock.advance(hourMs)
    expect(listed(stream, at)).toBe('2 3 4')
  })

  it('names those behind a shard, which may have expired', async () => {
    const { stream, clock } = await splitTwice()
    const after: ShardFilter = { type: 'afterShard', shardId: 'shardId-000000000001' }
    expect(listed(stream, after)).toBe('2 3 4')
    await clock.advance(48 * hourMs)
    expect(listed(stream, after)).toBe('2 3 4')
  })

  it('names no shard any more that was closed before the trim horizon', async () => {
    const { stream, clock } = await splitTwice()
    await clock.advance(23 * hourMs)
    expect(listed(stream, { type: 'fromTrimHorizon' })).toBe('0 1 2 3 4')
    await clock.advance(1)
    expect(listed(stream, { type: 'fromTrimHorizon' })).toBe('1 2 3 4')
    await clock.advance(hourMs)
    expect(listed(stream, { type: 'fromTrimHorizon' })).toBe('2 3 4')
  })

  it('goes on behind a shard, as many as are asked for', async () => {
    const { stream } = await splitTwice()
    const pages: string[][] = []
    for (let last: string | undefined; ;) {
      const page = stream.listShards({ max: 2, ...(last && { exclusiveStartShardId: last }) })
      pages.push(page.map(({ shardId }) => shardId.slice(-1)))
      if (page.length < 2) break
      last = page.at(-1)?.shardId
    }
    expect(pages).toEqual([['0', '1'], ['2', '3'], ['4']])
  })

  it.each([
    ['an unknown type', { filter: { type: 'all' } }],
    ['no filter', { filter: null }],
    ['a moment that a filter does not take', { filter: { type: 'atLatest', timeMs: 0 } }],
    ['no moment', { filter: { type: 'atTime' } }],
    ['half a millisecond', { filter: { type: 'fromTime', timeMs: 0.5 } }],
    ['no shard', { filter: { type: 'afterShard', shardId: '1' } }],
    ['a page of none', { max: 0 }],
    ['a beginning that is no shard', { exclusiveStartShardId: 'shardId-1' }],
    ['an unknown option', { limit: 1 }],
  ])('refuses %s', async (_what, options) => {
    const { stream } = await splitTwice()
    expect(() => stream.listShards(options as never)).toThrow(
      expect.objectContaining({
        code: expect.stringMatching(/^ERR_MILLRACE_(INVALID_ARGUMENT|UNKNOWN_OPTION)$/) as string,
      }),
    )
  })
})
