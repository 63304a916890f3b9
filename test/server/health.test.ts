import { describe, expect, it } from 'vitest'
import { MillraceError } from '../../src/errors.ts'
import { startServer } from '../../src/server/server.ts'
import { StoreHealth } from '../../src/server/store-health.ts'
import { testStore } from '../../src/testing/test-store.ts'

describe('/readyz', () => {
  it('says no once the store is closed, and /healthz still says yes', async () => {
    const store = await testStore()
    await using server = await startServer(store, { port: 0 })
    const status = async (path: string): Promise<number> => (await fetch(server.endpoint + path)).status
    expect([await status('/healthz'), await status('/readyz')]).toEqual([200, 200])
    await store.close()
    expect([await status('/healthz'), await status('/readyz')]).toEqual([200, 503])
  })
})

const noSpace = new MillraceError('ERR_MILLRACE_NO_SPACE', 'x')
const full = 'store full: ERR_MILLRACE_NO_SPACE'

describe('the health of a store', () => {
  it('is bad for good once a log takes nothing any more', async () => {
    await using store = await testStore()
    const health = new StoreHealth(store, store.clock)
    health.note(new MillraceError('ERR_MILLRACE_THROTTLED', 'x'))
    expect(health.trouble()).toBeUndefined()
    health.note(new MillraceError('ERR_MILLRACE_POISONED', 'x'))
    expect(health.trouble()).toBe('store broken: ERR_MILLRACE_POISONED')
  })

  it('is bad for five seconds after the disk was full', async () => {
    await using store = await testStore()
    const health = new StoreHealth(store, store.clock)
    health.note(noSpace)
    await store.advance({ seconds: 4 })
    health.note(noSpace)
    await store.advance({ milliseconds: 4_999 })
    expect(health.trouble()).toBe(full)
    await store.advance({ milliseconds: 1 })
    expect(health.trouble()).toBeUndefined()
  })

  it.each(['ERR_MILLRACE_IO', 'ERR_MILLRACE_PERMISSION'] as const)(
    'is bad for a while after the system said no: %s',
    async (code) => {
      await using store = await testStore()
      const health = new StoreHealth(store, store.clock)
      health.note(new MillraceError(code, 'x'))
      expect(health.trouble()).toBe('store failing: ERR_MILLRACE_IO')
      health.note(noSpace)
      expect(health.trouble()).toBe(full)
      await store.advance({ seconds: 5 })
      expect(health.trouble()).toBeUndefined()
    },
  )

  it('is bad for longer each time that the disk is full again soon, up to five minutes', async () => {
    await using store = await testStore()
    const health = new StoreHealth(store, store.clock)
    const badSeconds: number[] = []
    for (let times = 0; times < 8; times++) {
      health.note(noSpace)
      let seconds = 0
      for (; health.trouble() !== undefined; seconds++) await store.advance({ seconds: 1 })
      badSeconds.push(seconds)
      // Who sends requests here again finds out.
      await store.advance({ seconds: 1 })
    }
    expect(badSeconds).toEqual([5, 10, 20, 40, 80, 160, 300, 300])
    await store.advance({ seconds: 300 })
    health.note(noSpace)
    await store.advance({ seconds: 5 })
    expect(health.trouble()).toBeUndefined()
  })
})
