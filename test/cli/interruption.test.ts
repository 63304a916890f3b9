import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type InterruptionWatch, sameWishMs, watchInterruption } from '../../src/cli/interruption.ts'

const kill = vi.spyOn(process, 'kill')
let watch: InterruptionWatch
let listeners: number

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance', 'setTimeout'] })
  kill.mockReset().mockReturnValue(true)
  listeners = process.listenerCount('SIGINT')
  watch = watchInterruption()
})

afterEach(() => {
  vi.advanceTimersByTime(sameWishMs)
  watch.end()
  vi.useRealTimers()
})

/** What the process is sent, as its handlers see it. */
function send(name: 'SIGINT' | 'SIGTERM'): void {
  process.emit(name, name)
}

describe('a signal', () => {
  it('asks for an end, however often it comes at once', () => {
    expect(watch.signal.aborted).toBe(false)
    for (let times = 0; times < 4; times++) send('SIGINT')
    vi.advanceTimersByTime(sameWishMs - 1)
    send('SIGINT')
    expect(watch.signal.reason).toMatchObject({ message: 'ended by SIGINT', exitCode: 130 })
    expect(kill).not.toHaveBeenCalled()
  })

  it('is the same wish still when the command has ended', () => {
    send('SIGTERM')
    watch.end()
    send('SIGTERM')
    expect(process.listenerCount('SIGTERM')).toBeGreaterThan(0)
    expect(kill).not.toHaveBeenCalled()
  })

  it('ends the process if it comes again later', () => {
    send('SIGINT')
    vi.advanceTimersByTime(sameWishMs)
    // Node's own behaviour is there again.
    expect(process.listenerCount('SIGINT')).toBe(listeners)
  })

  it('ends the process if it comes again later and the event loop was busy meanwhile', () => {
    send('SIGINT')
    vi.spyOn(performance, 'now').mockReturnValueOnce(performance.now() + sameWishMs)
    send('SIGINT')
    expect(kill).toHaveBeenCalledExactlyOnceWith(process.pid, 'SIGINT')
  })

  it('ends the process if it is another one', () => {
    send('SIGINT')
    send('SIGTERM')
    expect(kill).toHaveBeenCalledExactlyOnceWith(process.pid, 'SIGTERM')
  })

  it('is left to Node by a command that has nothing to finish', () => {
    watch.end()
    expect(process.listenerCount('SIGINT')).toBe(listeners)
  })
})
