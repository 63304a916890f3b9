import { describe, expect, it } from 'vitest'
import { openSubject } from './subject.ts'

const hourMs = 3_600_000

describe('an account within a store', () => {
  it('is a name space of its own, and the store’s own methods mean the one it was opened with', async () => {
    const { store } = await openSubject()
    const other = store.within({ account: '111111111111', region: 'eu-west-1' })
    const own = await store.createStream('s')
    const theirs = await other.createStream('s', { shards: 2 })
    await other.createStream('t')
    expect(own.arn).toBe('arn:aws:kinesis:us-east-1:000000000000:stream/s')
    expect(theirs.arn).toBe('arn:aws:kinesis:eu-west-1:111111111111:stream/s')
    await theirs.put('k', Buffer.from('theirs'))
    expect((await own.stats()).recordsMax).toBe(0)
    expect(store.listStreams().map(({ name }) => name)).toEqual(['s'])
    expect(other.listStreams().map(({ name }) => name)).toEqual(['s', 't'])
    expect(store.within({ account: '000000000000', region: 'us-east-1' }).listStreams()).toHaveLength(1)
    expect(store.within({ account: '111111111111', region: 'us-east-1' }).listStreams()).toEqual([])
    await other.deleteStream('s')
    expect(() => other.stream('s')).toThrow(
      expect.objectContaining({
        code: 'ERR_MILLRACE_STREAM_NOT_FOUND',
        details: { account: '111111111111', region: 'eu-west-1', name: 's' },
      }),
    )
    expect(store.stream('s').describe().shardCount).toBe(1)
    await store.close()
    expect(() => other.listStreams()).toThrow(expect.objectContaining({ code: 'ERR_MILLRACE_CLOSED' }))
  })

  it.each([
    ['account', { account: '12', region: 'eu-west-1' }],
    ['region', { account: '111111111111', region: 'Europe' }],
  ])('is refused with a wrong %s', async (field, key) => {
    const { store } = await openSubject()
    expect(() => store.within(key)).toThrow(
      expect.objectContaining({
        code: 'ERR_MILLRACE_INVALID_ARGUMENT',
        details: expect.objectContaining({ field }),
      }),
    )
  })

  it('counts open shards and streams on demand, and shows AWS’s limits without enforcing them', async () => {
    const { store } = await openSubject()
    await store.createStream('a', { shards: 3 })
    await store.createStream('b', { mode: 'ON_DEMAND' })
    await store.within({ account: '111111111111', region: 'us-east-1' }).createStream('c', { shards: 5 })
    expect(store.account.limits()).toEqual({
      openShards: 7,
      shardLimit: 20_000,
      onDemandStreams: 1,
      onDemandStreamLimit: 50,
    })
  })

  it('enforces limits that were set, and keeps them', async () => {
    const { store, disk, clock } = await openSubject()
    await store.account.setLimits({ shardLimit: 5 })
    await store.account.setLimits({ onDemandStreamLimit: 1 })
    await store.createStream('a', { mode: 'ON_DEMAND' })
    await expect(store.createStream('b', { shards: 2 })).rejects.toMatchObject({
      code: 'ERR_MILLRACE_LIMIT_EXCEEDED',
      details: { limit: 'accountShards', value: 6, bound: 5 },
    })
    const other = store.within({ account: '111111111111', region: 'us-east-1' })
    await other.createStream('b', { shards: 20 })
    const grown = await store.createStream('c')
    const full = { code: 'ERR_MILLRACE_LIMIT_EXCEEDED', details: { limit: 'accountShards', bound: 5 } }
    await expect(grown.splitShard('shardId-000000000000', '7')).rejects.toMatchObject(full)
    await expect(grown.updateShardCount(2)).rejects.toMatchObject(full)
    await expect(grown.settings.setMode('ON_DEMAND')).rejects.toMatchObject({
      details: { limit: 'onDemandStreams', value: 2, bound: 1 },
    })
    await store.account.setLimits({ shardLimit: 100 })
    await grown.updateShardCount(2)
    await expect(store.createStream('b', { mode: 'ON_DEMAND' })).rejects.toMatchObject({
      details: { limit: 'onDemandStreams', value: 2, bound: 1 },
    })
    await store.close()
    const again = await openSubject({ disk, clock })
    expect(again.store.account.limits()).toMatchObject({ shardLimit: 100, onDemandStreamLimit: 1 })
    for (const wrong of [{ shardLimit: 0 }, { onDemandStreamLimit: '1' as unknown as number }]) {
      await expect(again.store.account.setLimits(wrong)).rejects.toMatchObject({
        code: 'ERR_MILLRACE_INVALID_ARGUMENT',
      })
    }
  })
})

describe('the commitment to a minimum throughput', () => {
  it('lasts 24 hours at least: an early end is put off until then', async () => {
    const { store, clock, disk } = await openSubject()
    const { account } = store
    const startMs = clock.nowMs()
    expect(account.commitment().status).toBe('DISABLED')
    expect(await account.setCommitment(true)).toEqual({
      status: 'ENABLED',
      startedAtMs: startMs,
      endedAtMs: undefined,
      earliestAllowedEndAtMs: startMs + 24 * hourMs,
    })
    await clock.advance(hourMs)
    const put = await account.setCommitment(false)
    expect(put.status).toBe('ENABLED_UNTIL_EARLIEST_ALLOWED_END')
    await clock.advance(23 * hourMs - 1)
    expect(account.commitment().status).toBe('ENABLED_UNTIL_EARLIEST_ALLOWED_END')
    await store.close()
    const again = await openSubject({ disk, clock })
    await clock.advance(1)
    expect(again.store.account.commitment()).toMatchObject({
      status: 'DISABLED',
      startedAtMs: startMs,
      endedAtMs: startMs + 24 * hourMs,
    })
  })

  it('ends at once after 24 hours, and goes on when its end is taken back in time', async () => {
    const { store, clock } = await openSubject()
    const { account } = store
    await account.setCommitment(true)
    await account.setCommitment(false)
    expect((await account.setCommitment(true)).status).toBe('ENABLED')
    await clock.advance(30 * hourMs)
    expect(account.commitment().status).toBe('ENABLED')
    const ended = await account.setCommitment(false)
    expect(ended).toMatchObject({ status: 'DISABLED', endedAtMs: clock.nowMs() })
    await clock.advance(1)
    expect(await account.setCommitment(true)).toMatchObject({ status: 'ENABLED', startedAtMs: clock.nowMs() })
  })

  it('is one account’s and region’s', async () => {
    const { store } = await openSubject()
    await store.account.setCommitment(true)
    const other = store.within({ account: '000000000000', region: 'eu-west-1' })
    expect(other.commitment().status).toBe('DISABLED')
  })
})
