import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { afterEach, describe, expect, it } from 'vitest'
import type { DeliveryRecord } from '../../src/firehose/delivery-record.ts'
import { firehose } from '../../src/firehose/index.ts'
import { open, type Store } from '../../src/index.ts'

const program = new URL('programs/deliverer.mjs', import.meta.url)
const dist = new URL('../../dist/index.js', import.meta.url).href

/** A worker that has the deliveries of the store open, and what it received. */
class Deliverer {
  readonly texts: string[] = []
  readonly worker: Worker
  readonly ready: Promise<void>

  constructor(folder: string) {
    this.worker = new Worker(program, { workerData: { dist, folder } })
    workers.push(this.worker)
    this.ready = new Promise((resolve, reject) => {
      this.worker.on('error', reject)
      this.worker.on('message', (message: 'ready' | { readonly text: string }) => {
        if (message === 'ready') resolve()
        else this.texts.push(message.text)
      })
    })
  }
}

const workers: Worker[] = []
const stores: Store[] = []
const folders: string[] = []
afterEach(async () => {
  await Promise.all(workers.splice(0).map((worker) => worker.terminate()))
  await Promise.all(stores.splice(0).map((store) => store.close()))
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

const toReceiver = { destination: { kind: 'function', name: 'kept' }, buffering: { ms: 0 } } as const

describe('several threads that have the deliveries of one store open', () => {
  it('deliver every record once: one of them, and the next one when that is terminated', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-deliverers-'))
    folders.push(folder)
    const store = await open(folder)
    stores.push(store)
    const own: string[] = []
    const options = {
      receivers: {
        kept: (records: readonly DeliveryRecord[]): void => {
          for (const { data } of records) own.push(Buffer.from(data).toString())
        },
      },
    }
    await firehose(store, options).createDeliveryStream('d', toReceiver)
    await firehose(store).close()
    const first = new Deliverer(folder)
    await first.ready
    const second = new Deliverer(folder)
    await second.ready
    const stream = firehose(store, options).deliveryStream('d')

    const texts = Array.from({ length: 200 }, (_, index) => `r${index}`)
    await stream.putBatch(texts.map((text) => Buffer.from(text)))
    await expect.poll(() => first.texts.length, { timeout: 10_000 }).toBe(200)
    expect([first.texts.toSorted(), own, second.texts]).toEqual([texts.toSorted(), [], []])
    expect(stream.stats()).toBeUndefined()
    await expect(stream.flush()).rejects.toMatchObject({
      code: 'ERR_MILLRACE_UNSUPPORTED',
      message: expect.stringContaining('another thread'),
    })

    await first.worker.terminate()
    await stream.put(Buffer.from('later'))
    const others = (): readonly string[] => [...own, ...second.texts]
    await expect.poll(others, { timeout: 10_000 }).toContain('later')
    // What the first one had delivered and not remembered comes again.
    expect(new Set(others()).size).toBe(others().length)
    expect(own.length === 0 || second.texts.length === 0).toBe(true)
  })
})
