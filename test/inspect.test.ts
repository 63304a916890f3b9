import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { open, type OpenOptions, type Store } from '../src/index.ts'
import { inspectStore } from '../src/inspect.ts'
import type { StoreReport } from '../src/store-report.ts'
import { ScratchFolder } from './native/scratch-folder.ts'

const scratch = new ScratchFolder()
afterAll(() => scratch.remove())

/** An open store with a stream of two shards, each with records. */
async function storeIn(folder: string, options: OpenOptions = {}): Promise<Store> {
  const store = await open(folder, options)
  const stream = await store.createStream('clicks', { shards: 2 })
  await stream.putBatch(
    Array.from({ length: 50 }, (_, index) => ({ partitionKey: `key-${index}`, data: Buffer.from('x') })),
  )
  return store
}

function names({ logs }: StoreReport): (string | null)[] {
  return logs.map(({ owner }) => owner && `${owner.stream} ${owner.shardId}`)
}

const clicks = ['clicks shardId-000000000000', 'clicks shardId-000000000001']

describe('inspectStore', () => {
  it('names the shards of a store that is open, was left by a crash, or is closed', async () => {
    const folder = scratch.fresh()
    const store = await storeIn(folder)
    for (const everyByte of [false, true]) {
      const report = await inspectStore(folder, { everyByte })
      expect(names(report)).toEqual([null, ...clicks])
      expect(report.findings).toEqual([])
    }
    await store.close()
    expect(names(await inspectStore(folder, { everyByte: true }))).toEqual([null, ...clicks])
  })

  it('names what the last snapshot and the commands behind it say', async () => {
    const folder = scratch.fresh()
    const store = await storeIn(folder, { durability: 'none' })
    // More commands than a snapshot waits for.
    for (let round = 0; round < 600; round++) {
      await store.createStream('passing')
      await store.deleteStream('passing')
    }
    expect(names(await inspectStore(folder, { everyByte: true }))).toEqual([null, ...clicks])
    await store.deleteStream('clicks')
    await store.close()
    expect(names(await inspectStore(folder, { everyByte: true }))).toEqual([null])
  })

  it('misses metadata that is gone', async () => {
    const folder = scratch.fresh()
    await (await storeIn(folder)).close()
    await rm(join(folder, 'meta'), { recursive: true })
    const report = await inspectStore(folder, { everyByte: false })
    expect(names(report)).toEqual([null, null])
    expect(report.findings).toEqual([
      { severity: 'damage', file: 'meta', offset: 0, what: 'is empty although there are shards' },
    ])
  })

  it('rejects with the reason of its signal', async () => {
    const folder = scratch.fresh()
    await (await storeIn(folder)).close()
    const reason = new Error('enough')
    const signal = AbortSignal.abort(reason)
    await expect(inspectStore(folder, { everyByte: true, signal })).rejects.toBe(reason)
    const controller = new AbortController()
    const inspection = inspectStore(folder, { everyByte: true, signal: controller.signal })
    controller.abort(reason)
    await expect(inspection).rejects.toBe(reason)
  })
})
