import { describe, expect, it } from 'vitest'
// @ts-expect-error: a module for browsers, whose types are comments
import { layOut, middleOf, neighbourOf, shareOf } from '../../src/console/shard-layout.js'
// @ts-expect-error: a module for browsers, whose types are comments
import { Ring } from '../../src/console/ring.js'
import { testStore } from '../../src/testing/test-store.ts'

interface Placed {
  readonly shard: { readonly index?: number; readonly shardId: string }
  readonly left: number
  readonly right: number
  readonly row: number
  readonly rowEnd: number
  readonly parents: readonly string[]
}

const id = (index: number): string => `shardId-00000000000${index}`

describe('the picture of shards', () => {
  it('has children below their parents, and open shards down to the bottom', async () => {
    await using store = await testStore()
    const clicks = await store.createStream('clicks', { shards: 2 })
    await clicks.splitShard(id(0), String(2n ** 126n))
    await clicks.mergeShards(id(3), id(1))
    const { placed, rows } = layOut(clicks.shards()) as { placed: Placed[]; rows: number }
    expect(rows).toBe(3)
    const places = placed.map(({ shard, left, right, row, rowEnd }) => [
      shard.shardId,
      left,
      right,
      row,
      rowEnd,
    ])
    expect(places).toEqual([
      [id(0), 0, 0.5, 0, 0],
      [id(1), 0.5, 1, 0, 1],
      [id(2), 0, 0.25, 1, 2],
      [id(3), 0.25, 0.5, 1, 1],
      [id(4), 0.25, 1, 2, 2],
    ])
    expect(placed[4]?.parents).toEqual([id(3), id(1)])
  })

  it('begins with shards whose parents are gone', async () => {
    await using store = await testStore()
    const clicks = await store.createStream('clicks')
    await clicks.splitShard(id(0), String(2n ** 127n))
    const { placed, rows } = layOut(clicks.shards().slice(1)) as { placed: Placed[]; rows: number }
    expect(rows).toBe(1)
    expect(placed.map(({ row, parents }) => [row, parents])).toEqual([
      [0, []],
      [0, []],
    ])
  })

  it('proposes halves and knows neighbours', async () => {
    await using store = await testStore()
    const clicks = await store.createStream('clicks', { shards: 3 })
    const [first, second, third] = clicks.shards()
    expect(neighbourOf(first, clicks.shards())).toEqual(second)
    expect(neighbourOf(third, clicks.shards())).toBeUndefined()
    expect(shareOf(second)).toBeCloseTo(1 / 3)
    const [lower, upper] = await clicks.splitShard(id(1), middleOf(second))
    expect(shareOf(lower)).toBeCloseTo(shareOf(upper))
    expect(neighbourOf(first, clicks.shards())).toEqual(lower)
  })
})

describe('a ring', () => {
  it('keeps the newest', () => {
    const ring = new Ring(3)
    for (let item = 1; item <= 8; item++) ring.push(item)
    expect(ring.length).toBe(3)
    expect(ring.newest()).toEqual([6, 7, 8])
    expect(ring.newest(2)).toEqual([7, 8])
  })
})
