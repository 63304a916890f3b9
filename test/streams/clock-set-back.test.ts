import { describe, expect, it } from 'vitest'
import { open } from '../../src/open.ts'
import { ManualClock } from '../../src/testing/manual-clock.ts'
import { bytesOf, collect } from './subject.ts'

describe('a clock that was set back', () => {
  it('stamps no record of a child before the end of its parents', async () => {
    const clock = new ManualClock()
    const store = await open('memory:', { clock })
    const stream = await store.createStream('s')
    await stream.put('k', bytesOf('a'))
    await stream.splitShard('shardId-000000000000', '5')
    clock.setWall(clock.nowMs() - 3 * 86_400_000)
    const [closed] = await stream.listShards()
    const { arrivedAtMs } = await stream.put('k', bytesOf('b'))
    expect(arrivedAtMs).toBeGreaterThanOrEqual(closed?.closedAtMs ?? Number.NaN)
    clock.setWall(clock.nowMs() + 3 * 86_400_000)
    const records = await collect(stream.read({ from: 'oldest', until: 'tail' }))
    expect(records.map(({ data }) => Buffer.from(data).toString())).toEqual(['a', 'b'])
    await store.close()
  })
})
