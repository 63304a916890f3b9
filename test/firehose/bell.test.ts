import { getEventListeners } from 'node:events'
import { describe, expect, it } from 'vitest'
import { Bell } from '../../src/firehose/bell.ts'

describe('a bell', () => {
  it('is heard by everybody who waits, once', async () => {
    const bell = new Bell()
    const heard = [bell.heard(), bell.heard(new AbortController().signal)]
    bell.ring()
    await Promise.all(heard)
    let again = false
    const hear = async (): Promise<void> => {
      await bell.heard()
      again = true
    }
    void hear()
    await Promise.resolve()
    expect(again).toBe(false)
    expect(bell.rings).toBe(1)
  })

  it('lets whoever waits go with their signal, also one that was aborted before', async () => {
    const bell = new Bell()
    const stop = new AbortController()
    const heard = bell.heard(stop.signal)
    stop.abort()
    await heard
    await bell.heard(stop.signal)
    bell.ring()
    expect(getEventListeners(stop.signal, 'abort')).toEqual([])
  })
})
