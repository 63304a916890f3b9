import { EventEmitter, once } from 'node:events'
import { describe, expect, it } from 'vitest'
import type { Processor } from '../../src/firehose/processor.ts'
import { minuteMs } from '../../src/units.ts'
import { DeliveryRig, settled } from './delivery-rig.ts'
import { partitioned } from './sorted-records.ts'

const keys = { query: { key: 'k' }, lambda: {} }

/** Takes one record a call; `x` fails. */
class OneByOne implements Processor {
  /** What each call but the first of a batch waits for. */
  ahead: Promise<unknown> = Promise.resolve()
  calls = 0
  #isRest = false

  process: Processor['process'] = async ([first, ...rest], signal) => {
    if (this.#isRest) await this.ahead
    this.#isRest = rest.length > 0
    this.calls += 1
    signal.throwIfAborted()
    if (first === undefined) return { records: [], failed: [], dropped: 0 }
    if (Buffer.from(first.data).toString() !== 'x')
      return { records: [{ ...first, keys }], failed: [], dropped: 0, rest }
    const failed = [
      { record: first, type: 'processing-failed', code: 'X', message: 'x', attempts: 1 },
    ] as const
    return { records: [], failed, dropped: 0, rest }
  }

  async close(): Promise<void> {}
}

describe('a batch that is processed in pieces', () => {
  it('is in buffers as a whole, in order', async () => {
    const processor = new OneByOne()
    await using rig = new DeliveryRig({ configuration: partitioned, processor })
    await rig.start()
    await rig.put('a', 'x', 'b', 'c')
    await rig.delivery.flush()
    expect(processor.calls).toBe(4)
    expect(rig.objects.in('landing')).toEqual(['abc'])
    expect(rig.objects.failed('landing')).toMatchObject([{ errorCode: 'X', rawData: btoa('x') }])
    await rig.clock.advance(minuteMs)
    expect(rig.position).toEqual({ shard: '4' })
  })

  it('does not come twice when the delivery ends between them', async () => {
    const processor = new OneByOne()
    const events = new EventEmitter()
    processor.ahead = once(events, 'go')
    await using rig = new DeliveryRig({ configuration: partitioned, processor })
    await rig.start()
    await rig.put('a', 'b', 'c')
    rig.source.caughtUp = async () => {} // The end does not wait for the batch to be taken.
    const stopped = rig.delivery.stop({ flush: true })
    await settled()
    events.emit('go')
    await stopped
    expect(rig.objects.in('landing').join('')).toBe('abc')
    expect(rig.position).toEqual({ shard: '3' })
  })
})
