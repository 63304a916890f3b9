import { describe, expect, it } from 'vitest'
import { ManualClock } from './manual-clock.ts'

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
})
