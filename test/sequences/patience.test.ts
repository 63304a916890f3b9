import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Patience } from './patience.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
})

afterEach(() => {
  vi.useRealTimers()
})

describe('patience', () => {
  it('ends a wait for what does not come to an end', async () => {
    const patience = new Patience(60_000)
    const waited = expect(patience.with(new Promise(() => {}))).rejects.toThrow('for 60 s')
    vi.advanceTimersByTime(59_999)
    expect(patience.ranOut).toBe(false)
    vi.advanceTimersByTime(1)
    await waited
    expect(patience.ranOut).toBe(true)
  })

  it('leaves nothing behind of a wait that came to an end', async () => {
    const patience = new Patience(60_000)
    expect(await patience.with(Promise.resolve(7))).toBe(7)
    await expect(patience.with(Promise.reject(new Error('no')))).rejects.toThrow('no')
    expect(vi.getTimerCount()).toBe(0)
    expect(patience.ranOut).toBe(false)
  })
})
