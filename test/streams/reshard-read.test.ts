import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { ManualClock, settled } from '../model/manual-clock.ts'
import { ScratchFolder } from '../native/scratch-folder.ts'
import { open as openFolder } from '../../src/open.ts'
import type { Gap } from '../../src/streams/reader.ts'
import type { StoredRecord } from '../../src/streams/record.ts'
import type { Stream } from '../../src/streams/stream.ts'
import { textCodec } from '../../src/streams/codec.ts'
import { bothAnswers, collect, openSubject, type Subject, take } from './subject.ts'

const hourMs = 3_600_000
const half = (2n ** 127n).toString()
const quarter = (2n ** 126n).toString()

function shard(index: number): string {
  return `shardId-${String(index).padStart(12, '0')}`
}

/** Texts of records, with the shard of each. */
function shown(records: readonly StoredRecord<string>[]): readonly string[] {
  return records.map(({ shardId, data }) => `${Number(shardId.slice(-12))}:${data}`)
}

interface Split extends Subject {
  readonly stream: Stream<string>
}

/**
 * Shard 0 with a; split into 1 (b) and 2 (c) an hour later; 1 into 3 (d) and 4 (e) after another hour. Merged after a third
 * one are 4 and 2, into 5 (f). What goes to the lowest hash key is b, d; the rest to the highest one.
 */
async function family(answers: 'direct' | 'later' = 'direct'): Promise<Split> {
  const subject = await openSubject({ answers })
  const { store, clock } = subject
  const stream = await store.createStream('s', { codec: textCodec })
  const put = async (data: string, explicitHashKey: string): Promise<void> => {
    await stream.put('k', data, { explicitHashKey })
  }
  await put('a', '0')
  await clock.advance(hourMs)
  await stream.splitShard(shard(0), half)
  await put('b', '0')
  await put('c', half)
  await clock.advance(hourMs)
  await stream.splitShard(shard(1), quarter)
  await put('d', '0')
  await put('e', quarter)
  await clock.advance(hourMs)
  await stream.mergeShards(shard(4), shard(2))
  await put('f', half)
  return { ...subject, stream }
}

describe.each(bothAnswers)('reading across reshards, engine answers %s', (answers) => {
  it('begins a shard once all its parents were read to their end', async () => {
    const { stream } = await family(answers)
    const records = shown(await collect(stream.read({ from: 'oldest', until: 'tail' })))
    expect(records.toSorted()).toEqual(['0:a', '1:b', '2:c', '3:d', '4:e', '5:f'])
    const at = (record: string): number => records.indexOf(record)
    for (const [parent, child] of [
      ['0:a', '1:b'],
      ['0:a', '2:c'],
      ['1:b', '3:d'],
      ['1:b', '4:e'],
      ['4:e', '5:f'],
      ['2:c', '5:f'],
    ] as const) {
      expect(at(parent)).toBeLessThan(at(child))
    }
  })

  it('follows what is split and merged while it waits', async () => {
    const { store } = await openSubject({ answers })
    const stream = await store.createStream('s', { codec: textCodec })
    const reader = stream.read({ from: 'latest' })
    const seen = take(reader, 4)
    await settled()
    await stream.put('k', 'a')
    await stream.splitShard(shard(0), half)
    await stream.put('k', 'b', { explicitHashKey: '0' })
    await stream.put('k', 'c', { explicitHashKey: half })
    await stream.mergeShards(shard(1), shard(2))
    await stream.put('k', 'd')
    expect(shown(await seen).toSorted()).toEqual(['0:a', '1:b', '2:c', '3:d'])
    await store.close()
  })

  it('follows a shard that had not one record', async () => {
    const { store } = await openSubject({ answers })
    const stream = await store.createStream('s', { codec: textCodec })
    const seen = take(stream.read({ from: 'oldest' }), 1)
    await stream.splitShard(shard(0), half)
    await stream.mergeShards(shard(1), shard(2))
    await stream.put('k', 'a')
    expect(shown(await seen)).toEqual(['3:a'])
    await store.close()
  })

  it('reads from latest what is put from now on, to whatever shard', async () => {
    const { stream } = await family(answers)
    const reader = stream.read({ from: 'latest' })
    const seen = take(reader, 2)
    await stream.put('k', 'g', { explicitHashKey: '0' })
    await stream.splitShard(shard(5), (3n * 2n ** 126n).toString())
    await stream.put('k', 'h', { explicitHashKey: half })
    expect(shown(await seen).toSorted()).toEqual(['3:g', '6:h'])
  })

  it('ends at what was the tail at the call, also where shards are split meanwhile', async () => {
    const { stream } = await family(answers)
    const reader = stream.read({ from: 'oldest', until: 'tail' })
    await stream.splitShard(shard(5), (3n * 2n ** 126n).toString())
    await stream.put('k', 'late', { explicitHashKey: half })
    await stream.put('k', 'late', { explicitHashKey: '0' })
    expect(shown(await collect(reader)).toSorted()).toEqual(['0:a', '1:b', '2:c', '3:d', '4:e', '5:f'])
  })

  it('reads a shard that is named to its end, and ends', async () => {
    const { stream } = await family(answers)
    for (const [index, data] of ['a', 'b', 'c', undefined, 'e'].entries()) {
      if (data === undefined) continue
      const records = await collect(stream.read({ from: 'oldest', shardId: shard(index) }))
      expect(shown(records)).toEqual([`${index}:${data}`])
    }
    expect(await collect(stream.read({ from: 'latest', shardId: shard(0) }))).toEqual([])
    const open = stream.read({ from: 'oldest', shardId: shard(5) })
    await open.next()
    const next = open.next()
    await stream.splitShard(shard(5), (3n * 2n ** 126n).toString())
    expect(await next).toEqual({ done: true, value: undefined })
  })

  it('begins at a time with what arrived then or later, whatever became of its shard', async () => {
    const { stream, clock } = await family(answers)
    const startMs = clock.nowMs() - 3 * hourMs
    const from = async (ms: number): Promise<readonly string[]> => {
      const reader = stream.read({ from: 'time', arrivedAtMs: startMs + ms, until: 'tail' })
      return shown(await collect(reader)).toSorted()
    }
    expect(await from(0)).toEqual(['0:a', '1:b', '2:c', '3:d', '4:e', '5:f'])
    expect(await from(1)).toEqual(['1:b', '2:c', '3:d', '4:e', '5:f'])
    expect(await from(hourMs)).toEqual(['1:b', '2:c', '3:d', '4:e', '5:f'])
    expect(await from(hourMs + 1)).toEqual(['3:d', '4:e', '5:f'])
    expect(await from(3 * hourMs)).toEqual(['5:f'])
  })

  it('goes on behind the numbers of a list, and takes what they were split and merged from as read', async () => {
    const { stream } = await family(answers)
    const all = await collect(stream.read({ from: 'oldest', until: 'tail' }))
    const number = (data: string): string =>
      all.find((record) => record.data === data)?.sequenceNumber as string
    const after = async (...data: string[]): Promise<readonly string[]> => {
      const sequence = data.map(number)
      return shown(await collect(stream.read({ from: 'sequence', sequence, until: 'tail' }))).toSorted()
    }
    expect(await after('a')).toEqual(['1:b', '2:c', '3:d', '4:e', '5:f'])
    expect(await after('b')).toEqual(['2:c', '3:d', '4:e', '5:f'])
    expect(await after('b', 'c')).toEqual(['3:d', '4:e', '5:f'])
    expect(await after('b', 'c', 'a')).toEqual(['3:d', '4:e', '5:f'])
    expect(await after('d', 'c')).toEqual(['4:e', '5:f'])
    expect(await after('f')).toEqual(['3:d'])
    expect(await after('f', 'd')).toEqual([])
  })

  it('takes the number that a shard starts with as its beginning, and refuses the one that it ends with', async () => {
    const { stream } = await family(answers)
    const [closed] = stream.shards()
    for (const inclusive of [true, false]) {
      const sequence = closed?.startingSequenceNumber as string
      const reader = stream.read({ from: 'sequence', sequence, inclusive, shardId: shard(0) })
      expect(shown(await collect(reader))).toEqual(['0:a'])
      expect(await stream.get(sequence)).toBeUndefined()
    }
    const sequence = closed?.endingSequenceNumber as string
    expect(() => stream.read({ from: 'sequence', sequence })).toThrow(
      expect.objectContaining({ code: 'ERR_MILLRACE_INVALID_ARGUMENT' }),
    )
  })

  it('ends a read that waits for the children of a shard when it is left, aborted, or the store closes', async () => {
    const { store, metaFaults } = await openSubject({ answers })
    const stream = await store.createStream('s', { codec: textCodec })
    metaFaults.pass('append', 1)
    const release = metaFaults.hold('append')
    const left = stream.read({ from: 'oldest' })
    const aborter = new AbortController()
    const aborted = stream.read({ from: 'oldest', signal: aborter.signal })
    const closed = stream.read({ from: 'oldest' })
    const waiting = [left.next(), aborted.next(), closed.next()]
    const outcomes = Promise.allSettled(waiting)
    void stream.splitShard(shard(0), half)
    for (let turn = 0; turn < 10; turn++) await settled()
    await left.return()
    aborter.abort(new Error('enough'))
    await Promise.allSettled(waiting.slice(0, 2))
    const closing = store.close()
    release()
    await closing
    expect(await outcomes).toMatchObject([
      { status: 'fulfilled', value: { done: true } },
      { status: 'rejected', reason: { message: 'enough' } },
      { status: 'rejected', reason: { code: 'ERR_MILLRACE_CLOSED' } },
    ])
  })
})

describe('closed shards past retention', () => {
  const dayMs = 24 * hourMs

  it('are listed and read no longer, and their logs are dropped', async () => {
    const { stream, clock, disk } = await family()
    expect(disk.logs.size).toBe(6)
    // Shard 0 was closed two hours ago.
    await clock.advance(dayMs - 2 * hourMs)
    expect(stream.shards().map(({ shardId }) => Number(shardId.slice(-12)))).toEqual([0, 1, 2, 3, 4, 5])
    await clock.advance(1)
    expect(stream.shards().map(({ shardId }) => Number(shardId.slice(-12)))).toEqual([1, 2, 3, 4, 5])
    expect(() => stream.read({ from: 'oldest', shardId: shard(0) })).toThrow(
      expect.objectContaining({ code: 'ERR_MILLRACE_SHARD_NOT_FOUND' }),
    )
    await clock.advance(60_000)
    expect(disk.logs.size).toBe(5)
    await clock.advance(hourMs)
    expect(disk.logs.size).toBe(4)
    const left = shown(await collect(stream.read({ from: 'oldest', until: 'tail' })))
    expect(left.toSorted()).toEqual(['5:f'])
  })

  it('answer nothing when a record of theirs is asked for', async () => {
    const { stream, clock } = await family()
    const [record] = await take(stream.read({ from: 'oldest' }), 1)
    const number = record?.sequenceNumber as string
    expect((await stream.get(number))?.data).toBe('a')
    await clock.advance(dayMs)
    expect(await stream.get(number)).toBeUndefined()
    expect(stream.getSync(number)).toBeUndefined()
  })

  it('are an error to a reader that has not come to their end, and to one that resumes in them', async () => {
    const { stream, clock } = await family()
    await stream.put('k', 'x', { explicitHashKey: '0' })
    const reader = stream.read({ from: 'oldest' })
    const first = await reader.next()
    const number = first.value?.sequenceNumber as string
    await clock.advance(dayMs + hourMs)
    const trimmed = { code: 'ERR_MILLRACE_TRIMMED' }
    await expect(collect(reader)).rejects.toMatchObject(trimmed)
    await expect(
      collect(stream.read({ from: 'sequence', sequence: number, until: 'tail' })),
    ).rejects.toMatchObject(trimmed)
  })

  it('are gaps to who takes them, and the read goes on in their children', async () => {
    const { stream, clock } = await family()
    const gaps: Gap[] = []
    const onGap = (gap: Gap): unknown => gaps.push(gap)
    const reader = stream.read({ from: 'oldest', onTrimmed: 'skip', onGap })
    const first = await reader.next()
    const number = first.value?.sequenceNumber as string
    await clock.advance(dayMs + 2 * hourMs)
    await stream.put('k', 'g', { explicitHashKey: '0' })
    await stream.put('k', 'h', { explicitHashKey: half })
    expect(shown(await take(reader, 2)).toSorted()).toEqual(['3:g', '5:h'])
    expect(gaps.map(({ shardId }) => Number(shardId.slice(-12))).toSorted()).toEqual([1, 2, 3, 4, 5])

    gaps.length = 0
    const resumed = stream.read({
      from: 'sequence',
      sequence: number,
      onTrimmed: 'skip',
      onGap,
      until: 'tail',
    })
    expect(shown(await collect(resumed)).toSorted()).toEqual(['3:g', '5:h'])
    expect(gaps).toEqual([{ shardId: shard(0), after: undefined, recordsMax: Number.POSITIVE_INFINITY }])
  })

  it('are told of that came and expired while a reader was elsewhere', async () => {
    const { store, clock } = await openSubject()
    const stream = await store.createStream('s', { codec: textCodec })
    await stream.put('k', 'a')
    const gaps: Gap[] = []
    const reader = stream.read({ from: 'oldest', onTrimmed: 'skip', onGap: (gap) => gaps.push(gap) })
    await reader.next()
    await stream.splitShard(shard(0), half)
    await stream.put('k', 'b', { explicitHashKey: '0' })
    await stream.mergeShards(shard(1), shard(2))
    await clock.advance(dayMs + hourMs)
    await stream.put('k', 'c')
    expect(shown(await take(reader, 1))).toEqual(['3:c'])
    expect(gaps.map(({ shardId }) => shardId)).toEqual([shard(0), shard(1), shard(2)])
  })

  it('stay gone when the retention becomes longer, and go at once when it becomes shorter', async () => {
    const { stream, clock } = await family()
    await stream.setRetention(48)
    await clock.advance(dayMs)
    expect(stream.shards()).toHaveLength(6)
    await stream.setRetention(24)
    expect(stream.shards().map(({ shardId }) => Number(shardId.slice(-12)))).toEqual([2, 3, 4, 5])
    await stream.setRetention(48)
    expect(stream.shards().map(({ shardId }) => Number(shardId.slice(-12)))).toEqual([2, 3, 4, 5])
  })

  it('are gone for a store that is opened again', async () => {
    const { store, stream, clock, disk } = await family()
    const [record] = await take(stream.read({ from: 'oldest' }), 1)
    await clock.advance(dayMs + hourMs)
    await store.close()
    const again = await openSubject({ disk, clock })
    const reopened = again.store.stream('s', { codec: textCodec })
    expect(reopened.shards().map(({ shardId }) => Number(shardId.slice(-12)))).toEqual([3, 5])
    expect(await reopened.get(record?.sequenceNumber as string)).toBeUndefined()
    // The numbers of shards go on where they were.
    const [child] = await reopened.splitShard(shard(3), (2n ** 125n).toString())
    expect(child.shardId).toBe(shard(6))
    await again.store.close()
  })
})

describe('a disk that does not say what the metadata say', () => {
  it('ends a closed shard whose log has lost its end, with the power', async () => {
    const { store, disk, clock } = await openSubject()
    const stream = await store.createStream('s', { codec: textCodec })
    await stream.put('k', 'a')
    await stream.splitShard(shard(0), half)
    await stream.put('k', 'b', { explicitHashKey: '0' })
    const left = disk.copy()
    for (const log of left.logs.values()) log.sealedAt = undefined
    const again = await openSubject({ disk: left, clock })
    const reopened = again.store.stream('s', { codec: textCodec })
    expect(shown(await take(reopened.read({ from: 'oldest' }), 2))).toEqual(['0:a', '1:b'])
    expect(shown(await collect(reopened.read({ from: 'oldest', shardId: shard(0) })))).toEqual(['0:a'])
    await again.store.close()
  })

  it('closes no shard before its last record arrived, whatever the clock says now', async () => {
    const { store, disk, clock } = await openSubject()
    const stream = await store.createStream('s', { codec: textCodec })
    await stream.put('k', 'a')
    const arrivedAtMs = clock.nowMs()
    await store.close()
    const earlier = new ManualClock(arrivedAtMs - hourMs)
    const again = await openSubject({ disk, clock: earlier })
    const reopened = again.store.stream('s', { codec: textCodec })
    await reopened.splitShard(shard(0), half)
    expect(reopened.shards()[0]?.closedAtMs).toBe(arrivedAtMs)
    await earlier.advance(hourMs)
    const read = await collect(reopened.read({ from: 'time', arrivedAtMs, until: 'tail' }))
    expect(shown(read)).toEqual(['0:a'])
    await again.store.close()
  })
})

describe('a store in a folder', () => {
  const scratch = new ScratchFolder()
  afterAll(() => scratch.remove())

  it('removes the files of shards that expired, also if a reader is in the middle of them', async () => {
    const folder = scratch.fresh()
    const clock = new ManualClock()
    const store = await openFolder(folder, { clock })
    const stream = await store.createStream('s', { codec: textCodec })
    await stream.putBatch(Array.from({ length: 5_000 }, (_, n) => ({ partitionKey: 'k', data: String(n) })))
    const gaps: Gap[] = []
    const onGap = (gap: Gap): unknown => gaps.push(gap)
    const reader = stream.read({ from: 'oldest', onTrimmed: 'skip', onGap })
    await reader.next()
    await stream.splitShard(shard(0), half)
    const logs = (): number => readdirSync(join(folder, 'shards')).length
    await stream.put('k', 'lower', { explicitHashKey: '0' })
    expect(logs()).toBe(2)
    await clock.advance(25 * hourMs)
    // The sweeper waits for the disk, and looks again a minute later.
    while (logs() > 1) await clock.advance(60_000)
    await stream.put('k', 'end', { explicitHashKey: '0' })
    for await (const { data } of reader) if (data === 'end') break
    expect(gaps[0]?.shardId).toBe(shard(0))
    await store.close()
    const again = await openFolder(folder, { clock })
    expect(
      again
        .stream('s')
        .shards()
        .map(({ shardId }) => shardId),
    ).toEqual([shard(1), shard(2)])
    await again.close()
  })
})
