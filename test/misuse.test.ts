import { mkdtempSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { MillraceError, open, type OpenOptions, type Store } from '../src/index.ts'
import { ManualClock } from './model/manual-clock.ts'

let folder = ''
const stores: Store[] = []
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-misuse-'))
})
afterEach(async () => {
  // A store whose files are gone says so when it is closed.
  await Promise.all(stores.splice(0).map((store) => store.close().catch(() => {})))
  rmSync(folder, { recursive: true, force: true })
})

async function opened(name: string, options: OpenOptions = {}): Promise<Store> {
  const store = await open(join(folder, name), options)
  stores.push(store)
  return store
}

const modes = ['process', 'commit', 'interval'] as const

describe.each(modes)('a store whose folder goes away, durability %s', (durability) => {
  it.each([
    ['is moved', (from: string) => renameSync(from, `${from}-moved`)],
    ['is deleted', (from: string) => rmSync(from, { recursive: true })],
  ])('%s: nothing that is not on the disk is called so', async (_how, away) => {
    const store = await opened(`${durability}-store`, { durability })
    const stream = await store.createStream('s')
    await stream.put('k', Buffer.from('before'))
    away(join(folder, `${durability}-store`))
    const errors: unknown[] = []
    const stored = await stream.put('k', Buffer.from('after')).catch((error: unknown) => errors.push(error))
    // A mapped segment is still there to be stored to; one that is written to has to be found.
    if (durability === 'process') expect(stored).toMatchObject({ durable: false })
    else expect(errors).toHaveLength(1)
    await stream.flush().catch((error: unknown) => errors.push(error))
    expect(errors.length).toBeGreaterThan(0)
    for (const error of errors) expect(error).toBeInstanceOf(MillraceError)
    await expect(store.createStream('other')).rejects.toBeInstanceOf(MillraceError)
  })
})

describe('a store that was moved', () => {
  it('is opened at its new place with everything that was durable', async () => {
    const store = await opened('old', { durability: 'commit' })
    const stream = await store.createStream('s')
    await stream.put('k', Buffer.from('kept'))
    await store.close()
    renameSync(join(folder, 'old'), join(folder, 'new'))
    const again = await opened('new')
    const records = again.stream('s').read({ from: 'oldest', until: 'tail' })
    expect(Buffer.from((await records.next()).value?.data ?? []).toString()).toBe('kept')
  })
})

describe('a clock that jumps back an hour', () => {
  it.each(modes)('never makes a record older than the one before, durability %s', async (durability) => {
    const clock = new ManualClock(1_700_000_000_000)
    const store = await opened(`clock-${durability}`, { clock, durability })
    const stream = await store.createStream('s')
    const first = await stream.put('k', Buffer.from('first'))
    clock.setWall(clock.nowMs() - 3_600_000)
    const second = await stream.put('k', Buffer.from('second'))
    expect(second.arrivedAtMs).toBeGreaterThanOrEqual(first.arrivedAtMs)
    const seen: string[] = []
    for await (const record of stream.read({ from: 'time', arrivedAtMs: first.arrivedAtMs, until: 'tail' })) {
      seen.push(Buffer.from(record.data).toString())
    }
    expect(seen).toEqual(['first', 'second'])
  })

  it('does not hide anything, and does not bring back what was hidden', async () => {
    const clock = new ManualClock(1_700_000_000_000)
    const store = await opened('retention', { clock })
    const stream = await store.createStream('s', { retentionHours: 24 })
    await stream.put('k', Buffer.from('old'))
    await clock.advance(23.5 * 3_600_000)
    await stream.put('k', Buffer.from('new'))
    await clock.advance(3_600_000)
    const texts = async (): Promise<readonly string[]> => {
      const all: string[] = []
      for await (const record of stream.read({ from: 'oldest', until: 'tail' })) {
        all.push(Buffer.from(record.data).toString())
      }
      return all
    }
    expect(await texts()).toEqual(['new'])
    clock.setWall(clock.nowMs() - 3_600_000)
    expect(await texts()).toEqual(['new'])
  })
})
