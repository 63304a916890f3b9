import type { Worker } from 'node:worker_threads'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { HelperThread } from '../../src/firehose/thread.ts'

const tasks = new URL('programs/tasks.mjs', import.meta.url)
const limitMs = 15_000

/** How threads fail to start: so many of the next ones cannot be made, or end with this before they run. */
const faults = vi.hoisted(() => ({ refused: 0, ends: [] as unknown[] }))

vi.mock('node:worker_threads', async (original) => {
  const threads = await original<{ readonly Worker: typeof Worker }>()
  return {
    ...threads,
    Worker: class extends threads.Worker {
      constructor(...parameters: ConstructorParameters<typeof threads.Worker>) {
        if (faults.refused > 0) {
          faults.refused -= 1
          throw new Error('no more threads')
        }
        super(...parameters)
        if (faults.ends.length > 0) queueMicrotask(() => this.emit('error', faults.ends.shift()))
      }
    },
  }
})

beforeEach(() => {
  faults.refused = 0
  faults.ends = []
})

describe('a helper thread that cannot start', () => {
  it('fails the requests that wait for it, and works again later', async () => {
    const thread = new HelperThread(tasks)
    faults.refused = 3
    const requests = [1, 2, 3].map((id) => thread.request({ id }, { limitMs }))
    for (const outcome of await Promise.allSettled(requests)) {
      expect(outcome).toMatchObject({ reason: { reason: 'died', message: 'no more threads' } })
    }
    expect(thread.pending).toBe(0)
    expect(await thread.request('after', { limitMs })).toBe('after')
    await thread.close()
  })

  it('fails many of them, one after the other', async () => {
    const thread = new HelperThread(tasks)
    await thread.request('first', { limitMs })
    faults.refused = 20_000
    const exits = thread.request({ task: 'exit' }, { limitMs })
    const requests = Array.from({ length: 20_000 }, (_, id) => thread.request({ id }, { limitMs }))
    const outcomes = await Promise.allSettled([exits, ...requests])
    expect(outcomes.every(({ status }) => status === 'rejected')).toBe(true)
    expect(await thread.request('after', { limitMs })).toBe('after')
    await thread.close()
  })

  it.each([undefined, null, 'text', new Error('before it ran')])(
    'fails its request when it ends before it runs, with whatever: %s',
    async (end) => {
      const thread = new HelperThread(tasks)
      faults.ends = [end]
      const failed = thread.request('any', { limitMs })
      await expect(failed).rejects.toMatchObject({ reason: 'died', message: expect.stringMatching(/./) })
      expect(await thread.request('after', { limitMs })).toBe('after')
      await thread.close()
    },
  )
})
