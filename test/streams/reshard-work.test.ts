import { expect, it } from 'vitest'
import { insideOf } from '../../src/streams/store.ts'
import { coreOf } from '../../src/streams/stream.ts'
import { openSubject } from './subject.ts'

const shardCount = 400

it.each([
  ['twice', 2 * shardCount],
  ['half', shardCount / 2],
])(
  'going to %s as many shards looks at each shard a few times, however many there are',
  async (_, target) => {
    const { store } = await openSubject()
    const stream = await store.createStream('s', { shards: shardCount / 2 })
    await stream.updateShardCount(shardCount) // so that those that close have parents, too
    const { shards } = insideOf(store).meta.state.streams.get(coreOf(stream).id) ?? { shards: [] }
    let looks = 0
    for (const shard of shards) {
      const { index } = shard
      Object.defineProperty(shard, 'index', {
        enumerable: true,
        get: () => {
          looks += 1
          return index
        },
      })
    }
    await stream.updateShardCount(target)
    expect(stream.describe().shardCount).toBe(target)
    expect(looks).toBeGreaterThan(0)
    expect(looks).toBeLessThan(50 * shardCount)
  },
)
