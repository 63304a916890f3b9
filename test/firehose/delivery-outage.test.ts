import { readdirSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { DeliveryConfiguration } from '../../src/firehose/configuration.ts'
import type { Processor } from '../../src/firehose/processor.ts'
import { hourMs, KiB, MiB, minuteMs, secondMs } from '../../src/units.ts'
import { DeliveryRig, settled, target, toFunction } from './delivery-rig.ts'

const kilobyte = 'x'.repeat(1000)

/** What cannot be delivered goes to another bucket. */
const withErrors: DeliveryConfiguration = {
  source: { kind: 'direct' },
  processing: {},
  destination: { kind: 'objects', target: { ...target, errorBucket: 'errors' }, partitioned: false },
}

describe('a destination that is down for longer than it is tried', () => {
  it('does not keep a receiver behind its source', async () => {
    await using rig = new DeliveryRig({ configuration: toFunction })
    rig.receiver.conduct = () => 'fail'
    await rig.start()
    for (let second = 0; second < 900; second++) {
      rig.source.put(kilobyte)
      await rig.clock.advance(1000)
    }
    // All but those of the last two minutes: one in which they are gathered, and one in which they are tried.
    expect(rig.source.handedOut).toBeGreaterThan(700)
    expect(rig.objects.failed('backup').length).toBeGreaterThan(700)
  })

  it('does not keep buckets behind their source', async () => {
    await using rig = new DeliveryRig({ configuration: withErrors })
    rig.objects.conduct = ({ bucket }) => (bucket === 'errors' ? 'take' : 'fail')
    await rig.start()
    for (let minute = 0; minute < 36 * 60; minute += 4) {
      rig.source.put(kilobyte)
      await rig.clock.advance(4 * minuteMs)
    }
    expect(rig.source.handedOut).toBeGreaterThan(150)
    const lines = rig.objects.failed('errors')
    expect(lines.length).toBeGreaterThan(150)
    for (const { arrivalTimestamp, attemptEndingTimestamp } of lines.slice(8)) {
      const triedMs = Number(attemptEndingTimestamp) - Number(arrivalTimestamp)
      expect(Math.abs(triedMs - 24 * hourMs)).toBeLessThan(hourMs)
    }
  })

  it('is tried for the whole time by records that come after it has worked again', async () => {
    await using rig = new DeliveryRig({ configuration: toFunction })
    rig.receiver.conduct = () => 'fail'
    await rig.start()
    await rig.put('one')
    await rig.clock.advance(5 * minuteMs)
    rig.receiver.conduct = () => 'take'
    await rig.put('two')
    await rig.clock.advance(5 * minuteMs)
    expect(rig.receiver.received).toEqual(['two'])
    rig.receiver.conduct = () => 'fail'
    await rig.put('three')
    await rig.clock.advance(minuteMs + 20_000)
    rig.receiver.conduct = () => 'take'
    await rig.clock.advance(minuteMs)
    expect(rig.receiver.received).toEqual(['two', 'three'])
  })
})

it('a buffer whose file cannot be read is told of, and delivered once it can be', async () => {
  await using rig = new DeliveryRig({ configuration: toFunction, memoryBytes: 24 * KiB })
  rig.receiver.conduct = () => 'fail'
  await rig.start()
  await rig.put(...Array.from({ length: 8 }, () => kilobyte))
  const spill = join(rig.folder, rig.state.id)
  while (rig.delivery.stats().spilledBytes < 3000) await settled()
  expect(readdirSync(spill)).toHaveLength(1)
  renameSync(spill, `${spill}-away`)
  rig.receiver.conduct = () => 'take'
  await rig.clock.advance(2 * minuteMs)
  while (rig.log.at(-1)?.errorCode !== 'Delivery.InternalError') await settled()
  expect(rig.receiver.received).toHaveLength(4)
  renameSync(`${spill}-away`, spill)
  while (rig.receiver.received.length < 8) {
    await rig.clock.advance(minuteMs)
    await settled()
  }
  expect(rig.receiver.received).toEqual(Array.from({ length: 8 }, () => kilobyte))
})

/** Resolves once the budget is kept, if it ever is: files take some turns of the loop. */
async function kept({ memory, source }: DeliveryRig, records: number): Promise<void> {
  while (memory.over || source.handedOut < records) await settled()
}

/** The most that is held from now on. */
function watched({ memory }: DeliveryRig): { peakBytes: number } {
  const seen = { peakBytes: 0 }
  const take = memory.take.bind(memory)
  memory.take = (bytes) => {
    const slab = take(bytes)
    seen.peakBytes = Math.max(seen.peakBytes, memory.usedBytes)
    return slab
  }
  return seen
}

describe('the memory of what is tried again', () => {
  it('is kept for one receiver: between attempts its buffer waits in a file', async () => {
    const buffering = { bytes: 128 * KiB, ms: minuteMs }
    const destination = { ...toFunction.destination, buffering, retryMs: 2 * 60 * minuteMs }
    const configuration = { ...toFunction, destination } as DeliveryConfiguration
    await using rig = new DeliveryRig({ configuration, memoryBytes: 64 * KiB })
    let isDown = true
    rig.receiver.conduct = () => (isDown ? 'fail' : 'take')
    await rig.start()
    const put = Array.from({ length: 32 }, (_, index) => `${index}`.padEnd(4 * KiB, '.'))
    rig.source.put(...put)
    for (let attempts = 1; attempts < 20; attempts++) {
      while (rig.receiver.parcels.length < attempts) await settled()
      await kept(rig, put.length)
      await rig.clock.advance(3 * minuteMs)
    }
    isDown = false
    while (rig.receiver.received.length < put.length) {
      await rig.clock.advance(3 * minuteMs)
      await settled()
    }
    expect(rig.receiver.received).toEqual(put)
    expect(new Set(rig.receiver.parcels.slice(0, 19).map(({ id }) => id)).size).toBe(1)
  })

  it('is kept for 500 partitions', async () => {
    const byKey: Processor = {
      process: async (records) => ({
        records: records.map((record) => ({
          ...record,
          keys: { query: { key: Buffer.from(record.data).toString().trimEnd() }, lambda: {} },
        })),
        failed: [],
        dropped: 0,
      }),
      close: async () => {},
    }
    const buffering = { bytes: 64 * KiB, ms: 10 * secondMs }
    const destination = { kind: 'objects', target: { ...target, buffering }, partitioned: true } as const
    const processing = { query: '{key: .key}' }
    const configuration = { source: { kind: 'direct' }, processing, destination } as DeliveryConfiguration
    await using rig = new DeliveryRig({ configuration, memoryBytes: 4 * MiB, processor: byKey })
    let isDown = true
    rig.objects.conduct = () => (isDown ? 'fail' : 'take')
    rig.source.batchRecords = 100
    const seen = watched(rig)
    await rig.start()
    const put = Array.from({ length: 500 }, (_, key) => `${key}`.padEnd(KiB, ' '))
    rig.source.put(...put)
    for (let minute = 0; minute < 3; minute++) {
      await rig.clock.advance(minuteMs)
      await kept(rig, put.length)
    }
    // Whoever reads waits for room after each batch.
    expect(seen.peakBytes).toBeLessThan(4 * MiB + rig.source.batchRecords * 20 * KiB)
    expect(rig.delivery.stats()).toMatchObject({ partitionCount: 500, bufferedRecords: 500 })
    isDown = false
    while (rig.objects.in('landing').length < put.length) {
      await rig.clock.advance(3 * minuteMs)
      await settled()
    }
    expect(rig.objects.in('landing').toSorted()).toEqual(put.toSorted())
  })
})
