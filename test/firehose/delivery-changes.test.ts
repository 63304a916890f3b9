import { describe, expect, it } from 'vitest'
import type { DeliveryLogEvent } from '../../src/firehose/delivery-log.ts'
import type { DeliveryRecord } from '../../src/firehose/delivery-record.ts'
import { firehose } from '../../src/firehose/index.ts'
import { open } from '../../src/open.ts'
import { ManualClock, settled } from '../model/manual-clock.ts'

/** Until something holds; what is waited for here takes turns, not time. */
async function until(holds: () => boolean): Promise<void> {
  await expect.poll(holds, { interval: 5, timeout: 10_000 }).toBe(true)
}

function textsOf(records: readonly DeliveryRecord[]): readonly string[] {
  return records.map(({ data }) => Buffer.from(data).toString())
}

describe('a delivery whose source stream is deleted', () => {
  it('says so now and then, goes on when there is one of the name again, and ends at once', async () => {
    const clock = new ManualClock()
    const store = await open('memory:', { clock })
    const got: string[] = []
    const events: DeliveryLogEvent[] = []
    const deliveries = firehose(store, {
      buckets: 'nowhere',
      receivers: { kept: (records) => void got.push(...textsOf(records)) },
      onLog: (event) => events.push(event),
    })
    const stream = await store.createStream('s', { shards: 1 })
    const delivery = await deliveries.createDeliveryStream('d', {
      source: 's',
      destination: { kind: 'function', name: 'kept' },
      buffering: { ms: 0 },
    })
    await stream.put('k', Buffer.from('one'))
    await until(() => got.length === 1)
    await store.deleteStream('s')
    await until(() => events.length > 0)
    await settled()
    expect(events.map(({ errorCode }) => errorCode)).toEqual(['Delivery.CannotRead'])
    expect(delivery.stats()?.lastError?.errorCode).toBe('Delivery.CannotRead')
    await expect(delivery.flush()).rejects.toMatchObject({ code: 'ERR_MILLRACE_STREAM_NOT_FOUND' })
    for (let second = 0; second < 60; second++) await clock.advance(1_000)
    // 1, 2, 4, 8, 16 and 32 seconds.
    expect(events.length).toBeGreaterThan(4)
    expect(events.length).toBeLessThan(9)
    expect(events.at(-1)?.message).toContain('there is no stream s')
    await (await store.createStream('s', { shards: 1 })).put('k', Buffer.from('two'))
    // The wait has at most doubled.
    for (let second = 0; second < 140; second++) await clock.advance(1_000)
    await until(() => got.length === 2)
    expect(got).toEqual(['one', 'two'])
    await store.deleteStream('s')
    const begunMs = performance.now()
    await store.close()
    expect(performance.now() - begunMs).toBeLessThan(3_000)
  })
})

describe('a delivery whose destination hangs', () => {
  it.each(['update', 'delete and create'])(
    'has come to its end before another one of its name begins: %s',
    async (change) => {
      const clock = new ManualClock()
      const store = await open('memory:', { clock })
      const told: string[] = []
      const hang = (_: unknown, { signal }: { readonly signal: AbortSignal }): Promise<void> => {
        told.push('begins to hang')
        signal.addEventListener('abort', () => told.push('is given up'))
        return new Promise(() => {})
      }
      const take = (records: readonly DeliveryRecord[]): void =>
        void told.push(`takes ${textsOf(records).join()}`)
      const deliveries = firehose(store, { buckets: 'nowhere', receivers: { hang, take } })
      const buffering = { ms: 0 }
      const hanging = { destination: { kind: 'function', name: 'hang' }, buffering } as const
      const taking = { destination: { kind: 'function', name: 'take' }, buffering } as const
      const delivery = await deliveries.createDeliveryStream('d', hanging)
      await delivery.put(Buffer.from('one'))
      await until(() => told.length === 1)
      if (change === 'update') {
        await delivery.update(taking)
        await settled()
        expect(told).toEqual(['begins to hang'])
        // What is under way has half a minute, and so has a last attempt.
        await clock.advance(30_000)
        await until(() => told.length === 3)
        await clock.advance(30_000)
        await until(() => told.length === 5)
        const attempt = ['begins to hang', 'is given up']
        expect(told).toEqual([...attempt, ...attempt, 'takes one'])
      } else {
        await deliveries.deleteDeliveryStream('d')
        expect(told).toEqual(['begins to hang', 'is given up'])
        const again = await deliveries.createDeliveryStream('d', taking)
        await again.put(Buffer.from('two'))
        await again.flush()
        // What was put into the first one went with it.
        expect(told).toEqual(['begins to hang', 'is given up', 'takes two'])
      }
      await store.close()
    },
  )
})
