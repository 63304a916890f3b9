import { expect, it } from 'vitest'
import type { Clock } from '../../src/clock.ts'
import { Alarms, type Sleeper } from '../../src/streams/alarms.ts'
import { ManualClock } from '../model/manual-clock.ts'

function sleepers(count: number): { readonly all: readonly Sleeper[]; readonly rung: number[] } {
  const rung: number[] = []
  const all = Array.from({ length: count }, (_, index) => ({ ring: () => void rung.push(index) }))
  return { all, rung }
}

it('alarms of one moment share a timer, and ring once', async () => {
  const clock = new ManualClock()
  const alarms = new Alarms(clock)
  const { all, rung } = sleepers(500)
  for (const sleeper of all) alarms.set(sleeper, 5000)
  expect(clock.pending).toBe(1)
  await clock.advance(4999)
  expect(rung).toEqual([])
  await clock.advance(1)
  expect(rung).toEqual(all.map((_, index) => index))
  await clock.advance(60_000)
  expect([rung.length, clock.pending]).toEqual([500, 0])
})

it('a cancelled alarm does not ring, and the last one takes the timer along', async () => {
  const clock = new ManualClock()
  const alarms = new Alarms(clock)
  const { all, rung } = sleepers(3)
  const [first, second, third] = all as [Sleeper, Sleeper, Sleeper]
  alarms.set(first, 1000)
  alarms.set(second, 1000)
  alarms.set(third, 2000)
  alarms.cancel(first, 1000)
  alarms.cancel(first, 1000)
  alarms.cancel(second, 3000)
  expect(clock.pending).toBe(2)
  alarms.cancel(third, 2000)
  expect(clock.pending).toBe(1)
  await clock.advance(2000)
  expect([rung, clock.pending]).toEqual([[1], 0])
})

it('whoever sleeps again when woken has a timer of its own', async () => {
  const clock = new ManualClock()
  const alarms = new Alarms(clock)
  const rungAtMs: number[] = []
  const restless: Sleeper = {
    ring() {
      rungAtMs.push(clock.monotonicMs())
      if (rungAtMs.length < 3) alarms.set(restless, clock.monotonicMs() + 250)
    },
  }
  alarms.set(restless, 250)
  await clock.advance(10_000)
  expect([rungAtMs, clock.pending]).toEqual([[250, 500, 750], 0])
})

it('an alarm whose timer is early waits for the rest', () => {
  const timers: { readonly ms: number; readonly callback: () => void }[] = []
  let nowMs = 0
  const clock: Clock = {
    nowMs: () => nowMs,
    monotonicMs: () => nowMs,
    after(ms, callback) {
      timers.push({ ms, callback })
      return () => {}
    },
  }
  const alarms = new Alarms(clock)
  const { all, rung } = sleepers(1)
  alarms.set(all[0] as Sleeper, 100)
  nowMs = 99.5
  timers[0]?.callback()
  expect([rung, timers.map(({ ms }) => ms)]).toEqual([[], [100, 1]])
  nowMs = 100.5
  timers[1]?.callback()
  expect(rung).toEqual([0])
})
