import { describe, expect, it, onTestFinished } from 'vitest'
import { HelperThread, type ThreadOptions } from '../../src/firehose/thread.ts'
import { ThreadFailure } from '../../src/firehose/thread-failure.ts'

const tasks = new URL('programs/tasks.mjs', import.meta.url)
const limitMs = 15_000

function helper(options: ThreadOptions = {}, module: URL = tasks): HelperThread {
  const thread = new HelperThread(module, options)
  onTestFinished(() => thread.close())
  return thread
}

/** Threads that keep the process alive. */
function held(): number {
  return process.getActiveResourcesInfo().filter((name) => /Worker|MessagePort/.test(name)).length
}

async function failureOf(request: Promise<unknown>): Promise<ThreadFailure> {
  const error: unknown = await request.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(ThreadFailure)
  return error as ThreadFailure
}

describe('a helper thread', () => {
  it('answers requests in their order', async () => {
    const thread = helper()
    const answers = [1, 2, 3].map((id) => thread.request({ id }, { limitMs }))
    expect(thread.pending).toBe(3)
    expect(await Promise.all(answers)).toEqual([{ id: 1 }, { id: 2 }, { id: 3 }])
    expect(thread.pending).toBe(0)
  })

  it('is handed bytes, and hands them back', async () => {
    const bytes = new Uint8Array([1, 2, 3]).buffer
    const transfer = [bytes]
    const answer = helper().request<ArrayBuffer>({ task: 'hand back', bytes }, { limitMs, transfer })
    expect(bytes.byteLength).toBe(0)
    expect([...new Uint8Array(await answer)]).toEqual([1, 2, 3])
  })

  it('keeps bytes that are not handed over usable', async () => {
    const bytes = new Uint8Array([1, 2, 3]).buffer
    const answer = await helper().request<ArrayBuffer>({ task: 'double', bytes }, { limitMs })
    expect([...new Uint8Array(answer)]).toEqual([2, 4, 6])
    expect([...new Uint8Array(bytes)]).toEqual([1, 2, 3])
  })

  it('stops work that takes too long, says how far it was, and does the next', async () => {
    const thread = helper()
    const loops = failureOf(thread.request({ task: 'loop' }, { limitMs: 50 }))
    const after = thread.request('after', { limitMs })
    expect(await loops).toMatchObject({ reason: 'late', progress: 7 })
    expect(await after).toBe('after')
  })

  it('forgets the limit of work that is done', async () => {
    const thread = helper()
    await thread.request('quick', { limitMs: 100 })
    expect(await thread.request({ task: 'spin', ms: 200 }, { limitMs })).toBe('spun')
  })

  it('stops work that allocates without end, and does the next', async () => {
    const thread = helper({ heapMiB: 32 })
    const greedy = failureOf(thread.request({ task: 'allocate' }, { limitMs }))
    const after = thread.request('after', { limitMs })
    expect(await greedy).toMatchObject({ reason: 'memory' })
    expect(await after).toBe('after')
  })

  it('says what the work threw, and goes on in the same thread', async () => {
    const thread = helper()
    const failure = await failureOf(thread.request({ task: 'throw' }, { limitMs }))
    expect(failure).toMatchObject({ reason: 'failed', message: 'not my day', progress: 2 })
    expect(await thread.request('after', { limitMs })).toBe('after')
  })

  it.each(['undefined', 'null', 'text', 'symbol', 'bigint', 'bare', 'getter', 'proxy', 'frozen'])(
    'makes a failure with a text of whatever is thrown: %s',
    async (kind) => {
      const thread = helper()
      const thrown = await failureOf(thread.request({ task: 'throw odd', kind }, { limitMs }))
      expect([thrown.reason, thrown.message]).toEqual(['failed', expect.stringMatching(/./)])
      const crashed = await failureOf(thread.request({ task: 'crash', kind }, { limitMs }))
      expect([crashed.reason, crashed.message]).toEqual(['died', expect.stringMatching(/./)])
      expect(await thread.request('after', { limitMs })).toBe('after')
    },
  )

  it('is replaced when it ends by itself', async () => {
    const thread = helper()
    expect(await failureOf(thread.request({ task: 'exit' }, { limitMs }))).toMatchObject({ reason: 'died' })
    expect(await thread.request('after', { limitMs })).toBe('after')
  })

  it('says that its module is missing', async () => {
    const thread = helper({}, new URL('programs/nowhere.mjs', import.meta.url))
    const failure = await failureOf(thread.request('any', { limitMs }))
    expect(failure).toMatchObject({ reason: 'failed', message: expect.stringContaining('nowhere.mjs') })
  })

  it('refuses what cannot be cloned, and does the next', async () => {
    const thread = helper()
    await expect(thread.request(() => {}, { limitMs })).rejects.toThrow(/could not be cloned/)
    expect(await thread.request('after', { limitMs })).toBe('after')
  })

  it('gives up what is aborted, under way or waiting', async () => {
    const thread = helper()
    const first = new AbortController()
    const second = new AbortController()
    const running = thread.request({ task: 'loop' }, { limitMs, signal: first.signal })
    const waiting = thread.request('never', { limitMs, signal: second.signal })
    const after = thread.request('after', { limitMs })
    second.abort(new Error('second'))
    await expect(waiting).rejects.toThrow('second')
    expect(thread.pending).toBe(2)
    first.abort(new Error('first'))
    await expect(running).rejects.toThrow('first')
    expect(await after).toBe('after')
    const never = thread.request('never', { limitMs, signal: first.signal })
    await expect(never).rejects.toThrow('first')
  })

  it('rejects what is not answered when it is closed, and everything after', async () => {
    const thread = helper()
    const requests = [thread.request({ task: 'loop' }, { limitMs }), thread.request('waits', { limitMs })]
    const failures = requests.map(failureOf)
    await Promise.all([thread.close(), thread.close()])
    for (const failure of await Promise.all(failures)) expect(failure.reason).toBe('closed')
    expect(await failureOf(thread.request('late', { limitMs }))).toMatchObject({ reason: 'closed' })
  })

  it('sees nothing of the environment', async () => {
    expect(await helper().request({ task: 'environment' }, { limitMs })).toEqual({})
  })

  it('keeps the process alive only while it has something to do', async () => {
    const others = held()
    const thread = helper()
    const answer = thread.request('any', { limitMs })
    expect(held()).toBeGreaterThan(others)
    await answer
    expect(held()).toBe(others)
  })
})
