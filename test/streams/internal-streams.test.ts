import { describe, expect, it } from 'vitest'
import type { StreamKey } from '../../src/meta/commands.ts'
import { insideOf } from '../../src/streams/store.ts'
import { bothAnswers, bytesOf, collect, openSubject, type Subject } from './subject.ts'

const key: StreamKey = { account: '000000000000', region: 'us-east-1', name: 'firehose:clicks' }
const plan = { shards: 1, retentionHours: 48, maxRecordBytes: 1024 * 1024 }

const codeOf = async (call: () => unknown): Promise<unknown> => {
  try {
    await call()
    return undefined
  } catch (error) {
    return (error as { readonly code?: unknown }).code
  }
}

const internal = ({ store }: Subject): ReturnType<typeof insideOf>['internalStreams'] =>
  insideOf(store).internalStreams

describe.each(bothAnswers)('a stream of a layer above, engine answers %s', (answers) => {
  it('takes and gives records, keeps them for so many hours, and is there when the store is opened again', async () => {
    const first = await openSubject({ answers })
    const stream = await internal(first).create(key, { ...plan, retentionHours: 2 })
    await stream.put('k', bytesOf('early'))
    await first.clock.advance(3_600_000)
    await stream.put('k', bytesOf('late'))
    await first.store.close()
    const { disk, clock } = first
    const second = await openSubject({ answers, disk, clock })
    const again = internal(second).stream(key)
    const texts = async (): Promise<string[]> =>
      (await collect(again.read({ from: 'oldest', until: 'tail' }))).map(({ data }) =>
        Buffer.from(data).toString(),
      )
    expect(await texts()).toEqual(['early', 'late'])
    await clock.advance(3_600_001)
    expect(await texts()).toEqual(['late'])
  })

  it('goes at once with all it holds, and its name can be used again', async () => {
    const subject = await openSubject({ answers, transitions: 'aws' })
    const stream = await internal(subject).create(key, plan)
    await stream.put('k', bytesOf('gone'))
    await internal(subject).delete(key)
    expect(internal(subject).has(key)).toBe(false)
    expect(await codeOf(() => stream.put('k', bytesOf('late')))).toBe('ERR_MILLRACE_STREAM_NOT_FOUND')
    expect(await codeOf(() => internal(subject).delete(key))).toBe('ERR_MILLRACE_STREAM_NOT_FOUND')
    const next = await internal(subject).create(key, plan)
    expect(await collect(next.read({ from: 'oldest', until: 'tail' }))).toEqual([])
  })
})

describe('streams of layers above', () => {
  it('are not to be reached by users: neither listed nor opened, created, deleted, or found by the layers for users', async () => {
    const subject = await openSubject()
    const { store } = subject
    await internal(subject).create(key, plan)
    await store.createStream('clicks')
    expect(store.listStreams().map(({ name }) => name)).toEqual(['clicks'])
    expect(await codeOf(() => store.stream(key.name))).toBe('ERR_MILLRACE_INVALID_ARGUMENT')
    expect(await codeOf(() => store.createStream(key.name))).toBe('ERR_MILLRACE_INVALID_ARGUMENT')
    expect(await codeOf(() => store.deleteStream(key.name))).toBe('ERR_MILLRACE_INVALID_ARGUMENT')
    expect(await codeOf(() => insideOf(store).core(key))).toBe('ERR_MILLRACE_STREAM_NOT_FOUND')
  })

  it('count against no limit of the account, neither shards nor streams that are CREATING', async () => {
    const subject = await openSubject({ transitions: { creatingMs: 60_000 } })
    const { account } = subject.store
    await account.setLimits({ shardLimit: 1 })
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) {
      const stream = await internal(subject).create(
        { ...key, name: `firehose:${name}` },
        { ...plan, shards: 3 },
      )
      await stream.put('k', bytesOf('not CREATING'))
    }
    expect(account.limits().openShards).toBe(0)
    await subject.store.createStream('clicks')
    expect(await codeOf(() => subject.store.createStream('more'))).toBe('ERR_MILLRACE_LIMIT_EXCEEDED')
  })

  it('have no limits of shards where those of users are enforced', async () => {
    const subject = await openSubject({ limits: 'enforce' })
    const batch = Array.from({ length: 2_500 }, () => ({ partitionKey: 'k', data: bytesOf('x') }))
    const stream = await internal(subject).create(key, plan)
    expect((await stream.putBatch(batch)).every(({ ok }) => ok)).toBe(true)
    const users = await subject.store.createStream('clicks')
    expect((await users.putBatch(batch)).filter(({ ok }) => !ok)).toHaveLength(1_500)
  })

  it.each([
    { name: 'clicks' },
    { name: ':clicks' },
    { name: 'firehose:' },
    { name: 'a:b:c' },
    { name: 'a:b/c' },
    { name: `a:${'x'.repeat(127)}` },
    { account: '12' },
    { region: '' },
  ])('have names with one colon in an account and region: %j has not', async (wrong) => {
    const streams = internal(await openSubject())
    expect(await codeOf(() => streams.create({ ...key, ...wrong }, plan))).toBe(
      'ERR_MILLRACE_INVALID_ARGUMENT',
    )
    expect(await codeOf(() => streams.stream({ ...key, ...wrong }))).toBe('ERR_MILLRACE_INVALID_ARGUMENT')
    expect(await codeOf(() => streams.delete({ ...key, ...wrong }))).toBe('ERR_MILLRACE_INVALID_ARGUMENT')
  })

  it('are refused where there is one, for hours that are none, and after the store was closed', async () => {
    const subject = await openSubject()
    const streams = internal(subject)
    for (const retentionHours of [0, 1.5, 8761]) {
      const wrong = { ...plan, retentionHours }
      expect(await codeOf(() => streams.create(key, wrong))).toBe('ERR_MILLRACE_INVALID_ARGUMENT')
    }
    await streams.create(key, plan)
    expect(await codeOf(() => streams.create(key, plan))).toBe('ERR_MILLRACE_STREAM_EXISTS')
    await subject.store.close()
    expect(await codeOf(() => streams.create(key, plan))).toBe('ERR_MILLRACE_CLOSED')
    expect(await codeOf(() => streams.stream(key))).toBe('ERR_MILLRACE_CLOSED')
    expect(await codeOf(() => streams.delete(key))).toBe('ERR_MILLRACE_CLOSED')
  })
})
