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
