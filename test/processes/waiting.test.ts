import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it, onTestFinished } from 'vitest'
import { open } from '../../src/open.ts'
import { ScratchFolder } from '../native/scratch-folder.ts'
// @ts-expect-error -- a program of plain JavaScript, without declarations
import { waitsOf } from '../trials/process-figures.mjs'

const scratch = new ScratchFolder()
afterAll(() => scratch.remove())

const program = fileURLToPath(new URL('programs/waits.mjs', import.meta.url))

/** Of one look. Whoever polls every 20 ms is seen 30 times in it, every 100 ms 6 times. */
const windowMs = 600
/** One look a second is allowed, and that two threads take part in it. */
const quietWaits = 2
/** A process that has just begun has other things to do for a while: V8 compiles and collects. */
const windowsMax = 40

async function waiting(folder: string, how: 'reader' | 'writer'): Promise<ChildProcess> {
  const child = fork(program, [folder, how], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  await once(child, 'message')
  return child
}

/**
 * How often the threads of a process go to sleep in a while, in the quietest while of all: each time, one of them was woken
 * first. Counted, not timed, so that a busy machine does not matter.
 */
async function leastWaits({ pid }: ChildProcess): Promise<number> {
  let least = Number.POSITIVE_INFINITY
  for (let window = 0; window < windowsMax && least > quietWaits; window++) {
    const before = (waitsOf(pid) as { waits: number }).waits
    await pause(windowMs) // this is about what happens while nothing does
    least = Math.min(least, (waitsOf(pid) as { waits: number }).waits - before)
  }
  return least
}

describe.runIf(process.platform === 'linux')('a process that waits for records', () => {
  it('sleeps, where another one writes them', { timeout: 60_000 }, async () => {
    const folder = scratch.fresh()
    await using store = await open(folder)
    const stream = await store.createStream('s', { shards: 4 })
    for (const { startingHashKey } of stream.shards()) {
      await stream.put('k', Buffer.alloc(10), { explicitHashKey: startingHashKey })
    }
    const child = await waiting(folder, 'reader')
    expect(await leastWaits(child)).toBeLessThanOrEqual(quietWaits)
    // It waited all the time, and does not any more.
    await stream.put('k', Buffer.alloc(10))
    expect(await once(child, 'exit')).toEqual([0, null])
  })

  it('sleeps, where no shard has had a record yet', { timeout: 60_000 }, async () => {
    const folder = scratch.fresh()
    await using store = await open(folder)
    const stream = await store.createStream('s', { shards: 4 })
    const child = await waiting(folder, 'reader')
    expect(await leastWaits(child)).toBeLessThanOrEqual(quietWaits)
    await stream.put('k', Buffer.alloc(10))
    expect(await once(child, 'exit')).toEqual([0, null])
  })

  it('sleeps, where it writes them itself', { timeout: 60_000 }, async () => {
    const folder = scratch.fresh()
    const store = await open(folder)
    const stream = await store.createStream('s', { shards: 4 })
    await stream.put('k', Buffer.alloc(10))
    await store.close()
    const child = await waiting(folder, 'writer')
    expect(await leastWaits(child)).toBeLessThanOrEqual(quietWaits)
    expect(child.exitCode).toBe(null)
  })
})
