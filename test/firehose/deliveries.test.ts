import { expect, it } from 'vitest'
import { Deliveries, type RunningDelivery } from '../../src/firehose/deliveries.ts'
import { documentOf } from '../../src/firehose/delivery-key.ts'
import type { DeliveryStreamState } from '../../src/firehose/delivery-stream-state.ts'
import { StoreTime } from '../../src/streams/store-time.ts'
import { ManualClock, settled } from '../model/manual-clock.ts'
import { FakeDelivery, direct, key } from './facade-subject.ts'

const state: DeliveryStreamState = {
  key: key('d'),
  kind: 'delivery-stream',
  id: '1',
  createdAtMs: 0,
  updatedAtMs: 0,
  versionId: 1,
  configuration: direct,
  document: undefined,
  tags: {},
  creatingUntilMs: 0,
}

it('remembers nothing of each delivery stream while another thread delivers', async () => {
  const clock = new ManualClock()
  let may = false
  const deliveries = new Deliveries({
    clock,
    time: new StoreTime(clock, unheard),
    warn: unheard,
    mayDeliver: () => may,
    find: () => undefined,
    begin: () => Promise.reject(new Error('none')),
  })
  const atMs = clock.nowMs()
  await deliveries.settle('firehose/one')
  await clock.advance(1000)
  await deliveries.settle('firehose/other')
  expect(deliveries.failure('firehose/one')).toMatchObject({
    error: { code: 'ERR_MILLRACE_UNSUPPORTED' },
    atMs,
  })
  may = true
  await deliveries.settle('firehose/other')
  // What one delivery stream was told of, no other one keeps.
  expect(deliveries.failure('firehose/one')).toBeUndefined()
  await deliveries.close()
})

function unheard(): void {}

it('a delivery that is beginning while all are closed is stopped, too, before they are', async () => {
  const clock = new ManualClock()
  const delivery = new FakeDelivery(state)
  let begun: (() => void) | undefined
  const begin = (): Promise<RunningDelivery> =>
    new Promise((resolve) => {
      begun = () => resolve(delivery)
    })
  const find = (): DeliveryStreamState => state
  const deliveries = new Deliveries({
    clock,
    time: new StoreTime(clock, unheard),
    warn: unheard,
    mayDeliver: () => true,
    find,
    begin,
  })
  void deliveries.settle(documentOf(state.key))
  await settled()
  const closed = deliveries.close()
  begun?.()
  await closed
  expect(delivery.told).toEqual(['stop, flushed'])
})
