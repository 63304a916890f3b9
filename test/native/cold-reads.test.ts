/** Reads of files whose pages the system has let go of: on a disk, through the whole of millrace. */
import { execFileSync, spawnSync } from 'node:child_process'
import { closeSync, openSync, readdirSync, readSync, statSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { open } from '../../src/open.ts'
import type { OpenOptions } from '../../src/open.ts'
import { addon, addonFile } from './addon-file.ts'
import { ScratchFolder } from './scratch-folder.ts'

const scratch = new ScratchFolder()
afterAll(() => scratch.remove())

const payloadBytes = 4000
const records = 6000

interface Loading {
  load(): Promise<void>
}

/** Counts, and holds up, the loads of every log of a kind. */
class Loads {
  count = 0
  onLoad: () => void = () => {}
  readonly #prototype: Loading
  readonly #original: () => Promise<void>

  constructor(log: Loading) {
    this.#prototype = Object.getPrototypeOf(log) as Loading
    this.#original = this.#prototype.load
    const original = this.#original
    const note = (): void => {
      this.count += 1
      this.onLoad()
    }
    this.#prototype.load = function load(this: Loading) {
      note()
      return original.call(this)
    }
  }

  restore(): void {
    this.#prototype.load = this.#original
  }
}

function segmentsIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.includes('shards') && name.endsWith('.seg'))
    .map((name) => join(folder, name))
}

const payload = (index: number): Buffer => Buffer.alloc(payloadBytes, `record ${index} `)

/** A store of several segments, closed. */
async function written(): Promise<string> {
  const folder = scratch.fresh()
  await using store = await open(folder)
  const stream = await store.createStream('s')
  for (let first = 0; first < records; first += 500) {
    await stream.putBatch(
      Array.from({ length: 500 }, (_, i) => ({ partitionKey: 'k', data: payload(first + i) })),
    )
  }
  return folder
}

/** Bytes of the segments that are in memory. */
function residentBytes(folder: string): number {
  const rows = execFileSync('fincore', ['--bytes', '--noheadings', '--output', 'RES', ...segmentsIn(folder)])
  return rows
    .toString()
    .trim()
    .split('\n')
    .reduce((sum, row) => sum + Number(row), 0)
}

/** Syncs, since only clean pages can go; then what the system calls POSIX_FADV_DONTNEED, for whole files. */
function evict(folder: string): void {
  execFileSync('sync', segmentsIn(folder))
  for (const file of segmentsIn(folder)) {
    execFileSync('dd', [`if=${file}`, 'iflag=nocache', 'of=/dev/null', 'count=0'], { stdio: 'ignore' })
  }
}

/** Why this cannot be tried here, if it cannot. */
function whyNot(): string | undefined {
  if (process.platform !== 'linux') return 'mincore is asked on Linux only'
  if (spawnSync('fincore', ['--version']).status !== 0) return 'needs fincore'
  return undefined
}

let loads: Loads | undefined
afterEach(() => loads?.restore())

async function countLoads(readOnly: boolean, folder: string): Promise<Loads> {
  const id = 'ab'.repeat(16)
  if (readOnly) {
    const reader = await addon.openReader(folder)
    const log = reader.openLog(id, 0)
    loads = new Loads(log)
    log.close()
    reader.close()
  } else {
    const engine = addon.openMemory()
    const log = engine.openLog(id, 0)
    loads = new Loads(log)
    await log.close()
    await engine.close()
  }
  return loads
}

const kinds: readonly { name: string; options: OpenOptions }[] = [
  { name: 'a writer', options: {} },
  { name: 'a reader elsewhere', options: { readOnly: true } },
]

const missing = whyNot()
const skipped = missing === undefined ? '' : ` (skipped: ${missing})`

describe.skipIf(missing !== undefined)(`a scan of a store that is not in memory${skipped}`, () => {
  it.each(kinds)('by $name is loaded by helper threads, and complete', async ({ options }) => {
    const folder = await written()
    const counted = await countLoads(options.readOnly === true, folder)
    evict(folder)
    const evicted = residentBytes(folder)
    expect(evicted).toBeLessThan(records * payloadBytes * 0.1)
    await using store = await open(folder, options)
    const stream = store.stream('s')
    let index = 0
    for await (const batch of stream.readBatches({ from: 'oldest', until: 'tail' })) {
      for (let i = 0; i < batch.length; i++, index++) {
        if (!payload(index).equals(batch.record(i).data)) throw new Error(`record ${index} is another one`)
      }
    }
    expect(index).toBe(records)
    expect(counted.count).toBeGreaterThan(0)
    expect(residentBytes(folder)).toBeGreaterThan(evicted + records * payloadBytes * 0.5)

    counted.count = 0
    for await (const _ of stream.readBatches({ from: 'oldest', until: 'tail' }));
    expect(counted.count).toBe(0)
  })

  it.each(kinds)('by $name ends at once when it is aborted, or its store closed', async ({ options }) => {
    const folder = await written()
    const counted = await countLoads(options.readOnly === true, folder)
    evict(folder)
    const store = await open(folder, options)
    const controller = new AbortController()
    const reason = new Error('enough')
    counted.onLoad = () => queueMicrotask(() => controller.abort(reason))
    const aborted = async (): Promise<void> => {
      for await (const _ of store.stream('s').read({ from: 'oldest', signal: controller.signal }));
    }
    await expect(aborted()).rejects.toBe(reason)
    let closed: Promise<void> | undefined
    counted.onLoad = () => {
      closed ??= store.close()
    }
    evict(folder)
    const reading = (async () => {
      for await (const _ of store.stream('s').read({ from: 'oldest', until: 'tail' }));
    })()
    await expect(reading).rejects.toMatchObject({ code: 'ERR_MILLRACE_CLOSED' })
    await closed
  })

  it.each(kinds)('by $name tells of damage as one that waits does', async ({ options }) => {
    const folder = await written()
    const counted = await countLoads(options.readOnly === true, folder)
    // The second one is full: another one follows.
    const file = segmentsIn(folder).toSorted()[1]
    if (file === undefined) throw new Error('no second segment')
    const at = Math.floor(statSync(file).size / 2)
    const descriptor = openSync(file, 'r+')
    const byte = Buffer.alloc(1)
    readSync(descriptor, byte, 0, 1, at)
    writeSync(descriptor, Buffer.from([(byte[0] as number) ^ 1]), 0, 1, at)
    closeSync(descriptor)
    const read = async (): Promise<number> => {
      await using store = await open(folder, options)
      let seen = 0
      const reading = (async () => {
        for await (const _ of store.stream('s').read({ from: 'oldest', until: 'tail' })) seen += 1
      })()
      await expect(reading).rejects.toMatchObject({ code: 'ERR_MILLRACE_CORRUPT' })
      return seen
    }
    const warm = await read()
    evict(folder)
    expect(await read()).toBe(warm)
    expect(counted.count).toBeGreaterThan(0)
  })

  it('can be left by a worker that is terminated in the middle', async () => {
    const folder = await written()
    evict(folder)
    const program = `
      const { parentPort, workerData } = require('node:worker_threads')
      const addon = require(workerData.addonFile)
      addon.openReader(workerData.folder).then((reader) => {
        const log = reader.openLog(workerData.id, 0)
        const columns = new Uint32Array(600)
        const doubles = () => new Float64Array(100)
        const page = [new Uint8Array(1_000_000), columns, doubles(), doubles(), new Float64Array(6)]
        for (let from = 1; from < 6000; from += 500) {
          if (log.readResident(from, 500_000, 100, ...page) === -101) log.load()
        }
        parentPort.postMessage('loading')
        for (;;);
      })`
    const [file] = segmentsIn(folder)
    const id = /([0-9a-f]{32})/.exec(file ?? '')?.[1]
    const worker = new Worker(program, { eval: true, workerData: { addonFile, folder, id } })
    await new Promise((resolve) => worker.once('message', resolve))
    expect(await worker.terminate()).toBe(1)
  })
})
