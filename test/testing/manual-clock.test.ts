import { describe, expect, it } from 'vitest'
import { type Duration, ManualClock } from '../../src/testing/manual-clock.ts'

describe('a manual clock', () => {
  it('stands still until it is advanced', async () => {
    const clock = new ManualClock(1_000)
    expect([clock.nowMs(), clock.monotonicMs()]).toEqual([1_000, 0])
    await clock.advance(1.5)
    expect([clock.nowMs(), clock.monotonicMs()]).toEqual([1_001, 1.5])
  })

  it('fires what becomes due in order, each at its own moment', () => {
    const clock = new ManualClock(0)
    const fired: [string, number][] = []
    for (const [name, ms] of Object.entries({ late: 30, first: 10, second: 10, never: 31, negative: -5 })) {
      clock.after(ms, () => fired.push([name, clock.nowMs()]))
    }
    clock.advanceNow(30)
    expect(fired).toEqual([
      ['negative', 0],
      ['first', 10],
      ['second', 10],
      ['late', 30],
    ])
    expect([clock.nowMs(), clock.pending]).toEqual([30, 1])
  })

  it('fires timers that timers set, and those that promises set after a timer', async () => {
    const clock = new ManualClock(0)
    const fired: number[] = []
    async function every10(): Promise<void> {
      for (;;) {
        await new Promise<void>((resolve) => {
          clock.after(10, resolve)
        })
        fired.push(clock.nowMs())
      }
    }
    void every10()
    await clock.advance(35)
    expect(fired).toEqual([10, 20, 30])
  })

  it('never fires a cancelled timer', async () => {
    const clock = new ManualClock(0)
    let fired = 0
    const cancel = clock.after(10, () => {
      fired += 1
    })
    cancel()
    cancel()
    await clock.advance(100)
    expect([fired, clock.pending]).toEqual([0, 0])
  })

  it('lets the wall clock jump without any timer noticing', () => {
    const clock = new ManualClock(1_000_000)
    let fired = 0
    clock.after(10, () => {
      fired += 1
    })
    clock.setWall(5)
    expect([clock.nowMs(), clock.monotonicMs(), fired]).toEqual([5, 0, 0])
    clock.advanceNow(10)
    expect([clock.nowMs(), clock.monotonicMs(), fired]).toEqual([15, 10, 1])
  })

  it('adds up the parts of a duration', async () => {
    const clock = new ManualClock(0)
    await clock.advance({ days: 1, hours: 2, minutes: 3, seconds: 4, milliseconds: 5 })
    expect(clock.nowMs()).toBe(((24 + 2) * 60 + 3) * 60_000 + 4_005)
  })

  it.each([-1, Number.NaN, Number.POSITIVE_INFINITY, '5', undefined, { hours: -1 }, { hours: '1' }])(
    'refuses %o as a duration',
    async (duration) => {
      const clock = new ManualClock(0)
      const code = 'ERR_MILLRACE_INVALID_ARGUMENT'
      expect(() => clock.advanceNow(duration as Duration)).toThrow(expect.objectContaining({ code }))
      expect(() => clock.advance(duration as Duration)).toThrow(expect.objectContaining({ code }))
    },
  )

  it('refuses parts of a duration that it does not know by name', () => {
    const parts = { hour: 1 } as Duration
    expect(() => new ManualClock().advanceNow(parts)).toThrow(/"hour" is not known; known are days, hours/)
  })

  it('runs advances that overlap one after the other', async () => {
    const clock = new ManualClock(0)
    const fired: number[] = []
    clock.after(5, () => fired.push(clock.nowMs()))
    clock.after(15, () => fired.push(clock.nowMs()))
    await Promise.all([clock.advance(10), clock.advance(10)])
    expect([fired, clock.nowMs()]).toEqual([[5, 15], 20])
  })

  it('says what a timer threw, and goes on behind it', async () => {
    const clock = new ManualClock(0)
    let fired = 0
    clock.after(5, () => {
      throw new Error('on purpose')
    })
    clock.after(6, () => {
      fired += 1
    })
    await expect(clock.advance(10)).rejects.toThrow('on purpose')
    expect([clock.nowMs(), fired]).toEqual([5, 0])
    await clock.advance(1)
    expect([clock.nowMs(), fired]).toEqual([6, 1])
  })

  it('cancels the one timer of several that are due together', () => {
    const clock = new ManualClock(0)
    const fired: number[] = []
    const cancels = [0, 1, 2, 3].map((name) => clock.after(10, () => fired.push(name)))
    cancels[1]?.()
    cancels[3]?.()
    clock.advanceNow(10)
    expect(fired).toEqual([0, 2])
  })

  it('passes a year without timers in the time of a few turns', async () => {
    const clock = new ManualClock(0)
    let turns = 0
    const count = (): void => {
      turns += 1
      next = setImmediate(count)
    }
    let next = setImmediate(count)
    await clock.advance({ days: 365 })
    clearImmediate(next)
    expect(turns).toBeLessThan(20)
    expect(clock.nowMs()).toBe(365 * 86_400_000)
  })
})
