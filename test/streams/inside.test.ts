import { expect, it } from 'vitest'
import * as publicSurface from '../../src/index.ts'
import { insideOf } from '../../src/streams/store.ts'
import { coreOf } from '../../src/streams/stream.ts'
import { openSubject } from './subject.ts'

it('leads from a store and its streams to what they share', async () => {
  const { store, clock } = await openSubject()
  const stream = await store.createStream('s', { shards: 2 })
  const { account, region, meta, time, core, clock: given } = insideOf(store)
  expect(given).toBe(clock)
  expect(time.nowMs()).toBe(clock.nowMs())
  expect(meta.state.streams.size).toBe(1)
  const key = { account, region, name: 's' }
  expect(core(key)).toBe(coreOf(stream))
  expect(coreOf(store.stream('s'))).toBe(coreOf(stream))
  expect(() => core({ ...key, name: 'other' })).toThrow(/no stream other/)
  await store.close()
  expect(() => core(key)).toThrow(expect.objectContaining({ code: 'ERR_MILLRACE_CLOSED' }))
})

it('is not public', () => {
  expect(Object.keys(publicSurface)).not.toContain('coreOf')
  expect(Object.keys(publicSurface)).not.toContain('insideOf')
})
