import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { afterAll, describe, expect, it } from 'vitest'
import { open } from '../../src/open.ts'
import type { Store } from '../../src/streams/store.ts'
import { settled } from '../model/manual-clock.ts'
import { ScratchFolder } from '../native/scratch-folder.ts'
import { Child } from './child.ts'

const scratch = new ScratchFolder()
afterAll(() => scratch.remove())

const timeout = 120_000

async function readers(folder: string, count: number): Promise<Child[]> {
  return Promise.all(Array.from({ length: count }, () => Child.start('reader', folder)))
}

/** The files of the one shard in a folder. */
function filesIn(folder: string): string[] {
  const [shard = ''] = readdirSync(join(folder, 'shards'))
  return readdirSync(join(folder, 'shards', shard)).map((name) => join(folder, 'shards', shard, name))
}

/** How many records the stream has, as a reader of its own sees it. */
async function recordsIn(folder: string): Promise<number> {
  const store = await open(folder, { readOnly: true })
  const { recordsMax } = await store.stream('s').stats()
  await store.close()
  return recordsMax
}

/** Whether readers have told the writer that they wait. */
function isAnnounced(folder: string): boolean {
  const wake = filesIn(folder).find((file) => file.endsWith('wake')) ?? ''
  return readFileSync(wake).readUInt32LE(0) !== 0
}

/** A worker that waits at the tail. */
async function tailing(folder: string): Promise<Worker> {
  const worker = new Worker(new URL('programs/tail-worker.mjs', import.meta.url), {
    workerData: { folder },
  })
  await once(worker, 'message')
  return worker
}

/** A store with a stream of four shards. */
async function withStream(folder: string): Promise<Store> {
  const store = await open(folder)
  await store.createStream('s', { shards: 4 })
  return store
}

describe('reader processes', () => {
  it('see every record once and in order, while segments roll', { timeout }, async () => {
    const folder = scratch.fresh()
    const writer = await Child.start('writer', folder)
    const early = await readers(folder, 2)
    await writer.ask({ append: 6_500, bytes: 2_048 })
    const late = await readers(folder, 1)
    await writer.ask({ append: 6_500, bytes: 2_048 })
    const answers = await Promise.all([...early, ...late].map((reader) => reader.ask({ until: 13_000 })))
    expect(answers).toEqual([{ seen: 13_000 }, { seen: 13_000 }, { seen: 13_000 }])
    expect(filesIn(folder).filter((file) => file.endsWith('.seg')).length).toBeGreaterThanOrEqual(4)
  })

  it('go on when the writer is killed and another one takes over', { timeout }, async () => {
    const folder = scratch.fresh()
    const first = await Child.start('writer', folder)
    await first.ask({ append: 1, bytes: 100 })
    await first.kill()
    const children = await readers(folder, 2)
    let records = 1
    for (let round = 0; round < 6; round++) {
      const writer = await Child.start('writer', folder)
      writer.tell({ forEver: 20_000 })
      // Killed while it is at it, at another moment in each round.
      await Promise.all(children.map((reader) => reader.ask({ until: records + 50 + 37 * round })))
      await writer.kill()
      records = await recordsIn(folder)
      await Promise.all(children.map((reader) => reader.ask({ until: records })))
    }
    const last = await Child.start('writer', folder)
    await last.ask({ append: 1, bytes: 100 })
    expect(await Promise.all(children.map((reader) => reader.ask({ until: records + 1 })))).toEqual([
      { seen: records + 1 },
      { seen: records + 1 },
    ])
  })

  it(
    'may be killed at any moment: the writer goes on, and nobody is announced for ever',
    { timeout },
    async () => {
      const folder = scratch.fresh()
      const writer = await Child.start('writer', folder)
      await writer.ask({ append: 10, bytes: 100 })
      const waiting = await readers(folder, 3)
      await Promise.all(waiting.map((reader) => reader.ask({ until: 10 })))
      while (!isAnnounced(folder)) await settled()
      await Promise.all(waiting.map((reader) => reader.kill()))
      expect(await writer.ask({ append: 100, bytes: 100 })).toEqual({ stored: 100 })
      expect(isAnnounced(folder)).toBe(false)
      const [next] = await readers(folder, 1)
      expect(await next?.ask({ until: 110 })).toEqual({ seen: 110 })
    },
  )

  it('read a store whose writer is dead, without any other', { timeout }, async () => {
    const folder = scratch.fresh()
    const writer = await Child.start('writer', folder)
    await writer.ask({ append: 500, bytes: 5_000 })
    await writer.kill()
    const [reader] = await readers(folder, 1)
    expect(await reader?.ask({ until: 500 })).toEqual({ seen: 500 })
  })
})

describe('a process that waits at a tail', () => {
  it.each([
    ['end', 0],
    ['exit', 0],
    ['throw', 1],
  ])('ends as it was told to: %s', async (how, expected) => {
    const folder = scratch.fresh()
    const store = await open(folder)
    const stream = await store.createStream('s')
    if (how !== 'end') stream.append('k', Buffer.from('x'))
    const program = fileURLToPath(new URL('programs/leave.mjs', import.meta.url))
    const child = spawn(process.execPath, [program, folder, how], { stdio: 'ignore' })
    const [code, signal] = (await once(child, 'close')) as [number | null, string | null]
    expect(signal ?? code).toBe(expected)
    await store.close()
  })

  it.each([
    ['has no record yet', 0],
    ['has some', 1],
  ])('lives until there is a record, in a shard that %s', { timeout }, async (_, before) => {
    const folder = scratch.fresh()
    const store = await open(folder)
    const stream = await store.createStream('s')
    for (let n = 0; n < before; n++) stream.append('k', Buffer.from('before'))
    const program = fileURLToPath(new URL('programs/wait.mjs', import.meta.url))
    const child = spawn(process.execPath, [program, folder], { stdio: ['ignore', 'pipe', 'inherit'] })
    const said: string[] = []
    for await (const line of createInterface(child.stdout)) {
      said.push(line)
      if (line === 'waiting') stream.append('k', Buffer.from('after'))
    }
    expect(said).toEqual(['waiting', 'after'])
    await store.close()
  })
})

describe('workers that read beside the writer in their process', () => {
  it('are woken by it', async () => {
    const folder = scratch.fresh()
    const store = await withStream(folder)
    const workers = await Promise.all([tailing(folder), tailing(folder)])
    for (let n = 0; n < 50; n++) {
      const seen = Promise.all(workers.map((worker) => once(worker, 'message')))
      store.stream('s').append(`k${n}`, Buffer.from('x'))
      expect((await seen).map(([count]) => count as number)).toEqual([1, 1])
    }
    await Promise.all(workers.map((worker) => worker.terminate()))
    await store.close()
  })

  it('may be terminated while they wait and while they are woken', { timeout }, async () => {
    const folder = scratch.fresh()
    const store = await withStream(folder)
    const steady = await tailing(folder)
    let seen = 0
    steady.on('message', (count: number) => (seen += count))
    let stored = 0
    for (let round = 0; round < 12; round++) {
      const worker = await tailing(folder)
      for (let turn = 0; turn < round; turn++) {
        store.stream('s').append(`k${turn}`, Buffer.from('x'))
        stored += 1
        await settled()
      }
      await worker.terminate()
    }
    while (seen < stored) await settled()
    expect(seen).toBe(stored)
    await steady.terminate()
    await store.close()
  })
})
