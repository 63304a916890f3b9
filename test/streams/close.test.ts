import { describe, expect, it } from 'vitest'
import type { Stream } from '../../src/streams/stream.ts'
import { openSubject } from './subject.ts'

/** The engine of the model answers within microtasks. */
async function untilUpdating(stream: Stream): Promise<void> {
  for (let turns = 0; turns < 1000; turns++) {
    if (stream.describe().status === 'UPDATING') return
    await Promise.resolve()
  }
  throw new Error('the change has not begun')
}

describe('closing a store while its shards change', () => {
  it('leaves no timer behind, also not for a stream that is DELETING', async () => {
    const { store, clock, warnings } = await openSubject({
      answers: 'later',
      transitions: { deletingMs: 60_000 },
    })
    const stream = await store.createStream('s', { shards: 8 })
    const scaled = stream.updateShardCount(16).catch(() => {})
    await untilUpdating(stream)
    await store.deleteStream('s')
    await store.close()
    await scaled
    expect(clock.pending).toBe(0)
    await clock.advance(600_000)
    expect(warnings).toEqual([])
  })

  it('warns of no stream that was about to go and has to wait for the next opening', async () => {
    const { store, clock, disk, warnings, faults } = await openSubject({
      answers: 'later',
      transitions: { deletingMs: 60_000 },
    })
    await store.createStream('s')
    await store.deleteStream('s')
    const other = await store.createStream('t')
    const release = faults.hold('append')
    const put = other.put('k', Buffer.from('v'))
    const closed = store.close()
    await clock.advance(60_000)
    release()
    await put
    await closed
    expect(clock.pending).toBe(0)
    expect(warnings).toEqual([])
    const again = await openSubject({ disk, clock })
    await clock.advance(1)
    expect(again.store.listStreams()).toMatchObject([{ name: 't' }])
  })

  it('fails a change of the number of shards of which steps are left', async () => {
    const { store, disk, clock } = await openSubject({ answers: 'later' })
    const stream = await store.createStream('s', { shards: 4 })
    const scaled = stream.updateShardCount(5)
    await untilUpdating(stream)
    const closed = store.close()
    await expect(scaled).rejects.toThrow(expect.objectContaining({ code: 'ERR_MILLRACE_CLOSED' }))
    await closed
    const again = await openSubject({ disk, clock })
    expect(again.store.stream('s').describe()).toMatchObject({ shardCount: 5, status: 'ACTIVE' })
  })
})
