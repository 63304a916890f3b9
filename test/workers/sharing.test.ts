import { existsSync, mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { open, type OpenOptions, type Store } from '../../src/index.ts'
import { Crew } from './crew.ts'

/** The store that the tests have open beside the workers; both run the same addon. */
const opened: Store[] = []
const crews: Crew[] = []
afterEach(async () => {
  const ended = crews.splice(0)
  await Promise.all(ended.map((crew) => crew.dismiss()))
  await Promise.all(opened.splice(0).map((store) => store.close()))
  for (const crew of ended) crew.remove()
})

async function place(options: OpenOptions = {}): Promise<{ readonly crew: Crew; readonly store: Store }> {
  const crew = new Crew(options)
  crews.push(crew)
  const store = await open(crew.folder, options)
  opened.push(store)
  await store.createStream('s', { shards: 4 })
  return { crew, store }
}

async function texts(store: Store): Promise<readonly string[]> {
  const all: string[] = []
  for await (const record of store.stream('s').read({ from: 'oldest', until: 'tail' })) {
    all.push(Buffer.from(record.data).toString())
  }
  return all
}

/** Such a file system does not call pages resident that were reserved and never written. */
const inMemory = '/dev/shm'

describe('several threads with one store in a file system in memory', () => {
  it('follow the metadata and let the event loop turn', async (test) => {
    test.skip(!existsSync(inMemory), `there is no ${inMemory} here`)
    const folder = mkdtempSync(join(inMemory, 'millrace-workers-'))
    const first = await open(folder)
    await first.createStream('s')
    await first.close()
    const crew = new Crew({}, folder)
    crews.push(crew)
    const store = await open(folder)
    opened.push(store)
    await crew.hire('waitForEver')
    await store.createStream('another')
    await new Promise((resolve) => setTimeout(resolve, 0))
    await store.createStream('and-another')
    await new Promise((resolve) => setTimeout(resolve, 0))
    expect(store.listStreams()).toHaveLength(3)
  })
})

describe.each([
  { durability: 'process' },
  { durability: 'commit' },
  { durability: 'interval' },
  { durability: 'none' },
] as const)('several threads with one store, %o', (options) => {
  it('append to all shards, and every record is there once and in its order', async () => {
    const { crew, store } = await place(options)
    const hands = await Promise.all([crew.hire('put', 0), crew.hire('put', 1)])
    expect(await Promise.all(hands.map(({ outcome }) => outcome))).toEqual([5_050, 5_050])
    const all = await texts(store)
    expect(new Set(all).size).toBe(10_100)
    for (const id of [0, 1]) {
      const same = all
        .filter((text) => text.startsWith(`${id}:same:`))
        .map((text) => Number(text.split(':')[2]))
      expect(same).toEqual(Array.from({ length: 50 }, (_, index) => index))
    }
  })

  it('wake one another', async () => {
    const { crew, store } = await place(options)
    const hand = await crew.hire('waitForEver')
    // 'going' says that it waits, or is about to.
    await hand.going
    await store
      .stream('s')
      .putBatch(
        Array.from({ length: 40 }, (_, index) => ({ partitionKey: `k${index}`, data: Buffer.from('x') })),
      )
    expect(await hand.outcome).toBe('woken')
  })
})

describe('several threads with one store', () => {
  it('append within the call, each to any shard', async () => {
    const { crew, store } = await place()
    const hands = await Promise.all([crew.hire('appendNow', 0), crew.hire('appendNow', 1)])
    await Promise.all(hands.map(({ outcome }) => outcome))
    expect(new Set(await texts(store)).size).toBe(6_000)
  })

  it('read what the others write, as it comes', async () => {
    const { crew, store } = await place()
    const reader = await crew.hire('tail')
    const writer = await crew.hire('put')
    expect(await writer.outcome).toBe(5_050)
    // Into every shard, so that the reader has all that came before when it meets the one it looks for.
    const ends = Array.from({ length: 64 }, (_, index) => ({
      partitionKey: `end-${index}`,
      data: Buffer.from('the end'),
    }))
    await store.stream('s').putBatch(ends)
    expect(await reader.outcome).toBeGreaterThan(0)
  })

  it('wake a reader that waited before anybody joined', async () => {
    const { crew, store } = await place()
    const next = store.stream('s').read({ from: 'latest' }).next()
    await crew.hire('put')
    expect((await next).done).toBe(false)
  })

  it('make streams at the same time, and all see all', async () => {
    const { crew, store } = await place()
    const hands = await Promise.all([crew.hire('makeStreams', 0), crew.hire('makeStreams', 1)])
    await Promise.all(hands.map(({ outcome }) => outcome))
    expect(store.listStreams()).toHaveLength(41)
    await store.close()
    const again = await open(crew.folder)
    opened.push(again)
    expect(again.listStreams()).toHaveLength(41)
    const records = again.stream('made-1-19').read({ from: 'oldest', until: 'tail' })
    expect((await records.next()).value?.partitionKey).toBe('k')
  })

  it('follow a change that another one makes', async () => {
    const { crew, store } = await place()
    const stream = store.stream('s')
    expect(await (await crew.hire('retention', 7)).outcome).toBe(31)
    expect(store.listStreams()[0]?.retentionHours).toBe(31)
    expect(stream.describe().retentionHours).toBe(31)
  })

  it('learn that a stream was deleted under them', async () => {
    const { crew, store } = await place()
    const stream = store.stream('s')
    await stream.put('k', Buffer.from('v'))
    const waiting = stream.read({ from: 'latest' }).next()
    expect(await (await crew.hire('remove')).outcome).toBe('deleted')
    await expect(waiting).rejects.toMatchObject({ code: 'ERR_MILLRACE_STREAM_NOT_FOUND' })
    await expect(stream.put('k', Buffer.from('v'))).rejects.toMatchObject({
      code: 'ERR_MILLRACE_STREAM_NOT_FOUND',
    })
  })

  it('go on when one of them is terminated in the middle of putting', async () => {
    const { crew, store } = await place()
    for (let round = 0; round < 5; round++) {
      const hand = await crew.hire('forEver', round)
      await hand.going
      await hand.worker.terminate()
      await store.stream('s').put('k', Buffer.from(`after ${round}`))
    }
    const all = await texts(store)
    expect(all.filter((text) => text.startsWith('after'))).toHaveLength(5)
    expect(new Set(all).size).toBe(all.length)
  })

  it('go on when one of them is terminated while it waits', async () => {
    const { crew, store } = await place()
    const hand = await crew.hire('waitForEver')
    await hand.going
    await hand.worker.terminate()
    await store.stream('s').put('k', Buffer.from('v'))
    expect(await texts(store)).toEqual(['v'])
  })

  it('keep the store open until the last of them closes it', async () => {
    const { crew, store } = await place()
    const hand = await crew.hire('waitForEver')
    await store.close()
    await hand.worker.terminate()
    const again = await open(crew.folder)
    opened.push(again)
    expect(again.listStreams()).toHaveLength(1)
  })

  it('are refused with other options, and a second time on one thread', async () => {
    const { crew } = await place()
    await expect(open(crew.folder)).rejects.toMatchObject({
      code: 'ERR_MILLRACE_STORE_BUSY',
      message: `${crew.folder}: this thread has the store open already`,
      details: { pid: process.pid },
    })
    const other = new Crew({ durability: 'none' }, crew.folder)
    crews.push(other)
    await expect(other.hire('put')).rejects.toMatchObject({
      code: 'ERR_MILLRACE_STORE_BUSY',
      message: `${crew.folder}: another thread of this process has the store open with other options`,
    })
  })
})
