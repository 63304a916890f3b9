import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { systemClock } from '../src/clock.ts'

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
