import { uptime } from 'node:os'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { ElapsedTime, systemClock } from '../src/clock.ts'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

describe("the system's clock", () => {
  it('keeps nothing of a timer that was cancelled', () => {
    const timers = 50_000
    collectGarbage()
    const before = process.memoryUsage().heapUsed
    for (let index = 0; index < timers; index++) {
      // A delay of its own each, as what waits for a record's expiry has.
      systemClock.after(3_600_000 + index, () => {})()
    }
    collectGarbage()
    expect((process.memoryUsage().heapUsed - before) / timers).toBeLessThan(20)
  })

  it('calls back once, and not at all when it was cancelled', async () => {
    const calls: string[] = []
    systemClock.after(0, () => calls.push('cancelled'))()
    await new Promise<void>((resolve) => {
      systemClock.after(1, () => {
        calls.push('due')
        resolve()
      })
      setTimeout(() => {}, 50) // the clock's own timers keep no process
    })
    expect(calls).toEqual(['due'])
  })
})

/** A machine that was started 1,000 s ago, and what may be done to it. */
function machine() {
  const now = { wallMs: 1_700_000_000_000, runMs: 5, uptimeMs: 1_000_000, looks: 0 }
  const time = new ElapsedTime({
    wallMs: () => now.wallMs,
    runMs: () => now.runMs,
    uptimeMs: () => {
      now.looks += 1
      return now.uptimeMs
    },
  })
  const startedMs = time.ms()
  return {
    now,
    elapsedMs: () => time.ms() - startedMs,
    run(ms: number): void {
      now.wallMs += ms
      now.runMs += ms
      now.uptimeMs += ms
    },
    sleep(ms: number): void {
      now.wallMs += ms
      now.uptimeMs += ms
    },
    setWall(byMs: number): void {
      now.wallMs += byMs
    },
  }
}

describe('elapsed time', () => {
  it('passes with the process, to less than a millisecond, without asking the system', () => {
    const { elapsedMs, run, now } = machine()
    for (let step = 0; step < 1000; step++) run(0.25)
    expect(elapsedMs()).toBe(250)
    expect(now.looks).toBe(1)
  })

  it('counts what the machine slept, and asks the system once each time', () => {
    const { elapsedMs, run, sleep, now } = machine()
    run(10)
    sleep(3_600_000)
    expect(elapsedMs()).toBe(3_600_010)
    run(10)
    sleep(5000)
    run(10)
    expect([elapsedMs(), elapsedMs()]).toEqual([3_605_030, 3_605_030])
    expect(now.looks).toBe(3)
  })

  it('counts short sleeps once they are two seconds together', () => {
    const { elapsedMs, sleep } = machine()
    sleep(1500)
    expect(elapsedMs()).toBe(0)
    sleep(1500)
    expect(elapsedMs()).toBe(3000)
  })

  it('follows no wall clock that was set, forward or back', () => {
    const { elapsedMs, run, setWall } = machine()
    for (const byMs of [86_400_000, -2 * 86_400_000, 1000, -1000]) {
      setWall(byMs)
      run(10)
      elapsedMs()
    }
    expect(elapsedMs()).toBe(40)
  })

  it('counts a sleep that a wall clock set back has hidden, once the wall clock is right', () => {
    const { elapsedMs, sleep, setWall } = machine()
    sleep(60_000)
    setWall(-60_000)
    expect(elapsedMs()).toBe(0)
    setWall(60_000)
    expect(elapsedMs()).toBe(60_000)
  })

  it('never goes back, also when the uptime does', () => {
    const { elapsedMs, sleep, run, setWall, now } = machine()
    sleep(10_000)
    expect(elapsedMs()).toBe(10_000)
    now.uptimeMs -= 9000
    setWall(5000)
    run(1)
    expect(elapsedMs()).toBe(10_001)
  })
})

describe('elapsed time of the system', () => {
  it('never goes back, and moves by less than the hundredths of a second that the system tells', () => {
    let lastMs = systemClock.monotonicMs()
    const seen = new Set<number>()
    const until = performance.now() + 5
    while (performance.now() < until) {
      const nowMs = systemClock.monotonicMs()
      expect(nowMs).toBeGreaterThanOrEqual(lastMs)
      seen.add(nowMs)
      lastMs = nowMs
    }
    expect(seen.size).toBeGreaterThan(2)
  })

  it('is the time since the machine started, sleep included', () => {
    expect(Math.abs(systemClock.monotonicMs() - uptime() * 1000)).toBeLessThan(1000)
  })
})
