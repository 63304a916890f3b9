import { expect, it } from 'vitest'
import { StoredBytes, visitsMax } from '../../src/server/stored-bytes.ts'
import { insideOf } from '../../src/streams/store.ts'
import { testStore } from '../../src/testing/test-store.ts'

it('what streams hold is known after some looks, none of which leaves a log open', async () => {
  await using store = await testStore()
  const clicks = await store.createStream('clicks', { shards: visitsMax + 1 })
  const core = insideOf(store).core({ account: '000000000000', region: 'us-east-1', name: 'clicks' })
  const open = (): number => core.shards.filter((shard) => shard.opened !== undefined).length
  const held = new StoredBytes()
  held.begin()
  expect(await held.of(core)).toBeUndefined()
  held.begin()
  expect(await held.of(core)).toEqual({ bytes: 0, fileBytes: 0 })
  expect(open()).toBe(0)
  clicks.append('k', Buffer.alloc(100))
  held.begin()
  const { bytes } = await clicks.stats()
  expect(bytes).toBeGreaterThan(100)
  expect(await held.of(core)).toMatchObject({ bytes })
})
