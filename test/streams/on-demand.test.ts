import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MillraceError } from '../../src/errors.ts'
import { Column } from '../../src/log/log.ts'
import { open } from '../../src/open.ts'
import { LoadScaler, type ScalerHost } from '../../src/streams/load-scaler.ts'
import { onDemandShardsMax, ShardLoad, splitPoint } from '../../src/streams/on-demand.ts'
import type { Shard } from '../../src/streams/shard.ts'
import { Staging } from '../../src/streams/staging.ts'
import { insideOf } from '../../src/streams/store.ts'
import { coreOf, type Stream } from '../../src/streams/stream.ts'
import type { StreamCore } from '../../src/streams/stream-core.ts'
import { ManualClock } from '../../src/testing/manual-clock.ts'
import { settled } from '../model/manual-clock.ts'
import { openSubject, type Subject } from './subject.ts'

const minuteMs = 60_000
const MB = 1_000_000
const end = 2n ** 128n - 1n
const md5 = (key: string): bigint => BigInt(`0x${createHash('md5').update(key).digest('hex')}`)

describe('the load of a shard', () => {
  it('is the mean of five whole minutes, once there are so many', () => {
    const load = new ShardLoad(30_000)
    load.add(999 * MB, 30_000)
    for (let minute = 1; minute <= 5; minute++) {
      expect(load.bytesPerSecond(minute * minuteMs)).toBeUndefined()
      load.add(30 * MB, minute * minuteMs + 59_999)
    }
    expect(load.bytesPerSecond(6 * minuteMs - 1)).toBeUndefined()
    expect(load.bytesPerSecond(6 * minuteMs)).toBe(0.5 * MB)
    load.add(999 * MB, 6 * minuteMs)
    expect(load.bytesPerSecond(7 * minuteMs - 1)).toBe(0.5 * MB)
    expect(load.bytesPerSecond(9 * minuteMs)).toBe(((2 * 30 + 999) * MB) / 300)
    expect(load.bytesPerSecond(12 * minuteMs)).toBe(0)
  })

  it('is nothing after a long quiet time', () => {
    const load = new ShardLoad(0)
    load.add(999 * MB, 0)
    expect(load.bytesPerSecond(1e12)).toBe(0)
  })
})

const many = (keys: readonly bigint[], times: number): bigint[] =>
  keys.flatMap((key) => Array.from({ length: times }, () => key))

describe('where a shard is split', () => {
  it('is its middle, while nothing is known', () => {
    expect(splitPoint([], 0n, end)).toBe(2n ** 127n)
    expect(splitPoint([5n], 0n, end)).toBe(2n ** 127n)
    expect(splitPoint([], 0n, 1n)).toBeUndefined()
    expect(splitPoint([], 0n, 3n)).toBe(2n)
    expect(splitPoint([], 0n, 2n)).toBeUndefined()
  })

  it('is where both halves take as much', () => {
    expect(splitPoint(many([10n, 20n, 30n, 40n], 10), 0n, end)).toBe(30n)
    expect(splitPoint([...many([10n], 30), ...many([20n, 30n], 10)], 0n, end)).toBe(20n)
  })

  it('is nowhere, if one key has nearly all of it', () => {
    expect(splitPoint(many([10n], 100), 0n, end)).toBeUndefined()
    expect(splitPoint([...many([10n], 95), ...many([20n], 5)], 0n, end)).toBeUndefined()
    expect(splitPoint([...many([10n], 80), ...many([20n], 20)], 0n, end)).toBe(20n)
  })

  it('is always one that AWS takes, and better than any other sample', () => {
    const range = fc.tuple(fc.bigInt(0n, 2000n), fc.bigInt(0n, 2000n)).map(([a, b]) => [a, a + b] as const)
    const samples = fc.array(fc.bigInt(0n, 4000n), { maxLength: 256, size: 'max' })
    fc.assert(
      fc.property(range, samples, ([first, last], keys) => {
        const at = splitPoint(keys, first, last)
        const inside = keys.filter((key) => key >= first && key <= last)
        const lighter = (split: bigint): number => {
          const below = inside.filter((key) => key < split).length
          return Math.min(below, inside.length - below)
        }
        const possible = inside.filter((key) => key > first + 1n && key < last)
        if (at === undefined) {
          if (inside.length < 16) expect(last - first).toBeLessThanOrEqual(3n)
          else for (const key of possible) expect(lighter(key)).toBeLessThan(inside.length / 10)
          return
        }
        expect(at > first + 1n && at < last).toBe(true)
        if (inside.length < 16) return
        for (const key of possible) expect(lighter(at)).toBeGreaterThanOrEqual(lighter(key))
      }),
    )
  })
})

it('grows to 200 shards, and to 10,000 in three regions', () => {
  expect([onDemandShardsMax('us-east-1'), onDemandShardsMax('eu-north-1')]).toEqual([10_000, 200])
})

interface Case extends Subject {
  readonly stream: Stream
  readonly core: StreamCore
  readonly scaler: LoadScaler
  readonly splits: string[]
  readonly failures: unknown[]
  /** Seconds of load: so many bytes of each key in each, without storing them. */
  load(seconds: number, perSecond: Readonly<Record<string, number>>): Promise<void>
}

async function onDemand(fails?: MillraceError): Promise<Case> {
  const subject = await openSubject()
  const stream = await subject.store.createStream('s', { mode: 'ON_DEMAND' })
  const core = coreOf(stream)
  const { resharder } = insideOf(subject.store)
  const splits: string[] = []
  const failures: unknown[] = []
  const host: ScalerHost = {
    async split(of, shardId, at) {
      splits.push(shardId)
      if (fails !== undefined) throw fails
      await (
        await resharder.split(of, shardId, at)
      ).finished
    },
    failed: (_core, _shard, error) => failures.push(error),
  }
  const scaler = new LoadScaler(core, host)
  const shardOf = (key: string): Shard =>
    core.map.open.findLast(({ spec }) => BigInt(spec.startingHashKey) <= md5(key)) as Shard
  const staging = new Staging()
  const load: Case['load'] = async (seconds, perSecond) => {
    for (let second = 0; second < seconds; second += 10) {
      await subject.clock.advance(10_000)
      for (const [key, bytes] of Object.entries(perSecond)) {
        staging.reset()
        staging.add(key, new Uint8Array(1), undefined, 1000)
        staging.columns[Column.dataBytes] = 10 * bytes
        staging.order[0] = 0
        staging.timeMs = subject.clock.nowMs()
        expect(scaler.admit(staging, shardOf(key), 0, 1)).toBe(1)
      }
    }
    await settled()
  }
  return { ...subject, stream, core, scaler, splits, failures, load }
}

const openIds = ({ core }: Case): number[] =>
  core.map.open.map(({ index }) => index).toSorted((a, b) => a - b)

describe('a stream on demand', () => {
  /** Keys of the first of four shards. */
  const keys = Array.from({ length: 400 }, (_, n) => `key ${n}`).filter((key) => md5(key) < 2n ** 126n)
  const spread = (count: number, bytes: number): Record<string, number> =>
    Object.fromEntries(keys.slice(0, count).map((key) => [key, bytes / count]))

  // above about 500 KB/s, within 15 minutes: AWS developer guide
  it('splits a shard that takes more than 500 KB a second within 15 minutes, and no other', async () => {
    const subject = await onDemand()
    await subject.load(15 * 60, { ...spread(20, 550_000), [`${keys.length} elsewhere`]: 0 })
    expect(subject.splits).toEqual(['shardId-000000000000'])
    expect(openIds(subject)).toEqual([1, 2, 3, 4, 5])
  })

  it('splits nothing below that', async () => {
    const subject = await onDemand()
    await subject.load(30 * 60, spread(20, 490_000))
    expect(subject.splits).toEqual([])
  })

  it('splits again where that is not enough, and stops', async () => {
    const subject = await onDemand()
    await subject.load(60 * 60, spread(40, 1_600_000))
    expect(subject.core.map.open.length).toBeGreaterThanOrEqual(3 + 4)
    expect(subject.core.map.open.length).toBeLessThanOrEqual(3 + 6)
    const settledSplits = subject.splits.length
    await subject.load(60 * 60, spread(40, 1_600_000))
    expect(subject.splits.length).toBe(settledSplits)
  })

  it('does not split for one key, which no split can relieve', async () => {
    const subject = await onDemand()
    await subject.load(30 * 60, { [keys[0] as string]: 900_000 })
    expect(subject.splits).toEqual([])
  })

  it('says if a split failed, and tries again in the next minute, not at the next put', async () => {
    const full = new MillraceError('ERR_MILLRACE_NO_SPACE', 'full')
    const subject = await onDemand(full)
    await subject.load(9 * 60, spread(20, 550_000))
    expect(subject.failures.length).toBeGreaterThan(1)
    expect(subject.failures.length).toBeLessThanOrEqual(4)
    const busy = await onDemand(new MillraceError('ERR_MILLRACE_STREAM_NOT_ACTIVE', 'resharding'))
    await busy.load(9 * 60, spread(20, 550_000))
    expect([busy.failures, busy.splits.length > 1]).toEqual([[], true])
  })

  it('is measured from its mode on, and no longer', async () => {
    const { store } = await openSubject()
    const core = coreOf(await store.createStream('s'))
    expect(core.gate).toBeUndefined()
    const stream = store.stream('s')
    await stream.settings.setMode('ON_DEMAND')
    expect(core.gate).toBeInstanceOf(LoadScaler)
    const { gate } = core
    await stream.setRetention(48)
    expect(core.gate).toBe(gate)
    await stream.settings.setMode('PROVISIONED')
    expect(core.gate).toBeUndefined()
  })

  it('grows in the embedded engine under real puts, which all arrive', async () => {
    const clock = new ManualClock()
    await using store = await open('memory:', { clock, limits: 'report' })
    const stream = await store.createStream('s', { mode: 'ON_DEMAND' })
    const core = coreOf(stream)
    const data = new Uint8Array(1_000_000)
    let put = 0
    for (let second = 0; second < 6 * 60 + 1; second += 2, put++) {
      await stream.put(
        keys[put % keys.length] as string,
        data.subarray(0, second % 4 === 0 ? 999_000 : 400_000),
      )
      await clock.advance(2000)
    }
    expect(core.map.open.length).toBe(4)
    for (let second = 0; second < 6 * 60 + 1; second++, put++) {
      await stream.put(keys[put % keys.length] as string, data.subarray(0, 600_000))
      await clock.advance(1000)
    }
    expect(core.map.open.length).toBe(5)
    let read = 0
    for await (const batch of stream.readBatches({ from: 'oldest', until: 'tail' })) read += batch.length
    expect(read).toBe(put)
  })
})
