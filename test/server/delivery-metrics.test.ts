import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { firehose } from '../../src/firehose/index.ts'
import { startServer } from '../../src/server/server.ts'
import { streamsMax } from '../../src/server/stream-figures.ts'
import { ManualClock, testStore } from '../../src/testing/index.ts'

function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-delivery-metrics-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Lines of deliveries, by name and labels as they stand there. */
async function figures(endpoint: string): Promise<ReadonlyMap<string, number>> {
  const text = await (await fetch(`${endpoint}/metrics`)).text()
  const found = text.matchAll(/^((?:firehose_|millrace_delivery_streams)\S*(?:\{[^}]*\})?) (\S+)$/gm)
  return new Map(Array.from(found, ([, name = '', value]) => [name, Number(value)] as const))
}

const destination = { kind: 'folder', bucket: 'records' } as const

describe('/metrics of delivery streams', () => {
  it('has what came in, what waits and for how long, and what was delivered', async () => {
    const clock = new ManualClock()
    await using store = await testStore({ clock })
    await using server = await startServer(store, { port: 0, firehose: { buckets: scratch() } })
    const clicks = await firehose(store).createDeliveryStream('clicks', { destination })
    await clicks.putBatch([Buffer.from('12345'), Buffer.from('678')])
    while (clicks.stats()?.bufferedRecords !== 2) await clock.advance(1)
    clock.advanceNow({ seconds: 7 })
    const of = async (name: string): Promise<number | undefined> =>
      (await figures(server.endpoint)).get(`firehose_${name}{delivery_stream="clicks"}`)
    expect((await figures(server.endpoint)).get('millrace_delivery_streams')).toBe(1)
    expect(await of('delivering')).toBe(1)
    expect(await of('incoming_records_total')).toBe(2)
    expect(await of('incoming_bytes_total')).toBe(8)
    expect(await of('buffered_bytes')).toBe(8)
    expect(await of('spilled_bytes')).toBe(0)
    expect(await of('partitions')).toBe(1)
    expect(await of('delivered_records_total')).toBe(0)
    const age = await of('data_freshness_seconds')
    expect(age).toBeGreaterThanOrEqual(7)
    expect(age).toBeLessThan(60)
    await clicks.flush()
    expect(await of('delivered_records_total')).toBe(2)
    expect(await of('delivered_bytes_total')).toBe(8)
    expect(await of('deliveries_total')).toBe(1)
    expect(await of('delivery_failures_total')).toBe(0)
    expect(await of('failed_records_total')).toBe(0)
    expect(await of('data_freshness_seconds')).toBe(0)
    expect(await of('buffered_records')).toBe(0)
    await firehose(store).deleteDeliveryStream('clicks')
    expect(await of('delivering')).toBeUndefined()
  })

  it('counts attempts that failed, and what went to the error output', async () => {
    await using store = await testStore()
    const receivers = {
      picky: () => {
        throw new Error('no room')
      },
    }
    await using server = await startServer(store, { port: 0, firehose: { buckets: scratch(), receivers } })
    const clicks = await firehose(store).createDeliveryStream('clicks', {
      destination: { kind: 'function', name: 'picky', retryMs: 0 },
      buffering: { ms: 0 },
    })
    await clicks.put(Buffer.from('one'))
    await clicks.flush()
    const seen = await figures(server.endpoint)
    expect(seen.get('firehose_failed_records_total{delivery_stream="clicks"}')).toBe(1)
    expect(seen.get('firehose_delivery_failures_total{delivery_stream="clicks"}')).toBe(1)
    expect(seen.get('firehose_delivered_records_total{delivery_stream="clicks"}')).toBe(0)
  })

  it('shows those of one name together, and a bounded number of names', async () => {
    await using store = await testStore()
    await using server = await startServer(store, { port: 0, firehose: { buckets: scratch() } })
    const own = firehose(store)
    const other = own.within({ account: '123456789012', region: 'eu-west-1' })
    for (const streams of [own, other]) {
      const clicks = await streams.createDeliveryStream('clicks', { destination })
      await clicks.put(Buffer.from('one'))
      await clicks.flush()
    }
    const together = await figures(server.endpoint)
    expect(together.get('firehose_delivering{delivery_stream="clicks"}')).toBe(2)
    expect(together.get('firehose_delivered_records_total{delivery_stream="clicks"}')).toBe(2)
    for (let at = 0; at < streamsMax; at++) await own.createDeliveryStream(`d${at}`, { destination })
    const seen = [...(await figures(server.endpoint)).keys()]
    expect(seen.filter((name) => name.startsWith('firehose_delivering{'))).toHaveLength(streamsMax)
  })
})
