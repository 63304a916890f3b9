import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import { drain, expectOrderPerKey, waitForRecords } from 'millrace/testing'
import { startVisits, type VisitsRig } from '../visits-rig.ts'

let rig: VisitsRig
beforeEach(async () => {
  rig = await startVisits()
})
afterEach(() => rig.stop())

test('a visit ends half an hour after its last click, and not before', async () => {
  const { store, clicks, visits } = rig
  await clicks.put('ada', { page: '/' })
  await store.advance({ minutes: 20 })
  await clicks.put('ada', { page: '/about' })

  await store.advance({ minutes: 29 })
  assert.deepEqual(await drain(visits), [])

  await store.advance({ minutes: 1 })
  const [visit] = await waitForRecords(visits, { count: 1 })
  assert.deepEqual(visit?.data, { user: 'ada', pages: ['/', '/about'] })
})

test('a day of many users ends in as many visits, each with its clicks in order', async () => {
  const { store, clicks, visits } = rig
  for (let hour = 0; hour < 24; hour++) {
    await clicks.putBatch(
      Array.from({ length: 100 }, (_, user) => ({
        partitionKey: `user-${user}`,
        data: { page: `/${hour}` },
      })),
    )
    await store.advance({ hours: 1 })
  }
  const found = await waitForRecords(visits, { count: 2_400 })
  expectOrderPerKey(found, { by: ({ data }) => Number(data.pages[0]?.slice(1)) })
  assert.deepEqual(new Set(found.map(({ data }) => data.pages.length)), new Set([1]))
})
