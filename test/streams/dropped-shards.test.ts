import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, it } from 'vitest'
import type { Shard } from '../../src/streams/shard.ts'
import { coreOf } from '../../src/streams/stream.ts'
import { settled } from '../model/manual-clock.ts'
import { bytesOf, openSubject } from './subject.ts'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

const hourMs = 3_600_000
const half = (2n ** 127n).toString()

/** In a frame of its own, which holds none of them when it has ended. */
function weakly(shards: readonly Shard[]): readonly WeakRef<Shard>[] {
  return shards.map((shard) => new WeakRef(shard))
}

it.each(['off', 'report', 'enforce'] as const)(
  'a stream keeps nothing of shards that it has no longer, with limits %s',
  async (limits) => {
    const { store, clock } = await openSubject({ limits })
    const stream = await store.createStream('s')
    const core = coreOf(stream)
    const gone: WeakRef<Shard>[] = []
    for (let times = 0; times < 3; times++) {
      const [lower, upper] = stream.listShards({ filter: { type: 'atLatest' } })
      gone.push(...weakly(core.map.open))
      await stream.put('a', bytesOf('1'))
      await stream.put('b', bytesOf('2'))
      if (upper === undefined) await stream.splitShard(lower?.shardId ?? '', half)
      else await stream.mergeShards(lower?.shardId ?? '', upper.shardId)
      await stream.put('a', bytesOf('3'))
      await clock.advance(25 * hourMs)
      await clock.advance(2 * hourMs)
    }
    await stream.put('a', bytesOf('last'))
    const kept = new Set(core.shards.map(({ index }) => index))
    for (let turn = 0; turn < 5; turn++) {
      await settled()
      collectGarbage()
    }
    expect(gone).toHaveLength(4)
    expect(gone.flatMap((shard) => shard.deref()?.index ?? []).filter((index) => !kept.has(index))).toEqual(
      [],
    )
  },
)
