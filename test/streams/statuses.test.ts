import { describe, expect, it } from 'vitest'
import { Refusal } from '../../src/log/log.ts'
import { awsLike } from '../../src/streams/status.ts'
import { bytesOf, collect, openSubject } from './subject.ts'

const transitions = { creatingMs: 1_000, updatingMs: 500, deletingMs: 2_000 }

describe('without transitions', () => {
  it('a stream is ACTIVE at once, and gone at once', async () => {
    const { store } = await openSubject()
    const stream = await store.createStream('s', { mode: 'ON_DEMAND' })
    expect(stream.describe().status).toBe('ACTIVE')
    await stream.settings.setMode('PROVISIONED')
    expect(stream.describe().status).toBe('ACTIVE')
    await store.deleteStream('s')
    expect(store.listStreams()).toEqual([])
  })
})

describe('with transitions', () => {
  it('a stream is CREATING first and takes no records, in any way', async () => {
    const { store, clock, disk } = await openSubject({ transitions })
    const stream = await store.createStream('s')
    expect(stream.describe().status).toBe('CREATING')
    const refused = { code: 'ERR_MILLRACE_STREAM_NOT_ACTIVE', details: { stream: 's', status: 'CREATING' } }
    await expect(stream.put('k', bytesOf('x'))).rejects.toMatchObject(refused)
    await expect(stream.putBatch([{ partitionKey: 'k', data: bytesOf('x') }])).rejects.toMatchObject(refused)
    expect(() => stream.append('k', bytesOf('x'))).toThrow(expect.objectContaining({ code: refused.code }))
    await expect(stream.settings.setMode('ON_DEMAND')).rejects.toMatchObject(refused)
    await expect(stream.setRetention(48)).rejects.toMatchObject(refused)
    await stream.settings.tag({ k: 'v' })
    await store.close()
    const again = await openSubject({ disk, clock })
    const reopened = again.store.stream('s')
    await clock.advance(999)
    await expect(reopened.put('k', bytesOf('x'))).rejects.toMatchObject(refused)
    await clock.advance(1)
    expect(reopened.describe().status).toBe('ACTIVE')
    await reopened.put('k', bytesOf('x'))
  })

  it('at most 5 streams of an account are CREATING', async () => {
    const { store, clock } = await openSubject({ transitions })
    for (let n = 0; n < 5; n++) await store.createStream(`s${n}`)
    await expect(store.createStream('s5')).rejects.toMatchObject({
      code: 'ERR_MILLRACE_LIMIT_EXCEEDED',
      details: { limit: 'creatingStreams', value: 6, bound: 5 },
    })
    await store.within({ account: '111111111111', region: 'us-east-1' }).createStream('s5')
    await clock.advance(1_000)
    await store.createStream('s5')
  })

  it('a stream that is changed is UPDATING, takes records, and no second change', async () => {
    const { store, clock } = await openSubject({ transitions })
    const stream = await store.createStream('s')
    await clock.advance(1_000)
    await stream.settings.startEncryption('k')
    expect(stream.describe().status).toBe('UPDATING')
    await stream.put('k', bytesOf('x'))
    const refused = { code: 'ERR_MILLRACE_STREAM_NOT_ACTIVE', details: { status: 'UPDATING' } }
    await expect(stream.settings.stopEncryption()).rejects.toMatchObject(refused)
    await expect(stream.settings.setMode('ON_DEMAND')).rejects.toMatchObject(refused)
    await expect(stream.settings.setMaxRecordBytes(2 ** 21)).rejects.toMatchObject(refused)
    await expect(stream.settings.enableMonitoring(['ALL'])).rejects.toMatchObject(refused)
    await expect(stream.consumers.register('c')).rejects.toMatchObject(refused)
    await clock.advance(500)
    expect(stream.describe().status).toBe('ACTIVE')
    await stream.settings.setMaxRecordBytes(2 ** 21)
    expect(stream.describe().status).toBe('ACTIVE')
    await stream.settings.setMode('ON_DEMAND')
    expect(stream.describe().status).toBe('UPDATING')
  })

  it('a stream whose shards have changed is UPDATING for a while, and takes records', async () => {
    const { store, clock, disk } = await openSubject({ transitions })
    const stream = await store.createStream('s')
    await clock.advance(1_000)
    await stream.splitShard('shardId-000000000000', String(2n ** 127n))
    expect(stream.describe()).toMatchObject({ status: 'UPDATING', shardCount: 2 })
    await stream.put('k', bytesOf('x'))
    const refused = { code: 'ERR_MILLRACE_STREAM_NOT_ACTIVE', details: { stream: 's', status: 'UPDATING' } }
    await expect(stream.updateShardCount(4)).rejects.toMatchObject(refused)
    await expect(stream.settings.setMode('ON_DEMAND')).rejects.toMatchObject(refused)
    await store.close()
    const again = (await openSubject({ disk, clock })).store.stream('s')
    await clock.advance(499)
    expect(again.describe().status).toBe('UPDATING')
    await clock.advance(1)
    expect(again.describe().status).toBe('ACTIVE')
    await again.updateShardCount(4)
  })

  it('a stream is DELETING with all it holds, and then goes by itself', async () => {
    const { store, clock, disk } = await openSubject({ transitions })
    const stream = await store.createStream('s')
    await clock.advance(1_000)
    await stream.put('k', bytesOf('x'))
    await store.deleteStream('s')
    expect(store.listStreams()).toMatchObject([{ name: 's', status: 'DELETING' }])
    expect(await collect(stream.read({ from: 'oldest', until: 'tail' }))).toHaveLength(1)
    const refused = { code: 'ERR_MILLRACE_STREAM_NOT_ACTIVE', details: { status: 'DELETING' } }
    await expect(store.deleteStream('s')).rejects.toMatchObject(refused)
    await expect(stream.settings.setMode('ON_DEMAND')).rejects.toMatchObject(refused)
    await expect(store.createStream('s')).rejects.toMatchObject({ code: 'ERR_MILLRACE_STREAM_EXISTS' })
    const waiting = stream.read({ from: 'latest' }).next()
    waiting.catch(() => {})
    await clock.advance(1_999)
    expect(store.listStreams()).toHaveLength(1)
    await clock.advance(1)
    expect(store.listStreams()).toEqual([])
    await expect(waiting).rejects.toMatchObject({ code: 'ERR_MILLRACE_STREAM_NOT_FOUND' })
    expect(disk.logs.size).toBe(0)
    await store.createStream('s')
  })

  it('a stream whose time came while the store was closed goes when it is opened again', async () => {
    const { store, clock, disk } = await openSubject({ transitions })
    await store.createStream('due')
    await store.createStream('later')
    await store.deleteStream('due')
    await clock.advance(1_000)
    await store.deleteStream('later')
    await store.close()
    await clock.advance(1_500)
    const again = await openSubject({ disk, clock })
    await clock.advance(0)
    expect(again.store.listStreams()).toMatchObject([{ name: 'later', status: 'DELETING' }])
    await clock.advance(500)
    expect(again.store.listStreams()).toEqual([])
  })

  it('is tried again when the metadata cannot take the deletion, with a warning', async () => {
    const { store, clock, metaFaults, warnings } = await openSubject({ transitions })
    await store.createStream('s')
    await store.deleteStream('s')
    metaFaults.refuseAppend(Refusal.full)
    await clock.advance(2_000)
    expect(warnings).toMatchObject([{ code: 'deletion-failed' }])
    expect(store.listStreams()).toHaveLength(1)
    await clock.advance(60_000)
    expect(store.listStreams()).toEqual([])
  })

  it('has durations like those of AWS, and refuses others that are none', async () => {
    const { store, clock } = await openSubject({ transitions: 'aws' })
    const stream = await store.createStream('s')
    await clock.advance(awsLike.creatingMs - 1)
    expect(stream.describe().status).toBe('CREATING')
    await clock.advance(1)
    expect(stream.describe().status).toBe('ACTIVE')
    for (const wrong of ['fast', { creatingMs: -1 }, { creating: 1 }, { deletingMs: 1e12 }]) {
      await expect(openSubject({ transitions: wrong as 'aws' })).rejects.toThrow(/transitions/)
    }
  })
})
