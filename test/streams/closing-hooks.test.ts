import { describe, expect, it } from 'vitest'
import { insideOf } from '../../src/streams/store.ts'
import { settled } from '../model/manual-clock.ts'
import { bytesOf, openSubject } from './subject.ts'

describe('what a layer above made of a store', () => {
  it('ends before the store closes, which can be used until then', async () => {
    const { store } = await openSubject()
    const stream = await store.createStream('s')
    const releases: (() => void)[] = []
    const held = new Promise<void>((resolve) => releases.push(resolve))
    let stored: boolean | undefined
    insideOf(store).onClose(async () => {
      await held
      stored = (await stream.put('k', bytesOf('last'))).ok
    })
    let closed = false
    const closing = store.close().then(() => (closed = true))
    expect(store.close()).toBe(store.close())
    await settled()
    expect([closed, store.listStreams().length]).toEqual([false, 1])
    for (const release of releases) release()
    await closing
    expect(stored).toBe(true)
    expect(() => store.listStreams()).toThrow(expect.objectContaining({ code: 'ERR_MILLRACE_CLOSED' }))
  })

  it('is ended also when it came while others ended, and once', async () => {
    const { store } = await openSubject()
    const ended: string[] = []
    const inside = insideOf(store)
    inside.onClose(async () => {
      inside.onClose(async () => void ended.push('late'))
      ended.push('early')
    })
    await store.close()
    expect(ended).toEqual(['early', 'late'])
  })

  it('is not ended when it has taken that back', async () => {
    const { store } = await openSubject()
    const ended: number[] = []
    const hook = async (): Promise<void> => void ended.push(1)
    const takeBack = insideOf(store).onClose(hook)
    insideOf(store).onClose(hook)
    takeBack()
    await store.close()
    expect(ended).toEqual([1])
  })

  it('hinders neither the others nor the store when it cannot end; the store says why', async () => {
    const { store } = await openSubject()
    const inside = insideOf(store)
    const ended: string[] = []
    inside.onClose(() => Promise.reject(new Error('stuck')))
    inside.onClose(() => {
      throw new Error('at once')
    })
    inside.onClose(async () => void ended.push('other'))
    await expect(store.close()).rejects.toThrow('stuck')
    expect(ended).toEqual(['other'])
    expect(() => store.listStreams()).toThrow(expect.objectContaining({ code: 'ERR_MILLRACE_CLOSED' }))
  })
})
