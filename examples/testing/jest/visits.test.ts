import { afterEach, beforeEach, expect, test } from '@jest/globals'
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
  expect(await drain(visits)).toEqual([])

  await store.advance({ minutes: 1 })
  const [visit] = await waitForRecords(visits, { count: 1 })
  expect(visit?.data).toEqual({ user: 'ada', pages: ['/', '/about'] })
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
  expect(new Set(found.map(({ data }) => data.pages.length))).toEqual(new Set([1]))
})
