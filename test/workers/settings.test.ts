import { afterEach, expect, it } from 'vitest'
import { open, type Store } from '../../src/index.ts'
import { Crew } from './crew.ts'

const crews: Crew[] = []
const opened: Store[] = []
afterEach(async () => {
  const ended = crews.splice(0)
  await Promise.all(ended.map((crew) => crew.dismiss()))
  await Promise.all(opened.splice(0).map((store) => store.close()))
  for (const crew of ended) crew.remove()
})

it('threads that share a store set things of one stream at the same time, and lose none', async () => {
  const crew = new Crew()
  crews.push(crew)
  const store = await open(crew.folder)
  opened.push(store)
  const stream = await store.createStream('s')
  const hands = [await crew.hire('set', 1), await crew.hire('set', 2)]
  expect(await Promise.all(hands.map(({ outcome }) => outcome))).toEqual(['set', 'set'])
  expect(stream.describe()).toMatchObject({ tagCount: 20, consumerCount: 10 })
  expect(stream.settings.tags.map(({ value }) => value).toSorted()).toEqual([
    ...Array.from({ length: 10 }, () => '1'),
    ...Array.from({ length: 10 }, () => '2'),
  ])
  expect(new Set(stream.consumers.list().map(({ arn }) => arn)).size).toBe(10)
})

it('one of them deletes a stream for all when its time has come', async () => {
  const crew = new Crew({ transitions: { deletingMs: 2_000 } })
  crews.push(crew)
  const store = await open(crew.folder, { transitions: { deletingMs: 2_000 } })
  opened.push(store)
  await store.createStream('s')
  const hand = await crew.hire('deleteIt')
  expect(await hand.outcome).toBe('deleting')
  expect(store.listStreams()).toMatchObject([{ name: 's', status: 'DELETING' }])
  // The thread that deleted it dies before the time has come.
  await crew.dismiss()
  await expect.poll(() => store.listStreams(), { timeout: 10_000 }).toEqual([])
  await store.createStream('s')
})
