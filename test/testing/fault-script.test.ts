import { describe, expect, it } from 'vitest'
import { FaultScript, type FaultTiming } from '../../src/testing/fault-script.ts'
import { SeededRandom } from '../../src/testing/seeded-random.ts'

function script(seed = 1): FaultScript<string> {
  return new FaultScript(new SeededRandom(seed))
}

/** At which of so many occasions something happens. */
function happenings(timing: FaultTiming, occasions: number, seed = 1): number[] {
  const faults = script(seed)
  faults.add({}, 'fault', timing)
  return Array.from({ length: occasions }, (_, n) => n).filter(() => faults.take({}) !== undefined)
}

describe('a fault script', () => {
  it('lets nothing happen unless it was told to', () => {
    expect([script().idle, script().take({ stream: 's' })]).toEqual([true, undefined])
  })

  it('lets a fault happen once, or as often as it was told', () => {
    expect(happenings({}, 5)).toEqual([0])
    expect(happenings({ times: 3 }, 5)).toEqual([0, 1, 2])
    expect(happenings({ times: Number.POSITIVE_INFINITY }, 5)).toEqual([0, 1, 2, 3, 4])
  })

  it('lets occasions pass first', () => {
    expect(happenings({ after: 2, times: 2 }, 6)).toEqual([2, 3])
  })

  it('lets a fault happen as likely as it was told, the same ones with the same seed', () => {
    const timing = { probability: 0.25, times: Number.POSITIVE_INFINITY }
    const first = happenings(timing, 4000, 7)
    expect(first.length).toBeGreaterThan(900)
    expect(first.length).toBeLessThan(1100)
    expect(happenings(timing, 4000, 7)).toEqual(first)
    expect(happenings(timing, 4000, 8)).not.toEqual(first)
  })

  it('lets a fault happen only at occasions that have all facts which it names', () => {
    const faults = script()
    faults.add({ stream: 's', shardId: '1', operation: undefined }, 'fault', {})
    expect(faults.take({ stream: 's' })).toBeUndefined()
    expect(faults.take({ stream: 's', shardId: '2' })).toBeUndefined()
    expect(faults.take({ stream: 's', shardId: '1', operation: 'put' })).toBe('fault')
  })

  it('lets the fault that was scripted first go first, and one at a time', () => {
    const faults = script()
    faults.add({}, 'one', {})
    faults.add({}, 'two', { times: 2 })
    expect([1, 2, 3, 4].map(() => faults.take({}))).toEqual(['one', 'two', 'two', undefined])
  })

  it('counts an occasion for every fault that was asked about it, and for no other', () => {
    const faults = script()
    faults.add({}, 'first', {})
    faults.add({}, 'second', { after: 1 })
    // The first happens, so the second is not asked.
    expect([1, 2, 3].map(() => faults.take({}))).toEqual(['first', undefined, 'second'])
  })

  it('tells how often a fault has happened, and takes it back', () => {
    const faults = script()
    const fault = faults.add({}, 'fault', { times: 5 })
    faults.take({})
    faults.take({})
    expect([fault.happened, fault.over]).toEqual([2, false])
    fault.cancel()
    expect([faults.take({}), fault.happened, fault.over]).toEqual([undefined, 2, true])
  })

  it('forgets everything at once', () => {
    const faults = script()
    const fault = faults.add({}, 'fault', { times: 5 })
    faults.clear()
    expect([faults.take({}), faults.idle, fault.over]).toEqual([undefined, true, true])
  })

  it('is idle again when all is over', () => {
    const faults = script()
    faults.add({}, 'fault', {})
    faults.take({})
    faults.take({})
    expect(faults.idle).toBe(true)
  })

  it.each([
    { times: 0 },
    { times: 1.5 },
    { after: -1 },
    { probability: 0 },
    { probability: 1.1 },
    { probability: '1' },
  ])('refuses %o', (timing) => {
    expect(() => script().add({}, 'fault', timing as FaultTiming)).toThrow(/must be/)
  })
})
