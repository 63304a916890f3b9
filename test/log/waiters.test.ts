import { getEventListeners } from 'node:events'
import { describe, expect, it } from 'vitest'
import { Waiters } from '../../src/log/waiters.ts'
import { ManualClock } from '../model/manual-clock.ts'

const dayMs = 86_400_000

function fixture(): { readonly clock: ManualClock; readonly waiters: Waiters } {
  const clock = new ManualClock()
  return { clock, waiters: new Waiters(clock) }
}

/** The longest delay asked of a clock, which is what a platform's timer would have to take. */
class LongestDelayClock extends ManualClock {
  longestMs = 0

  override after(ms: number, callback: () => void): () => void {
    this.longestMs = Math.max(this.longestMs, ms)
    return super.after(ms, callback)
  }
}

describe('Waiters', () => {
  it('sets no timer for a wait without end', () => {
    const { clock, waiters } = fixture()
    void waiters.wait(1, Number.POSITIVE_INFINITY, undefined)
    expect(clock.pending).toBe(0)
  })

  it('sets one timer for each bounded wait and takes it away when the wait is over', async () => {
    const { clock, waiters } = fixture()
    const waits = [1, 2, 3].map((from) => waiters.wait(from, 1_000, undefined))
    expect(clock.pending).toBe(3)
    waiters.grown(2)
    expect(clock.pending).toBe(1)
    waiters.ended()
    expect(clock.pending).toBe(0)
    expect(await Promise.all(waits)).toEqual([true, true, true])
  })

  it('ends a wait of many days to the millisecond, by timers that any platform takes', async () => {
    const clock = new LongestDelayClock()
    const waiters = new Waiters(clock)
    let answer: boolean | undefined
    void waiters.wait(1, 100 * dayMs + 7, undefined).then((readable) => (answer = readable))
    await clock.advance(100 * dayMs + 6)
    expect(answer).toBe(undefined)
    await clock.advance(1)
    expect(answer).toBe(false)
    expect(clock.longestMs).toBeLessThan(2 ** 31)
    expect(clock.pending).toBe(0)
  })

  it('cancels a wait of many days between its timers', async () => {
    const { clock, waiters } = fixture()
    const abort = new AbortController()
    const wait = waiters.wait(1, 10 * dayMs, abort.signal)
    await clock.advance(3 * dayMs)
    abort.abort(new Error('enough'))
    await expect(wait).rejects.toThrow('enough')
    expect(clock.pending).toBe(0)
    expect(getEventListeners(abort.signal, 'abort')).toEqual([])
  })

  it('settles once, whatever comes after', async () => {
    const { clock, waiters } = fixture()
    const abort = new AbortController()
    const wait = waiters.wait(5, 10, abort.signal)
    waiters.grown(5)
    abort.abort(new Error('too late'))
    waiters.closed()
    await clock.advance(10)
    expect(await wait).toBe(true)
  })

  it('rejects those who wait when the log is closed, each with an error of its own', async () => {
    const { waiters } = fixture()
    const waits = [waiters.wait(1, 10, undefined), waiters.wait(2, 10, undefined)]
    waiters.closed()
    const outcomes = await Promise.allSettled(waits)
    expect(outcomes.map((outcome) => outcome.status === 'rejected' && outcome.reason.code)).toEqual([
      'ERR_MILLRACE_CLOSED',
      'ERR_MILLRACE_CLOSED',
    ])
    expect(new Set(outcomes.map((outcome) => outcome.status === 'rejected' && outcome.reason)).size).toBe(2)
  })

  it('lets a waiter wait again from within its own wake-up', async () => {
    const { clock, waiters } = fixture()
    const again = waiters.wait(1, 10, undefined).then(() => waiters.wait(2, 10, undefined))
    waiters.grown(1)
    await clock.advance(0)
    waiters.grown(2)
    expect(await again).toBe(true)
  })
})
