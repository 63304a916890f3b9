import { afterEach, describe, expect, it } from 'vitest'
import { open, type Store } from '../../src/index.ts'
import { Crew } from './crew.ts'

const opened: Store[] = []
const crews: Crew[] = []
afterEach(async () => {
  const ended = crews.splice(0)
  await Promise.all(ended.map((crew) => crew.dismiss()))
  await Promise.all(opened.splice(0).map((store) => store.close()))
  for (const crew of ended) crew.remove()
})

/** A store with one shard that limits hold for, and workers whose clock stands still until it is moved. */
async function place(): Promise<{
  readonly crew: Crew
  readonly store: Store
  readonly advance: (ms: number) => void
}> {
  const memory = new SharedArrayBuffer(8)
  const now = new Float64Array(memory)
  now[0] = 1_000_000
  const nowMs = (): number => now[0] as number
  const crew = new Crew({ limits: 'enforce' }, undefined, memory)
  crews.push(crew)
  const clock = { nowMs, monotonicMs: nowMs, after: () => () => {} }
  const store = await open(crew.folder, { limits: 'enforce', clock })
  opened.push(store)
  await store.createStream('s')
  return {
    crew,
    store,
    advance: (ms) => {
      now[0] = nowMs() + ms
    },
  }
}

const entries = Array.from({ length: 2_000 }, () => ({ partitionKey: 'k', data: Buffer.from('v') }))

/** Records that the test's own thread is allowed now. */
async function taken(store: Store): Promise<number> {
  const results = await store.stream('s').putBatch(entries)
  return results.filter(({ ok }) => ok).length
}

describe('the limits of a store that several threads have open', () => {
  it('let 1,000 records of all of them together into a shard in a second', async () => {
    const { crew, store, advance } = await place()
    const hands = await Promise.all([crew.hire('hammer'), crew.hire('hammer'), crew.hire('hammer')])
    const counts = (await Promise.all(hands.map(({ outcome }) => outcome))) as readonly number[]
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(1_000)
    expect(await taken(store)).toBe(0)
    expect((await store.stream('s').stats()).recordsMax).toBe(1_000)
    advance(100)
    expect(await taken(store)).toBe(100)
  })

  it('answer the calls of all of them together, of a shard and of the control plane', async () => {
    const { crew } = await place()
    const hands = await Promise.all([crew.hire('callAws', 2), crew.hire('callAws', 2)])
    const counts = (await Promise.all(hands.map(({ outcome }) => outcome))) as readonly Record<
      string,
      number
    >[]
    const sum = (name: string): number => counts.reduce((all, count) => all + (count[name] ?? Number.NaN), 0)
    expect(['iterators', 'reads', 'describes', 'lists'].map(sum)).toEqual([4, 5, 10, 1_000])
  })

  it('hold on when a worker is terminated in the midst', async () => {
    const { crew, store, advance } = await place()
    for (let round = 0; round < 8; round++) {
      advance(1_000)
      const hand = await crew.hire('hammerForEver')
      await hand.going
      const mine = taken(store)
      await hand.worker.terminate()
      await mine
      expect(await taken(store)).toBeLessThanOrEqual(1_000)
      expect(await taken(store)).toBe(0)
      // What it was allowed in its last call it may not have put any more: a batch of 100 at most.
      const { recordsMax } = await store.stream('s').stats()
      expect(recordsMax).toBeLessThanOrEqual(1_000 * (round + 1))
      expect(recordsMax).toBeGreaterThanOrEqual(900 * (round + 1))
    }
  })
})
