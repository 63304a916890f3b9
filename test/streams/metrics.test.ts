import { describe, expect, it } from 'vitest'
import { open } from '../../src/index.ts'
import { shardPage } from '../../src/streams/shard-page.ts'
import { iteratorAt } from '../../src/streams/shard-iterator.ts'
import { polledPage } from '../../src/streams/polling.ts'
import type { Shard } from '../../src/streams/shard.ts'
import { coreOf } from '../../src/streams/stream.ts'
import type { StreamCore } from '../../src/streams/stream-core.ts'
import { ManualClock } from '../model/manual-clock.ts'
import { bothAnswers, bytesOf, collect, openSubject } from './subject.ts'

const startMs = Date.UTC(2026, 0, 1)
const minuteMs = 60_000
const shardId = 'shardId-000000000000'

function firstOf({ shards }: StreamCore): Shard {
  return shards[0] as Shard
}

describe.each(bothAnswers)('enhanced monitoring, engine answers %s', (answers) => {
  it('counts what is put and read, minute by minute, only what was enabled, and only while it is', async () => {
    const { store, clock } = await openSubject({ answers })
    const stream = await store.createStream('s')
    await stream.put('key', bytesOf('before'))
    expect(stream.metrics()).toEqual([])
    await stream.settings.enableMonitoring(['IncomingBytes', 'IncomingRecords', 'OutgoingRecords'])
    await stream.put('key', bytesOf('12345'))
    await stream.putBatch([
      { partitionKey: 'k', data: bytesOf('1') },
      { partitionKey: 'kk', data: bytesOf('') },
    ])
    if (answers === 'direct') stream.append('key', bytesOf('7'))
    await clock.advance(minuteMs)
    await stream.put('k', bytesOf('x'))
    await collect(stream.read({ from: 'oldest', until: 'tail' }))
    const [appendedBytes, appended] = answers === 'direct' ? [4, 1] : [0, 0]
    expect(stream.metrics()).toEqual([
      {
        shardId,
        minuteMs: startMs,
        values: { IncomingBytes: 8 + 2 + 2 + appendedBytes, IncomingRecords: 3 + appended },
      },
      {
        shardId,
        minuteMs: startMs + minuteMs,
        values: { IncomingBytes: 2, IncomingRecords: 1, OutgoingRecords: 5 + appended },
      },
    ])
    await stream.settings.disableMonitoring(['ALL'])
    const before = stream.metrics()
    await stream.put('k', bytesOf('x'))
    await collect(stream.read({ from: 'oldest', until: 'tail' }))
    expect(stream.metrics()).toEqual(before)
    expect(stream.metrics({ fromMs: startMs + 1 })).toHaveLength(1)
    expect(stream.metrics({ toMs: startMs + minuteMs })).toHaveLength(1)
  })

  it('counts the pages of GetRecords, and how old the last record of one was', async () => {
    const { store, clock } = await openSubject({ answers })
    const stream = await store.createStream('s')
    await stream.settings.enableMonitoring(['ALL'])
    await stream.put('key', bytesOf('12345'))
    await clock.advance(5 * minuteMs)
    const core = coreOf(stream)
    const page = await shardPage(core, await iteratorAt(core, firstOf(core), { from: 'oldest' }))
    page.release()
    expect(stream.metrics({ fromMs: startMs + minuteMs })).toEqual([
      {
        shardId,
        minuteMs: startMs + 5 * minuteMs,
        values: { OutgoingBytes: 8, OutgoingRecords: 1, IteratorAgeMilliseconds: 5 * minuteMs },
      },
    ])
  })

  it('counts what enforced limits refuse', async () => {
    const { store } = await openSubject({ answers, limits: 'enforce' })
    const stream = await store.createStream('s')
    await stream.settings.enableMonitoring(['ALL'])
    const entries = Array.from({ length: 1_010 }, () => ({ partitionKey: 'k', data: bytesOf('x') }))
    const results = await stream.putBatch(entries)
    const refused = results.filter(({ ok }) => !ok).length
    expect(refused).toBeGreaterThan(0)
    const core = coreOf(stream)
    const iterator = await iteratorAt(core, firstOf(core), { from: 'latest' })
    const call = async (): Promise<void> => void (await polledPage(core, iterator))
    for (let calls = 0; calls < 5; calls++) await call()
    await expect(call()).rejects.toMatchObject({ code: 'ERR_MILLRACE_THROTTLED' })
    expect(stream.metrics()).toMatchObject([
      {
        values: {
          IncomingRecords: 1_010 - refused,
          WriteProvisionedThroughputExceeded: refused,
          ReadProvisionedThroughputExceeded: 1,
        },
      },
    ])
  })
})

it('keeps a day of minutes, whatever the shard', async () => {
  const { store, clock } = await openSubject()
  const stream = await store.createStream('s', { shards: 2, retentionHours: 72 })
  await stream.settings.enableMonitoring(['IncomingRecords'])
  await stream.put('k', bytesOf('x'), { explicitHashKey: '0' })
  for (let hour = 0; hour < 30; hour++) {
    await clock.advance(60 * minuteMs)
    await stream.put('k', bytesOf('x'), { explicitHashKey: String(2n ** 127n) })
  }
  const minutes = stream.metrics()
  expect(minutes).toHaveLength(24)
  expect(new Set(minutes.map((minute) => minute.shardId))).toEqual(new Set(['shardId-000000000001']))
  expect(minutes[0]?.minuteMs).toBe(startMs + 7 * 60 * minuteMs)
})

it('counts on the real engine, where single records have a short way', async () => {
  await using store = await open('memory:', { clock: new ManualClock() })
  const stream = await store.createStream('s', { shards: 2 })
  stream.append('k', bytesOf('x'))
  await stream.settings.enableMonitoring(['IncomingRecords', 'OutgoingBytes'])
  for (let n = 0; n < 3; n++) stream.append('k', bytesOf('x'))
  await stream.settings.disableMonitoring(['ALL'])
  stream.append('k', bytesOf('x'))
  expect(stream.metrics().map(({ values }) => values)).toEqual([{ IncomingRecords: 3 }])
  expect(() => stream.metrics({ from: 1 } as never)).toThrow(
    expect.objectContaining({ code: 'ERR_MILLRACE_UNKNOWN_OPTION' }),
  )
})
