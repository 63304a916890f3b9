import { describe, expect, it } from 'vitest'
import type { Settings } from '../../src/streams/settings.ts'
import { bytesOf, openSubject } from './subject.ts'

const hourMs = 3_600_000
const MiB = 1024 * 1024

/** The settings of a new stream. */
async function settingsOfNew(): Promise<Settings> {
  return (await (await openSubject()).store.createStream('s')).settings
}

describe('the mode of a stream', () => {
  it('is PROVISIONED unless it was created ON_DEMAND, which begins with 4 shards', async () => {
    const { store } = await openSubject()
    expect((await store.createStream('a')).describe()).toMatchObject({ mode: 'PROVISIONED', shardCount: 1 })
    const onDemand = await store.createStream('b', { mode: 'ON_DEMAND' })
    expect(onDemand.describe()).toMatchObject({ mode: 'ON_DEMAND', shardCount: 4 })
    await expect(store.createStream('c', { mode: 'ON_DEMAND', shards: 4 })).rejects.toMatchObject({
      code: 'ERR_MILLRACE_INVALID_ARGUMENT',
      details: { field: 'shards' },
    })
  })

  it('is switched twice within 24 hours, keeps the shards, and the third time is refused', async () => {
    const { store, clock, disk } = await openSubject()
    const stream = await store.createStream('s', { shards: 3 })
    await stream.settings.setMode('PROVISIONED')
    await stream.settings.setMode('ON_DEMAND')
    expect(stream.describe()).toMatchObject({ mode: 'ON_DEMAND', shardCount: 3 })
    const firstMs = clock.nowMs()
    await clock.advance(hourMs)
    await stream.settings.setMode('PROVISIONED')
    await store.close()
    const again = await openSubject({ disk, clock })
    const { settings } = again.store.stream('s')
    await expect(settings.setMode('ON_DEMAND')).rejects.toMatchObject({
      code: 'ERR_MILLRACE_LIMIT_EXCEEDED',
      details: { limit: 'modeSwitches', value: 3, bound: 2, freeAtMs: firstMs + 24 * hourMs },
    })
    await clock.advance(23 * hourMs - 1)
    await expect(settings.setMode('ON_DEMAND')).rejects.toMatchObject({ code: 'ERR_MILLRACE_LIMIT_EXCEEDED' })
    await clock.advance(1)
    await settings.setMode('ON_DEMAND')
    await expect(settings.setMode('PROVISIONED')).rejects.toMatchObject({
      code: 'ERR_MILLRACE_LIMIT_EXCEEDED',
    })
  })

  it('decides who may change the shards: ON_DEMAND, not the caller', async () => {
    const { store } = await openSubject()
    const stream = await store.createStream('s', { shards: 2 })
    await stream.settings.setMode('ON_DEMAND')
    const refused = { code: 'ERR_MILLRACE_UNSUPPORTED', details: { name: 's', mode: 'ON_DEMAND' } }
    const [lower, upper] = ['shardId-000000000000', 'shardId-000000000001'] as const
    await expect(stream.splitShard(lower, '1000')).rejects.toMatchObject(refused)
    await expect(stream.mergeShards(lower, upper)).rejects.toMatchObject(refused)
    await expect(stream.updateShardCount(4)).rejects.toMatchObject(refused)
    await stream.settings.setMode('PROVISIONED')
    await stream.mergeShards(lower, upper)
    expect(store.account.limits().openShards).toBe(1)
  })

  it('and the distribution AUTO go together ON_DEMAND only', async () => {
    const { store } = await openSubject()
    const stream = await store.createStream('s')
    const refused = { code: 'ERR_MILLRACE_INVALID_ARGUMENT', details: { field: 'distribution' } }
    await expect(stream.settings.setDistribution('AUTO')).rejects.toMatchObject(refused)
    await expect(store.createStream('t', { distribution: 'AUTO' })).rejects.toMatchObject(refused)
    await stream.settings.setMode('ON_DEMAND')
    await stream.settings.setDistribution('AUTO')
    expect(stream.describe().distribution).toBe('AUTO')
    await expect(stream.settings.setMode('PROVISIONED')).rejects.toMatchObject(refused)
    await stream.settings.setDistribution('USER_PARTITION_KEY')
    await stream.settings.setMode('PROVISIONED')
    expect(stream.describe()).toMatchObject({ mode: 'PROVISIONED', distribution: 'USER_PARTITION_KEY' })
  })
})

describe('warm throughput', () => {
  it('is for streams ON_DEMAND in accounts that are committed', async () => {
    const { store } = await openSubject()
    const stream = await store.createStream('s', { mode: 'ON_DEMAND' })
    const refused = { code: 'ERR_MILLRACE_INVALID_ARGUMENT', details: { field: 'warmThroughputMiBps' } }
    await expect(stream.settings.setWarmThroughput(10)).rejects.toMatchObject(refused)
    await store.account.setCommitment(true)
    await stream.settings.setWarmThroughput(10_240)
    expect(stream.describe().warmThroughput).toEqual({ targetMiBps: 10_240, currentMiBps: 10_240 })
    await expect(stream.settings.setWarmThroughput(10_241)).rejects.toMatchObject(refused)
    const provisioned = await store.createStream('t')
    await expect(provisioned.settings.setWarmThroughput(1)).rejects.toMatchObject(refused)
    await expect(provisioned.settings.setMode('PROVISIONED', 1)).rejects.toMatchObject(refused)
    await provisioned.settings.setMode('ON_DEMAND', 3)
    expect(provisioned.describe().warmThroughput?.targetMiBps).toBe(3)
    await provisioned.settings.setMode('PROVISIONED')
    expect(provisioned.describe().warmThroughput).toBeUndefined()
  })
})

describe('the limit of a record', () => {
  it('counts for the next put, and is kept', async () => {
    const { store, disk, clock } = await openSubject()
    const stream = await store.createStream('s')
    const large = Buffer.alloc(2 * MiB)
    await expect(stream.put('k', large)).rejects.toMatchObject({ code: 'ERR_MILLRACE_RECORD_TOO_LARGE' })
    await stream.settings.setMaxRecordBytes(3 * MiB)
    await stream.put('k', large)
    expect(stream.describe().maxRecordBytes).toBe(3 * MiB)
    for (const wrong of [MiB - 1, 10 * MiB + 1, 1.5]) {
      await expect(stream.settings.setMaxRecordBytes(wrong)).rejects.toMatchObject({
        code: 'ERR_MILLRACE_INVALID_ARGUMENT',
      })
    }
    await store.close()
    const again = await openSubject({ disk, clock })
    expect(again.store.stream('s').describe().maxRecordBytes).toBe(3 * MiB)
  })
})

describe('encryption', () => {
  it('is said of the stream from start to stop, and survives', async () => {
    const { store, disk, clock } = await openSubject()
    const { settings } = await store.createStream('s')
    await settings.startEncryption('alias/aws/kinesis')
    await store.close()
    const again = await openSubject({ disk, clock })
    const stream = again.store.stream('s')
    expect(stream.describe()).toMatchObject({ encryptionType: 'KMS', kmsKeyId: 'alias/aws/kinesis' })
    await stream.settings.stopEncryption()
    expect(stream.describe()).toMatchObject({ encryptionType: 'NONE', kmsKeyId: undefined })
    await expect(settings.startEncryption('k')).rejects.toMatchObject({ code: 'ERR_MILLRACE_CLOSED' })
    for (const wrong of ['', 'k'.repeat(2049)]) {
      await expect(stream.settings.startEncryption(wrong)).rejects.toMatchObject({
        details: { field: 'keyId' },
      })
    }
  })

  it('is started and stopped 25 times within 24 hours', async () => {
    const { store, clock } = await openSubject()
    const { settings } = await store.createStream('s')
    for (let times = 0; times < 25; times++) {
      await settings.startEncryption(`key-${times}`)
      await settings.stopEncryption()
      await settings.stopEncryption()
    }
    await expect(settings.startEncryption('k')).rejects.toMatchObject({
      details: { limit: 'encryptionStarts', value: 26, bound: 25 },
    })
    await clock.advance(24 * hourMs)
    await settings.startEncryption('k')
    await settings.stopEncryption()
  })
})

describe('tags', () => {
  it('are added, replaced and removed, and listed in byte order of their keys', async () => {
    const { store, disk, clock } = await openSubject()
    const stream = await store.createStream('s', { tags: { ü: 'u', z: '' } })
    await stream.settings.tag({ a: '1', Z: '2', z: '3', ['__proto__']: 'own' })
    await stream.settings.tag(JSON.parse('{"__proto__":"own"}') as Record<string, string>)
    await stream.settings.untag(['Z', 'never'])
    await store.close()
    const again = await openSubject({ disk, clock })
    const { settings } = again.store.stream('s')
    expect(settings.tags).toEqual([
      { key: '__proto__', value: 'own' },
      { key: 'a', value: '1' },
      { key: 'z', value: '3' },
      { key: 'ü', value: 'u' },
    ])
    expect(again.store.stream('s').describe().tagCount).toBe(4)
    await settings.untag(['__proto__', 'a', 'z', 'ü'])
    expect(settings.tags).toEqual([])
  })

  it('are 50 at most, and more change nothing', async () => {
    const settings = await settingsOfNew()
    const fifty = Object.fromEntries(Array.from({ length: 50 }, (_, n) => [`k${n}`, 'v']))
    await settings.tag(fifty)
    await settings.tag({ k7: 'again' })
    await expect(settings.tag({ one: 'more', k7: 'not' })).rejects.toMatchObject({
      code: 'ERR_MILLRACE_LIMIT_EXCEEDED',
      details: { limit: 'tags', value: 51, bound: 50 },
    })
    expect(settings.tags.find(({ key }) => key === 'k7')?.value).toBe('again')
  })

  it.each([
    ['an empty key', { '': 'v' }],
    ['a key of 129 characters', { ['k'.repeat(129)]: 'v' }],
    ['a value of 257 characters', { k: 'v'.repeat(257) }],
    ['a semicolon', { k: 'a;b' }],
    ['a tab', { 'a\tb': '' }],
    ['a line feed', { k: '\n' }],
    ['a comma', { k: ',' }],
    ['a number', { k: 1 as unknown as string }],
    ['a list', ['k'] as unknown as Record<string, string>],
  ])('refuse %s', async (_, tags) => {
    const settings = await settingsOfNew()
    await expect(settings.tag(tags)).rejects.toMatchObject({ code: 'ERR_MILLRACE_INVALID_ARGUMENT' })
    expect(settings.tags).toEqual([])
  })

  it('take every character that AWS takes, counted as characters', async () => {
    const settings = await settingsOfNew()
    const key = '𝒦'.repeat(128)
    await settings.tag({ [key]: 'Größe 12_./=+-%@:' })
    expect(settings.tags).toEqual([{ key, value: 'Größe 12_./=+-%@:' }])
  })
})

describe('a resource policy', () => {
  it('is kept as it was given, and deleted once', async () => {
    const { store, disk, clock } = await openSubject()
    const { settings } = await store.createStream('s')
    expect(settings.policy).toBeUndefined()
    await settings.setPolicy('{ "Version": "2012-10-17" }')
    await store.close()
    const again = (await openSubject({ disk, clock })).store.stream('s').settings
    expect(again.policy).toBe('{ "Version": "2012-10-17" }')
    expect(await again.deletePolicy()).toBe(true)
    expect(await again.deletePolicy()).toBe(false)
    for (const wrong of ['', '[]', 'null', '{', '"x"']) {
      await expect(again.setPolicy(wrong)).rejects.toMatchObject({ details: { field: 'policy' } })
    }
  })
})

it('a resource policy has at most 64 KiB, counted in bytes', async () => {
  const { settings, consumers } = await (await openSubject()).store.createStream('s')
  await consumers.register('c')
  const fits = JSON.stringify({ a: 'x'.repeat(64 * 1024 - 8) })
  await settings.setPolicy(fits)
  await consumers.setPolicy('c', fits)
  const details = { limit: 'policyBytes', value: 65_537, bound: 65_536 }
  for (const over of [`${fits} `, JSON.stringify({ a: '€'.repeat(21_843) })]) {
    expect(Buffer.byteLength(over)).toBe(65_537)
    const refused = { code: 'ERR_MILLRACE_LIMIT_EXCEEDED', details }
    await expect(settings.setPolicy(over)).rejects.toMatchObject(refused)
    await expect(consumers.setPolicy('c', over)).rejects.toMatchObject(refused)
  }
  expect(settings.policy).toBe(fits)
})

describe('enhanced monitoring', () => {
  it('says which metrics were kept before, and which are now', async () => {
    const { store } = await openSubject()
    const stream = await store.createStream('s')
    expect(await stream.settings.enableMonitoring(['OutgoingBytes', 'IncomingBytes'])).toEqual({
      before: [],
      after: ['IncomingBytes', 'OutgoingBytes'],
    })
    const all = await stream.settings.enableMonitoring(['ALL'])
    expect(all.after).toHaveLength(7)
    expect(stream.describe().monitoring).toEqual(all.after)
    const less = await stream.settings.disableMonitoring(['IncomingBytes', 'IteratorAgeMilliseconds'])
    expect(less.before).toEqual(all.after)
    expect(less.after).toHaveLength(5)
    expect((await stream.settings.disableMonitoring(['ALL'])).after).toEqual([])
    for (const wrong of [[], ['All'], 'ALL']) {
      const call = stream.settings.enableMonitoring(wrong as 'ALL'[])
      await expect(call).rejects.toMatchObject({ details: { field: 'metrics' } })
    }
  })
})

it('settings are changed by two at once without one losing', async () => {
  const { store } = await openSubject({ answers: 'later' })
  const stream = await store.createStream('s')
  await Promise.all([
    ...Array.from({ length: 8 }, (_, n) => stream.settings.tag({ [`k${n}`]: '' })),
    stream.settings.setPolicy('{}'),
    stream.setRetention(48),
    stream.consumers.register('c'),
  ])
  expect(stream.describe()).toMatchObject({ tagCount: 8, retentionHours: 48, consumerCount: 1 })
  expect(stream.settings.policy).toBe('{}')
  await stream.put('k', bytesOf('x'))
})
