import { describe, expect, it } from 'vitest'
import { jsonCodec } from '../../src/streams/codec.ts'
import type { Gap } from '../../src/streams/reader.ts'
import type { ReadOptions } from '../../src/streams/read-options.ts'
import type { Stream } from '../../src/streams/stream.ts'
import { ManualClock } from '../model/manual-clock.ts'
import type { ModelDisk } from '../model/stored-log.ts'
import { type Answers, bothAnswers, bytesOf, collect, openSubject, type Subject } from './subject.ts'

const hourMs = 3_600_000
const dayMs = 24 * hourMs

/** A stream of one shard whose record n arrives at hour n. */
async function hourly(count: number, answers: Answers): Promise<Subject & { stream: Stream<number> }> {
  const subject = await openSubject({ answers })
  const stream = await subject.store.createStream('s', { codec: jsonCodec<number>() })
  for (let n = 0; n < count; n++) {
    if (n > 0) await subject.clock.advance(hourMs)
    await stream.put('k', n)
  }
  return { ...subject, stream }
}

async function visible(stream: Stream<number>, options: Partial<ReadOptions> = {}): Promise<number[]> {
  const reader = stream.read({ from: 'oldest', until: 'tail', ...options } as ReadOptions)
  return (await collect(reader)).map(({ data }) => data)
}

describe.each(bothAnswers)('retention, engine answers %s', (answers) => {
  it('hides a record one millisecond after its age, and not before', async () => {
    const { stream, clock } = await hourly(3, answers)
    await clock.advance(22 * hourMs)
    expect(await visible(stream)).toEqual([0, 1, 2])
    await clock.advance(1)
    expect(await visible(stream)).toEqual([1, 2])
    await clock.advance(hourMs)
    expect(await visible(stream)).toEqual([2])
    await clock.advance(hourMs)
    expect(await visible(stream)).toEqual([])
  })

  it('hides records from every starting position', async () => {
    const { stream, clock } = await hourly(10, answers)
    const startMs = Date.UTC(2026, 0, 1)
    const all = await collect(stream.read({ from: 'oldest', until: 'tail' }))
    await clock.advance(dayMs - 5 * hourMs + 1)
    expect(await visible(stream)).toEqual([5, 6, 7, 8, 9])
    expect(await visible(stream, { from: 'time', arrivedAtMs: startMs })).toEqual([5, 6, 7, 8, 9])
    expect(await visible(stream, { from: 'time', arrivedAtMs: startMs + 7 * hourMs })).toEqual([7, 8, 9])
    // After the last hidden record nothing is missing; after the one before, a record is.
    const after = async (n: number): Promise<number[]> =>
      visible(stream, { from: 'sequence', sequence: all[n]?.sequenceNumber ?? '' })
    expect(await after(4)).toEqual([5, 6, 7, 8, 9])
    await expect(after(3)).rejects.toMatchObject({
      code: 'ERR_MILLRACE_TRIMMED',
      details: { shardId: 'shardId-000000000000', recordsMax: 1 },
    })
  })

  it('hides at once when it becomes shorter, and brings nothing back when it becomes longer', async () => {
    const { stream, clock, store, disk } = await hourly(3, answers)
    await stream.setRetention(72)
    expect(stream.describe().retentionHours).toBe(72)
    await clock.advance(60 * hourMs)
    expect(await visible(stream)).toEqual([0, 1, 2])
    await stream.setRetention(61)
    expect(await visible(stream)).toEqual([1, 2])
    await stream.setRetention(8760)
    expect(await visible(stream)).toEqual([1, 2])
    await store.close()
    const again = await openSubject({ answers, disk, clock })
    expect(await visible(again.store.stream('s', { codec: jsonCodec<number>() }))).toEqual([1, 2])
  })

  it('accepts the value it has and refuses what AWS refuses', async () => {
    const { stream } = await hourly(1, answers)
    await stream.setRetention(24)
    for (const wrong of [23, 8761, 24.5, Number.NaN, '48', undefined]) {
      await expect(stream.setRetention(wrong as number)).rejects.toMatchObject({
        code: 'ERR_MILLRACE_INVALID_ARGUMENT',
        details: { field: 'retentionHours' },
      })
    }
    expect(stream.describe().retentionHours).toBe(24)
  })

  it('is set by the last of two who set it at once', async () => {
    const { stream } = await hourly(1, answers)
    await Promise.all([stream.setRetention(48), stream.setRetention(72)])
    expect(stream.describe().retentionHours).toBe(72)
  })

  it('does not resurrect hidden records when the clock is set back before the store is opened again', async () => {
    const { stream, clock, store, disk } = await hourly(1, answers)
    for (const n of [1, 2]) {
      await clock.advance(10_000)
      await stream.put('k', n)
    }
    // The sweep that freed record 0 was less than its pause ago.
    await clock.advance(dayMs - 10_000 + 1)
    expect(await visible(stream)).toEqual([2])
    await store.close()
    const earlier = new ManualClock(clock.nowMs() - 10 * hourMs)
    const again = await openSubject({ answers, disk, clock: earlier })
    expect(await visible(again.store.stream('s', { codec: jsonCodec<number>() }))).toEqual([2])
  })

  it('hides nothing when the clock jumps ahead', async () => {
    const { stream, clock, warnings } = await hourly(3, answers)
    clock.setWall(clock.nowMs() + 1000 * hourMs)
    expect(await visible(stream)).toEqual([0, 1, 2])
    const stored = await stream.put('k', 3)
    expect(stored.arrivedAtMs).toBeLessThan(Date.UTC(2026, 0, 1) + 3 * hourMs)
    expect(warnings).toMatchObject([{ code: 'clock-jump' }])
  })

  it('ends a reader that fell behind with an error that counts what it lost', async () => {
    const { stream, clock } = await hourly(10, answers)
    const reader = stream.read({ from: 'oldest' })
    const batches = stream.readBatches({ from: 'oldest', batchRecords: 2 })
    expect((await batches.next()).value?.length).toBe(2)
    await clock.advance(dayMs - 4 * hourMs + 1)
    await expect(batches.next()).rejects.toMatchObject({
      code: 'ERR_MILLRACE_TRIMMED',
      details: { recordsMax: 4 },
    })
    expect(await batches.next()).toEqual({ done: true, value: undefined })
    // A reader that has not begun wants the oldest there is.
    expect((await reader.next()).value?.data).toBe(6)
    await reader.return()
  })

  it('ends a reader whose records are gone altogether', async () => {
    const { stream, clock } = await hourly(10, answers)
    const batches = stream.readBatches({ from: 'oldest', batchRecords: 2 })
    await batches.next()
    await clock.advance(3 * dayMs)
    await expect(batches.next()).rejects.toMatchObject({ details: { recordsMax: 8 } })
  })

  it('lets a reader skip what expired, with a word, if it asked for that', async () => {
    const { stream, clock } = await hourly(10, answers)
    const gaps: Gap[] = []
    const batches = stream.readBatches({
      from: 'oldest',
      batchRecords: 2,
      onTrimmed: 'skip',
      onGap: (gap) => gaps.push(gap),
    })
    const first = (await batches.next()).value
    await clock.advance(dayMs - 4 * hourMs + 1)
    const second = (await batches.next()).value
    expect([...(second ?? [])].map(({ data }) => data)).toEqual([6, 7])
    expect(gaps).toEqual([
      { shardId: 'shardId-000000000000', after: first?.sequenceNumber(1), recordsMax: 4 },
    ])
    await clock.advance(3 * dayMs)
    const next = batches.next()
    await stream.put('k', 99)
    expect([...((await next).value ?? [])].map(({ data }) => data)).toEqual([99])
    expect(gaps[1]).toMatchObject({ after: second?.sequenceNumber(1), recordsMax: 2 })
    await batches.return()
  })

  it('does not count what stats show of hidden records', async () => {
    const { stream, clock } = await hourly(3, answers)
    expect(await stream.stats()).toMatchObject({ recordsMax: 3, shards: [{ recordsMax: 3, sealed: false }] })
    await clock.advance(23 * hourMs)
    expect((await stream.stats()).recordsMax).toBe(2)
    await clock.advance(3 * dayMs)
    expect((await stream.stats()).recordsMax).toBe(0)
  })
})

/** Records that take space, hidden or not. */
const kept = (disk: ModelDisk): number =>
  [...disk.logs.values()].reduce((sum, log) => sum + log.records.length, 0)

describe.each(bothAnswers)('the space of expired records, engine answers %s', (answers) => {
  it('is given back within a minute of their expiry', async () => {
    const { disk, clock } = await hourly(3, answers)
    await clock.advance(22 * hourMs)
    expect(kept(disk)).toBe(3)
    await clock.advance(60_001)
    expect(kept(disk)).toBe(2)
    await clock.advance(2 * hourMs + 120_000)
    expect(kept(disk)).toBe(0)
  })

  it('costs no timer while nothing can expire', async () => {
    const { store, clock } = await openSubject({ answers })
    const stream = await store.createStream('s', { shards: 4 })
    expect(clock.pending).toBe(0)
    await stream.put('k', bytesOf('x'))
    expect(clock.pending).toBe(1)
    await stream.put('k', bytesOf('y'))
    expect(clock.pending).toBe(1)
    await clock.advance(dayMs + 120_000)
    expect(clock.pending).toBe(0)
    await stream.put('k', bytesOf('z'))
    expect(clock.pending).toBe(1)
    await store.deleteStream('s')
    expect(clock.pending).toBe(0)
  })

  it('is given back soon after retention became shorter', async () => {
    const { stream, disk, clock } = await hourly(3, answers)
    await stream.setRetention(72)
    await clock.advance(40 * hourMs)
    expect(kept(disk)).toBe(3)
    await stream.setRetention(24)
    await clock.advance(60_001)
    expect(kept(disk)).toBe(0)
  })

  it('is given back of streams that nobody uses, and their logs are closed again', async () => {
    const { stream, store, disk, clock } = await hourly(3, answers)
    await stream.put('k', 3)
    await store.close()
    await clock.advance(10 * hourMs)
    const again = await openSubject({ answers, disk, clock })
    await clock.advance(dayMs)
    expect(kept(disk)).toBe(0)
    // Each log is open at most once at a time: this fails if the sweep left it open.
    expect(again.faults.calls('close')).toBeGreaterThan(0)
    await again.store.stream('s').put('k', bytesOf('x'))
    expect(kept(disk)).toBe(1)
  })

  it('is tried again when that failed, with a warning', async () => {
    const { disk, clock, faults, warnings } = await hourly(1, answers)
    faults.fail('trim', new Error('no'))
    await clock.advance(dayMs + 60_001)
    expect(warnings).toMatchObject([{ code: 'sweep-failed', details: { stream: 's' } }])
    expect(kept(disk)).toBe(1)
    await clock.advance(60_001)
    expect(kept(disk)).toBe(0)
  })

  it('does not hold up closing while it is being given back', async () => {
    const { store, clock, faults } = await hourly(3, answers)
    const release = faults.hold('trim')
    await clock.advance(25 * hourMs)
    const closed = store.close()
    release()
    await closed
    expect(clock.pending).toBe(0)
  })
})
