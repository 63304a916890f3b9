import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { afterAll, describe, expect, it } from 'vitest'
import { addon, addonFile } from './addon-file.ts'
import { ScratchFolder } from './scratch-folder.ts'

const scratch = new ScratchFolder()
afterAll(() => scratch.remove())

const program = fileURLToPath(new URL('programs/work.mjs', import.meta.url))

interface Started {
  readonly worker: Worker
  /** The exit code. */
  readonly ended: Promise<number>
}

/** A worker whose store is open. */
async function started(task: string, folder?: string): Promise<Started> {
  const worker = new Worker(program, { workerData: { addonFile, folder, task } })
  const ended = once(worker, 'exit').then(([code]: number[]) => code as number)
  await once(worker, 'message')
  return { worker, ended }
}

/** Records in the log that the programs use, in a folder that nobody has open. */
async function recordsIn(folder: string): Promise<number> {
  const engine = await addon.openFolder(folder, true)
  const log = engine.openLog('ab'.repeat(16), 0)
  const stats = new Float64Array(9)
  log.stats(stats)
  await log.close()
  await engine.close()
  return (stats[1] as number) - 1
}

describe('workers', () => {
  it('each use the addon for themselves, at the same time', async () => {
    const written = [scratch.fresh(), scratch.fresh()]
    const folders = [undefined, undefined, ...written]
    const stored = await Promise.all(
      folders.map(async (folder) => {
        const { worker, ended } = await started('store and close', folder)
        const [count] = await once(worker, 'message')
        return [count, await ended]
      }),
    )
    expect(stored).toEqual(folders.map(() => [5_000, 0]))
    for (const folder of written) expect(await recordsIn(folder)).toBe(5_000)
  })

  it('share a folder with the rest of the process, if both open it the same way', async () => {
    const folder = scratch.fresh()
    const { worker, ended } = await started('flush for ever', folder)
    await expect(addon.openFolder(folder, false)).rejects.toMatchObject({ code: 'ERR_MILLRACE_STORE_BUSY' })
    const engine = await addon.openFolder(folder, true)
    expect(engine.isShared()).toBe(true)
    await expect(addon.openFolder(folder, true)).rejects.toMatchObject({ code: 'ERR_MILLRACE_STORE_BUSY' })
    await worker.terminate()
    await ended
    await engine.close()
  })

  it('count their syncs together', async ({ signal }) => {
    const folder = scratch.fresh()
    const { worker, ended } = await started('flush for ever', folder)
    const engine = await addon.openFolder(folder, true)
    const before = engine.syncStats().count
    // Of the worker's flushes: nothing was written here.
    while (engine.syncStats().count < before + 10 && !signal.aborted) {
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(engine.syncStats().count).toBeGreaterThanOrEqual(before + 10)
    await worker.terminate()
    await ended
    await engine.close()
  })

  it.each([
    ['leave it open', 0],
    ['exit the worker', 3],
  ])('give their folder back when they end without closing it: %s', async (task, code) => {
    const folder = scratch.fresh()
    const { ended } = await started(task, folder)
    expect(await ended).toBe(code)
    expect(await recordsIn(folder)).toBe(10)
  })

  it.each(['append for ever', 'refuse for ever', 'flush for ever', 'open and close for ever'])(
    'can be terminated at any moment and give their folder back: %s',
    async (task) => {
      for (let round = 0; round < 8; round++) {
        const folder = scratch.fresh()
        const { worker, ended } = await started(task, folder)
        // A turn of the event loop here is a different moment of the loop there in every round.
        for (let turn = 0; turn < round; turn++) await new Promise((resolve) => setImmediate(resolve))
        await worker.terminate()
        await ended
        // Another engine may have it, and every record that it finds is whole.
        await expect(recordsIn(folder)).resolves.toBeTypeOf('number')
      }
    },
  )

  it('may come and go while others work', async () => {
    const steady = await started('flush for ever')
    for (let round = 0; round < 10; round++) {
      const { worker, ended } = await started('store and close')
      const [count] = await once(worker, 'message')
      expect([count, await ended]).toEqual([5_000, 0])
    }
    await steady.worker.terminate()
    await steady.ended
  })
})
