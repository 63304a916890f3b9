import { describe, expect, it } from 'vitest'
import { settled } from '../model/manual-clock.ts'
import { ModelDisk } from '../model/stored-log.ts'
import { parseSequenceNumber } from '../../src/streams/sequence-number.ts'
import { scalingsPerDay } from '../../src/streams/shard-count.ts'
import type { Stream } from '../../src/streams/stream.ts'
import { bothAnswers, bytesOf, collect, openSubject } from './subject.ts'

const first = 'shardId-000000000000'
const half = (2n ** 127n).toString()
const quarter = (2n ** 126n).toString()
const threeQuarters = (3n * 2n ** 126n).toString()

function ids(stream: Stream): readonly string[] {
  return stream.shards().map(({ shardId }) => shardId.slice(-2))
}

function open(stream: Stream): readonly string[] {
  return stream.listShards({ filter: { type: 'atLatest' } }).map(({ shardId }) => shardId.slice(-2))
}

function refused(limit: string, bound: number): object {
  return { code: 'ERR_MILLRACE_LIMIT_EXCEEDED', details: { limit, bound } }
}

describe.each(bothAnswers)('splitting and merging, engine answers %s', (answers) => {
  it('splits a shard in two that have its hash keys, and closes it', async () => {
    const { store, clock } = await openSubject({ answers })
    const stream = await store.createStream('s')
    const children = await stream.splitShard(first, half)
    const nowMs = clock.nowMs()
    expect(children).toEqual([
      expect.objectContaining({
        shardId: 'shardId-000000000001',
        startingHashKey: '0',
        endingHashKey: (2n ** 127n - 1n).toString(),
        parentShardId: first,
        createdAtMs: nowMs + 1,
      }),
      expect.objectContaining({
        shardId: 'shardId-000000000002',
        startingHashKey: half,
        endingHashKey: (2n ** 128n - 1n).toString(),
        parentShardId: first,
      }),
    ])
    expect(stream.shards()[0]).toMatchObject({ shardId: first, closedAtMs: nowMs })
    expect(stream.describe().shardCount).toBe(2)
    await store.close()
  })

  it('merges two neighbours in one whose parents both are, the lower one first', async () => {
    const { store } = await openSubject({ answers })
    const stream = await store.createStream('s')
    await stream.splitShard(first, half)
    await stream.splitShard('shardId-000000000001', quarter)
    const child = await stream.mergeShards('shardId-000000000004', 'shardId-000000000002')
    expect(child).toMatchObject({
      shardId: 'shardId-000000000005',
      startingHashKey: quarter,
      endingHashKey: (2n ** 128n - 1n).toString(),
      parentShardId: 'shardId-000000000004',
      adjacentParentShardId: 'shardId-000000000002',
    })
    expect(open(stream)).toEqual(['03', '05'])
    await store.close()
  })

  it('numbers the records of children above those of their parents, and their ends in between', async () => {
    const { store } = await openSubject({ answers })
    const stream = await store.createStream('s')
    const before = await stream.put('k', bytesOf('before'))
    await stream.splitShard(first, half)
    const after = await stream.put('k', bytesOf('after'), { explicitHashKey: '0' })
    const [parent, child] = stream.shards()
    const ascending = [
      parent?.startingSequenceNumber,
      before.sequenceNumber,
      parent?.endingSequenceNumber,
      child?.startingSequenceNumber,
      after.sequenceNumber,
    ]
    expect(ascending).toEqual(ascending.toSorted())
    expect(parseSequenceNumber(parent?.endingSequenceNumber ?? '')?.counter).toBe(0x7fff_ffff_ffff_ffffn)
    expect(child).not.toHaveProperty('endingSequenceNumber')
    await store.close()
  })

  it('routes what is put afterwards to the children', async () => {
    const { store } = await openSubject({ answers })
    const stream = await store.createStream('s')
    await stream.put('k', bytesOf('0'), { explicitHashKey: half })
    await stream.splitShard(first, half)
    const lower = await stream.put('k', bytesOf('1'), { explicitHashKey: '0' })
    const upper = await stream.put('k', bytesOf('2'), { explicitHashKey: half })
    expect([lower.shardId, upper.shardId]).toEqual(['shardId-000000000001', 'shardId-000000000002'])
    if (answers === 'direct') expect(stream.append('user-123', bytesOf('3')).shardId).toBe(upper.shardId)
    await store.close()
  })

  it('lets puts that meet a sealed shard wait for its children, in their order', async () => {
    const { store, metaFaults } = await openSubject({ answers })
    const stream = await store.createStream('s')
    // The command that opens the children waits; the parent is sealed.
    metaFaults.pass('append', 1)
    const release = metaFaults.hold('append')
    const split = stream.splitShard(first, half)
    await settled()
    await settled()
    const entries = Array.from({ length: 40 }, (_, n) => ({
      partitionKey: 'k',
      data: bytesOf(String(n)),
      explicitHashKey: n % 2 === 0 ? '0' : half,
    }))
    const batch = stream.putBatch(entries)
    const single = stream.put('k', bytesOf('40'), { explicitHashKey: '0' })
    for (let turn = 0; turn < 20; turn++) await settled()
    if (answers === 'direct') {
      expect(() => stream.append('k', bytesOf('x'))).toThrow(
        expect.objectContaining({ code: 'ERR_MILLRACE_BACKLOG' }),
      )
    }
    expect(open(stream)).toEqual(['00'])
    release()
    await split
    const results = await batch
    expect(results.map((result) => result.ok && result.shardId.slice(-2))).toEqual(
      entries.map((_, n) => (n % 2 === 0 ? '01' : '02')),
    )
    expect((await single).shardId).toBe('shardId-000000000001')
    const records = await collect(
      stream.read({ from: 'oldest', until: 'tail', shardId: 'shardId-000000000001' }),
    )
    expect(records.map(({ data }) => Number(new TextDecoder().decode(data)))).toEqual(
      Array.from({ length: 21 }, (_, n) => 2 * n),
    )
    for (const [n, result] of results.entries()) {
      const found = result.ok ? await stream.get(result.sequenceNumber) : undefined
      expect(new TextDecoder().decode(found?.data)).toBe(String(n))
    }
    await store.close()
  })

  it('loses nothing of what is put while shards are split and merged, whatever the order', async () => {
    const { store } = await openSubject({ answers })
    const stream = await store.createStream('s')
    const puts: Promise<unknown>[] = []
    let n = 0
    const put = (): void => {
      for (let key = 0; key < 8; key++) puts.push(stream.put(`k${key}`, bytesOf(String(n++))))
    }
    for (const target of [2, 4, 3, 5, 3, 2, 1]) {
      const scaling = stream.updateShardCount(target)
      for (let turn = 0; turn < 12; turn++) {
        put()
        await settled()
      }
      await scaling
    }
    await Promise.all(puts)
    const records = await collect(stream.read({ from: 'oldest', until: 'tail' }))
    expect(records).toHaveLength(n)
    const last = new Map<string, number>()
    for (const { partitionKey, data } of records) {
      const number = Number(new TextDecoder().decode(data))
      expect(number).toBeGreaterThan(last.get(partitionKey) ?? -1)
      last.set(partitionKey, number)
    }
    await store.close()
  })
})

describe('what is refused', () => {
  it.each([
    ['a hash key that is the first one', '0'],
    ['a hash key that would leave one below', '1'],
    ['the last hash key', (2n ** 128n - 1n).toString()],
    ['a hash key beyond the range', (2n ** 128n).toString()],
    ['a number with a leading zero', '007'],
    ['no text', 7],
  ])('a split at %s', async (_what, at) => {
    const { store } = await openSubject()
    const stream = await store.createStream('s')
    await expect(stream.splitShard(first, at as string)).rejects.toMatchObject({
      code: 'ERR_MILLRACE_INVALID_ARGUMENT',
      details: { field: 'newStartingHashKey', value: at, shardId: first, startingHashKey: '0' },
    })
    expect(ids(stream)).toEqual(['00'])
  })

  it('not the first and the last hash key that are allowed', async () => {
    const { store } = await openSubject()
    const stream = await store.createStream('s')
    await stream.splitShard(first, '2')
    await stream.splitShard('shardId-000000000002', (2n ** 128n - 2n).toString())
    expect(open(stream)).toEqual(['01', '03', '04'])
  })

  it('a shard that is not there, or has been split already', async () => {
    const { store } = await openSubject()
    const stream = await store.createStream('s')
    await expect(stream.splitShard('shardId-000000000001', half)).rejects.toMatchObject({
      code: 'ERR_MILLRACE_SHARD_NOT_FOUND',
    })
    await expect(stream.splitShard('0', half)).rejects.toMatchObject({
      code: 'ERR_MILLRACE_INVALID_ARGUMENT',
    })
    await stream.splitShard(first, half)
    const sealed = { code: 'ERR_MILLRACE_SHARD_SEALED', details: { shardId: first } }
    await expect(stream.splitShard(first, half)).rejects.toMatchObject(sealed)
    await expect(stream.mergeShards(first, 'shardId-000000000001')).rejects.toMatchObject(sealed)
  })

  it('a merge of shards that are no neighbours, or in the wrong order', async () => {
    const { store } = await openSubject()
    const stream = await store.createStream('s', { shards: 3 })
    for (const [lower, upper] of [
      ['0', '2'],
      ['1', '0'],
      ['1', '1'],
    ]) {
      const shardId = `shardId-00000000000${lower}`
      const adjacentShardId = `shardId-00000000000${upper}`
      await expect(stream.mergeShards(shardId, adjacentShardId)).rejects.toMatchObject({
        code: 'ERR_MILLRACE_INVALID_ARGUMENT',
        details: { field: 'adjacentShardId', shardId, adjacentShardId },
      })
    }
    expect(ids(stream)).toEqual(['00', '01', '02'])
  })

  it('a second reshard while one is under way', async () => {
    const { store, faults } = await openSubject()
    const stream = await store.createStream('s', { shards: 2 })
    const release = faults.hold('seal')
    const split = stream.splitShard(first, quarter)
    await settled()
    const updating = { code: 'ERR_MILLRACE_STREAM_NOT_ACTIVE', details: { stream: 's', status: 'UPDATING' } }
    await expect(stream.splitShard('shardId-000000000001', threeQuarters)).rejects.toMatchObject(updating)
    await expect(stream.updateShardCount(4)).rejects.toMatchObject(updating)
    release()
    await split
    await stream.updateShardCount(4)
  })

  it('more than twice and less than half as many shards, and more than ten changes in 24 hours', async () => {
    const { store, clock } = await openSubject()
    const stream = await store.createStream('s', { shards: 4 })
    await expect(stream.updateShardCount(9)).rejects.toMatchObject(refused('twice', 8))
    await expect(stream.updateShardCount(1)).rejects.toMatchObject(refused('half', 2))
    await expect(stream.updateShardCount(10_001)).rejects.toMatchObject(refused('shards', 10_000))
    await expect(stream.updateShardCount(0)).rejects.toMatchObject({ code: 'ERR_MILLRACE_INVALID_ARGUMENT' })
    for (let change = 0; change < scalingsPerDay; change++) {
      await stream.updateShardCount(change % 2 === 0 ? 2 : 4)
      await clock.advance(60_000)
    }
    await expect(stream.updateShardCount(2)).rejects.toMatchObject(refused('perDay', scalingsPerDay))
    await clock.advance(86_400_000 - scalingsPerDay * 60_000 - 1)
    await expect(stream.updateShardCount(2)).rejects.toMatchObject(refused('perDay', scalingsPerDay))
    await clock.advance(1)
    await stream.updateShardCount(2)
    expect(stream.describe().shardCount).toBe(2)
  })
})

describe('a reshard that was interrupted', () => {
  it.each([
    ['before the parent was sealed', 'seal'],
    ['before the children were opened', 'append'],
  ] as const)('is finished when the store is opened again: %s', async (_when, where) => {
    const disk = new ModelDisk()
    const { store, faults, metaFaults } = await openSubject({ disk })
    const stream = await store.createStream('s')
    await stream.put('k', bytesOf('before'))
    if (where === 'seal') faults.hold('seal')
    else {
      metaFaults.pass('append', 1)
      metaFaults.hold('append')
    }
    void stream.splitShard(first, half).catch(() => {})
    for (let turn = 0; turn < 10; turn++) await settled()
    expect(open(stream)).toEqual(['00'])

    const again = await openSubject({ disk: disk.copy() })
    const reopened = again.store.stream('s')
    expect(open(reopened)).toEqual(['01', '02'])
    const after = await reopened.put('k', bytesOf('after'))
    const records = await collect(reopened.read({ from: 'oldest', until: 'tail' }))
    expect(records.map(({ shardId, data }) => [shardId, new TextDecoder().decode(data)])).toEqual([
      [first, 'before'],
      [after.shardId, 'after'],
    ])
    await again.store.close()
  })

  it('goes on to the number of shards that was asked for', async () => {
    const disk = new ModelDisk()
    const { store, metaFaults } = await openSubject({ disk })
    const stream = await store.createStream('s', { shards: 4 })
    metaFaults.pass('append', 2)
    metaFaults.hold('append')
    void stream.updateShardCount(5).catch(() => {})
    for (let turn = 0; turn < 20; turn++) await settled()
    expect(stream.describe().shardCount).toBe(8)

    const again = await openSubject({ disk: disk.copy() })
    const reopened = again.store.stream('s')
    expect(reopened.describe().shardCount).toBe(5)
    expect(reopened.shards()).toHaveLength(15)
    await again.store.close()
  })

  it('is tried again when the log could not be sealed', async () => {
    const { store, faults, clock } = await openSubject()
    const stream = await store.createStream('s')
    faults.fail('seal', new Error('not now'))
    await expect(stream.splitShard(first, half)).rejects.toThrow('not now')
    await stream.put('k', bytesOf('still goes to the parent'))
    await clock.advance(1_000)
    expect(open(stream)).toEqual(['01', '02'])
    await store.close()
    expect(clock.pending).toBe(0)
  })
})
