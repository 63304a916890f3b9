import { describe, expect, it } from 'vitest'
import { StoreTime } from '../../src/streams/store-time.ts'
import type { StoreWarning } from '../../src/streams/warning.ts'
import { ManualClock } from '../model/manual-clock.ts'

const startMs = Date.UTC(2026, 0, 1)
const minuteMs = 60_000
const hourMs = 60 * minuteMs

function subject(): { clock: ManualClock; time: StoreTime; warnings: StoreWarning[] } {
  const clock = new ManualClock(startMs)
  const warnings: StoreWarning[] = []
  return { clock, time: new StoreTime(clock, (warning) => warnings.push(warning)), warnings }
}

describe('the time of a store', () => {
  it('is that of its clock as long as nobody sets the clock', () => {
    const { clock, time, warnings } = subject()
    for (const step of [0, 1, 999, 1000, hourMs, 400 * 24 * hourMs]) {
      clock.advanceNow(step)
      expect(time.nowMs()).toBe(clock.nowMs())
    }
    expect(warnings).toEqual([])
  })

  it('follows small corrections', () => {
    const { clock, time, warnings } = subject()
    clock.setWall(startMs + 30_000)
    expect(time.nowMs()).toBe(startMs + 30_000)
    expect(warnings).toEqual([])
  })

  it('follows many small corrections over a long time', () => {
    const { clock, time, warnings } = subject()
    for (let hour = 0; hour < 100; hour++) {
      clock.advanceNow(hourMs)
      clock.setWall(clock.nowMs() + 20_000)
      expect(time.nowMs()).toBe(clock.nowMs())
    }
    expect(warnings).toEqual([])
  })

  it('gains a minute at most when the clock jumps ahead, goes on at its pace, and says so once', () => {
    const { clock, time, warnings } = subject()
    clock.advanceNow(hourMs)
    time.nowMs()
    clock.setWall(startMs + 1000 * hourMs)
    const boundMs = time.nowMs()
    expect(boundMs).toBeLessThanOrEqual(startMs + hourMs + minuteMs)
    clock.advanceNow(10 * minuteMs)
    expect(time.nowMs()).toBe(boundMs + 10 * minuteMs)
    expect(warnings).toMatchObject([{ code: 'clock-jump', details: { jumpMs: 999 * hourMs } }])
  })

  it.each([Number.NaN, -1, 0.5, 1e300, Number.POSITIVE_INFINITY, 10n, undefined])(
    'begins with no clock that tells %s',
    (reading) => {
      const clock = new ManualClock()
      clock.nowMs = () => reading as number
      expect(() => new StoreTime(clock, () => {})).toThrow(
        expect.objectContaining({ code: 'ERR_MILLRACE_INVALID_ARGUMENT' }) as Error,
      )
    },
  )

  it('stands still while the clock tells what is no time', () => {
    const { clock, time } = subject()
    const readings = [startMs + 5, Number.NaN, startMs + 6.5, Number.POSITIVE_INFINITY, startMs + 7]
    clock.nowMs = () => readings.shift() ?? startMs
    expect(Array.from({ length: 5 }, () => time.nowMs() - startMs)).toEqual([5, 5, 5, 5, 7])
  })

  it('is that of the clock again once the clock is set right', () => {
    const { clock, time } = subject()
    clock.setWall(startMs + 1000 * hourMs)
    time.nowMs()
    clock.advanceNow(2 * minuteMs)
    clock.setWall(startMs + 3 * minuteMs)
    expect(time.nowMs()).toBe(startMs + 3 * minuteMs)
  })

  it('never goes back', () => {
    const { clock, time } = subject()
    clock.advanceNow(hourMs)
    expect(time.nowMs()).toBe(startMs + hourMs)
    clock.setWall(startMs)
    expect(time.nowMs()).toBe(startMs + hourMs)
    clock.advanceNow(hourMs + 5)
    expect(time.nowMs()).toBe(startMs + hourMs + 5)
  })
})
