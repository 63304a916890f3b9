import { afterEach, describe, expect, it } from 'vitest'
import { nextTurn } from '../../src/clock.ts'
import { type MillraceError, open, type OpenOptions, type Store } from '../../src/index.ts'
import { Crew } from './crew.ts'

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
  await store.createStream('s', { shards: 2 })
  return { crew, store }
}

describe.each([{ durability: 'process' }, { durability: 'commit' }, { durability: 'none' }] as const)(
  'several threads that put, split, merge and read, %o',
  (options) => {
    it('lose and repeat no record, and keep the order of each key', { timeout: 120_000 }, async () => {
      const { crew, store } = await place(options)
      const followers = await Promise.all([crew.hire('follow', 2_400), crew.hire('follow', 2_400)])
      const resharding = await Promise.all([crew.hire('reshard'), crew.hire('reshard')])
      const putters = await Promise.all([crew.hire('putCounted', 1), crew.hire('putCounted', 2)])
      await Promise.all([...putters, ...resharding].map(({ outcome }) => outcome))
      expect(await Promise.all(followers.map(({ outcome }) => outcome))).toEqual([2_400, 2_400])

      const stream = store.stream('s')
      expect(stream.shards().length).toBeGreaterThan(stream.describe().shardCount)
      const texts = new Set<string>()
      for await (const { data } of stream.read({ from: 'oldest', until: 'tail' })) {
        texts.add(Buffer.from(data).toString())
      }
      expect(texts.size).toBe(2_400)
      await Promise.all(crews.map((each) => each.dismiss()))
      await store.close()

      const again = await open(crew.folder, options)
      opened.push(again)
      let records = 0
      for await (const _ of again.stream('s').read({ from: 'oldest', until: 'tail' })) records += 1
      expect(records).toBe(2_400)
    })
  },
)

describe('a thread that ends in the middle of a reshard', () => {
  it('leaves it to the others', { timeout: 120_000 }, async () => {
    const { crew, store } = await place()
    const stream = store.stream('s')
    let puts = 0
    for (let life = 0; life < 15; life++) {
      const hand = await crew.hire('reshardForEver')
      await hand.going
      for (let turn = 0; turn < life; turn++) await nextTurn()
      await hand.worker.terminate()
      for (let key = 0; key < 16; key++) await stream.put(`k${key}`, Buffer.from(`${key}:${puts++}`))
      await untilSplit(store)
    }
    let records = 0
    for await (const _ of stream.read({ from: 'oldest', until: 'tail' })) records += 1
    expect(records).toBe(puts)
  })
})

/** Splits a shard and merges the two: not before the reshard that somebody left behind is finished. */
async function untilSplit(store: Store): Promise<void> {
  const stream = store.stream('s')
  for (;;) {
    const [shard] = stream.listShards({ filter: { type: 'atLatest' } })
    if (shard === undefined) throw new Error('a stream without shards')
    const middle = (BigInt(shard.startingHashKey) + BigInt(shard.endingHashKey)) / 2n
    try {
      const [lower, upper] = await stream.splitShard(shard.shardId, middle.toString())
      await stream.mergeShards(lower.shardId, upper.shardId)
      return
    } catch (error) {
      // It is under way still; or it was finished since the shards were listed.
      expect(['ERR_MILLRACE_STREAM_NOT_ACTIVE', 'ERR_MILLRACE_SHARD_SEALED']).toContain(
        (error as MillraceError).code,
      )
      await nextTurn()
    }
  }
}
