import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { apart, type StoreWarning } from '../../src/streams/warning.ts'
import { bytesOf, openSubject } from './subject.ts'

const warning: StoreWarning = { code: 'clock-jump', message: 'it jumped', details: {} }

/** The next uncaught error, which vitest would otherwise count as a failure of the run. */
async function uncaught(act: () => unknown): Promise<unknown> {
  const others = process.listeners('uncaughtException')
  process.removeAllListeners('uncaughtException')
  try {
    const thrown = once(process, 'uncaughtException')
    await act()
    return (await thrown)[0] as unknown
  } finally {
    for (const other of others) process.on('uncaughtException', other)
  }
}

describe('a listener of warnings that throws', () => {
  const broken = new Error('the listener broke')
  const listener = (): never => {
    throw broken
  }

  it('surfaces as its own uncaught error', async () => {
    expect(await uncaught(() => apart(listener)(warning))).toBe(broken)
  })

  it('fails no put', async () => {
    const { store, clock } = await openSubject({ onWarning: listener })
    const stream = await store.createStream('s')
    clock.setWall(clock.nowMs() + 3_600_000_000)
    const thrown = await uncaught(async () => {
      expect((await stream.put('k', bytesOf('x'))).ok).toBe(true)
    })
    expect(thrown).toBe(broken)
  })
})
