import { existsSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { hourMs, KiB, minuteMs } from '../../src/units.ts'
import { type Conduct, DeliveryRig, settled } from './delivery-rig.ts'
import { hinted, kilobyte, partitioned, sorting } from './sorted-records.ts'

describe('the position', () => {
  it('stays before a record that failed late, whose line waits with those of later ones', async () => {
    await using rig = new DeliveryRig({ configuration: partitioned, processor: sorting })
    let later: Conduct = 'fail'
    rig.objects.conduct = ({ key }) => {
      if (key.startsWith('errors/')) return 'take'
      return key.startsWith('vie/') ? later : 'refuse'
    }
    await rig.start()
    await rig.put('vie:1')
    await rig.put('lhr:1')
    // The second one fails for good at once and begins a buffer of lines; the first one joins it after a few attempts.
    await rig.clock.advance(minuteMs + 5000)
    later = 'refuse'
    await rig.clock.advance(10_000)
    expect(rig.delivery.stats().failedRecords).toBe(2)
    expect(rig.position).toBeUndefined()
    await rig.clock.advance(2 * minuteMs)
    expect(rig.objects.failed('landing')).toHaveLength(2)
    expect(rig.position).toEqual({ shard: '2' })
  })

  it('is saved about once a second while it moves, and not otherwise', async () => {
    await using rig = new DeliveryRig({ configuration: hinted(1, 60_000) })
    await rig.start()
    for (let record = 0; record < 20; record++) {
      await rig.put('a')
      await rig.clock.advance(200)
    }
    await rig.clock.advance(hourMs)
    expect(rig.saves).toBeGreaterThanOrEqual(3)
    expect(rig.saves).toBeLessThanOrEqual(5)
    expect(rig.position).toEqual({ shard: '20' })
    expect(rig.clock.pending).toBe(0)
  })

  it('is saved again if that failed', async () => {
    await using rig = new DeliveryRig({ configuration: hinted(1, 60_000) })
    let failures = 3
    rig.onSave = () => {
      if (failures > 0) {
        failures -= 1
        throw new Error('no space')
      }
    }
    await rig.start()
    await rig.put('a')
    await rig.clock.advance(3500)
    expect(rig.position).toBeUndefined()
    await rig.clock.advance(1000)
    expect(rig.position).toEqual({ shard: '1' })
    expect(rig.log.map(({ errorCode }) => errorCode)).toContain('Delivery.PositionNotSaved')
  })
})

describe('a delivery that is stopped', () => {
  it('delivers what it read, and a later one duplicates nothing', async () => {
    await using rig = new DeliveryRig()
    await rig.start()
    await rig.put('a', 'b')
    await rig.delivery.stop({ flush: true })
    expect(rig.position).toEqual({ shard: '2' })
    expect(rig.objects.closed).toBe(true)
    await rig.start()
    await rig.put('c')
    await rig.delivery.stop({ flush: true })
    expect(rig.objects.in('landing')).toEqual(['ab', 'c'])
    expect(rig.clock.pending).toBe(0)
  })

  it('delivers what was stored before, read or not', async () => {
    await using rig = new DeliveryRig()
    await rig.start()
    rig.source.put(...'abcdefghij')
    await rig.delivery.stop({ flush: true })
    expect(rig.objects.in('landing')).toEqual(['abcdefghij'])
    expect(rig.position).toEqual({ shard: '10' })
  })

  it('tries once more what failed, without waiting', async () => {
    await using rig = new DeliveryRig()
    rig.objects.conduct = () => 'fail'
    await rig.start()
    await rig.put('a')
    await rig.clock.advance(minuteMs + 100)
    expect(rig.objects.attempts).toBe(1)
    rig.objects.conduct = () => 'take'
    await rig.delivery.stop({ flush: true })
    expect(rig.objects.in('landing')).toEqual(['a'])
  })

  it('leaves what it cannot deliver to a later one', async () => {
    await using rig = new DeliveryRig()
    rig.objects.conduct = () => 'fail'
    await rig.start()
    await rig.put('a')
    await rig.delivery.stop({ flush: true })
    expect(rig.position).toBeUndefined()
    expect(rig.objects.attempts).toBe(1)
    rig.objects.conduct = () => 'take'
    await rig.start()
    await rig.delivery.flush()
    expect(rig.objects.in('landing')).toEqual(['a'])
  })

  it('ends at once what hangs, without a flush', async () => {
    await using rig = new DeliveryRig()
    rig.objects.conduct = () => 'hang'
    await rig.start()
    await rig.put('a')
    await rig.clock.advance(minuteMs)
    expect(rig.objects.underWay).toBe(1)
    await rig.delivery.stop({ flush: false })
    expect(rig.objects.underWay).toBe(0)
    expect(rig.clock.pending).toBe(0)
    expect(rig.memory.usedBytes).toBe(0)
  })

  it('refuses those who wait for a flush', async () => {
    await using rig = new DeliveryRig()
    rig.objects.conduct = () => 'fail'
    await rig.start()
    await rig.put('a')
    const refused = expect(rig.delivery.flush()).rejects.toMatchObject({ code: 'ERR_MILLRACE_CLOSED' })
    await rig.delivery.stop({ flush: false })
    await refused
  })
})

describe('memory', () => {
  it('beyond the budget is a file, and all records are there', async () => {
    const configuration = hinted(1024 * KiB, 60_000)
    await using rig = new DeliveryRig({ configuration, memoryBytes: 64 * KiB })
    rig.source.batchRecords = 32
    await rig.start()
    const texts = Array.from({ length: 500 }, (_, index) => `${index}:${kilobyte}`)
    rig.source.put(...texts)
    while (rig.source.handedOut < 500) await settled()
    const stats = rig.delivery.stats()
    expect(stats.spilledBytes).toBeGreaterThan(400 * KiB)
    expect(rig.memory.usedBytes).toBeLessThanOrEqual(64 * KiB)
    expect(existsSync(`${rig.folder}/${rig.state.id}`)).toBe(true)
    await rig.delivery.flush()
    expect(rig.objects.in('landing')).toEqual([texts.join('')])
    expect(rig.memory.usedBytes).toBe(0)
    await rig.delivery.stop({ flush: true })
    expect(existsSync(`${rig.folder}/${rig.state.id}`)).toBe(false)
  })
})
