import { describe, expect, it, onTestFinished } from 'vitest'
import { ThreadShare } from '../../src/firehose/thread-pool.ts'

const tasks = new URL('programs/tasks.mjs', import.meta.url)
const limitMs = 15_000

function share(): ThreadShare {
  const made = new ThreadShare(tasks)
  onTestFinished(() => made.close())
  return made
}

/** Those that a few requests at once are answered by. */
function threads(of: ThreadShare): Promise<readonly unknown[]> {
  return Promise.all(Array.from({ length: 8 }, () => of.request({ task: 'thread' }, { limitMs })))
}

describe('a share in helper threads', () => {
  it('is in the threads of all shares of the module', async () => {
    const [one, other] = [share(), share()]
    expect(new Set(await threads(one))).toEqual(new Set(await threads(other)))
  })

  it('has work done while other work does not end', async () => {
    const made = share()
    const loops = made.request({ task: 'loop' }, { limitMs })
    const ended = expect(loops).rejects.toMatchObject({ reason: 'closed' })
    expect(await made.request('beside', { limitMs })).toBe('beside')
    await made.close()
    await ended
  })

  it('ends no thread that others have a share in', async () => {
    const [one, other] = [share(), share()]
    const answer = other.request('other', { limitMs })
    await Promise.all([one.close(), one.close()])
    expect(await answer).toBe('other')
    expect(await other.request('after', { limitMs })).toBe('after')
    await expect(one.request('closed', { limitMs })).rejects.toMatchObject({ reason: 'closed' })
  })

  it('has threads of its own once the others have ended', async () => {
    const first = share()
    const before = await first.request({ task: 'thread' }, { limitMs })
    await first.close()
    expect(await share().request({ task: 'thread' }, { limitMs })).not.toBe(before)
  })
})
