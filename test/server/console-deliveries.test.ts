import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { nameOfChannel } from '../../src/firehose/channel-key.ts'
import { firehose, type FirehoseOptions } from '../../src/firehose/index.ts'
import { runningFirehose } from '../../src/firehose/firehose.ts'
import { deliveryRows } from '../../src/server/console-deliveries.ts'
import { consoleRoute } from '../../src/server/console.ts'
import type { ConsoleCaller } from '../../src/server/console-access.ts'
import { Policy } from '../../src/aws/policy.ts'
import { ManualClock, testStore, type TestStore } from '../../src/testing/index.ts'
import { ask, PageEvents, request } from './console-rig.ts'

/** A store in memory, with a place for buckets. */
async function rig(options: FirehoseOptions = {}): Promise<{ store: TestStore; clock: ManualClock }> {
  const buckets = mkdtempSync(join(tmpdir(), 'millrace-console-'))
  onTestFinished(() => rmSync(buckets, { recursive: true, force: true }))
  const clock = new ManualClock()
  const store = await testStore({ clock, onWarning: () => {} })
  firehose(store, { buckets, ...options })
  return { store, clock }
}

async function events(store: TestStore, ...grants: ConstructorParameters<typeof Policy>[0]) {
  const caller: ConsoleCaller | undefined =
    grants.length === 0
      ? undefined
      : { account: undefined, expiresAtMs: Infinity, policy: new Policy(grants) }
  const route = consoleRoute(store, () => caller)
  return new PageEvents(await ask(route, request('GET', '/console/api/events')))
}

const destination = { kind: 'folder', bucket: 'records' } as const

describe('delivery streams in the console', () => {
  it('are told with what they deliver, what waits and since when, and that they have gone', async () => {
    const { store, clock } = await rig()
    const clicks = await firehose(store).createDeliveryStream('clicks', { destination })
    const seen = await events(store)
    const next = async () => {
      const event = seen.nextOf('deliveries')
      await clock.advance(1_000)
      return (await event).data
    }
    const [first] = (await next()).changed
    expect(first).toMatchObject({
      account: '000000000000',
      region: 'us-east-1',
      name: 'clicks',
      kind: 'delivery-stream',
      status: 'ACTIVE',
      running: true,
      source: 'Direct PUT',
      destination: 'arn:aws:s3:::records',
      deliveredRecords: 0,
      bufferedRecords: 0,
      oldestMs: null,
      lastError: null,
    })
    const atMs = clock.nowMs()
    await clicks.put(Buffer.from('12345'))
    while (clicks.stats()?.bufferedRecords !== 1) await clock.advance(1)
    let [row] = (await next()).changed
    while (row?.bufferedRecords !== 1) [row] = (await next()).changed
    expect(row).toMatchObject({ bufferedBytes: 5, deliveredRecords: 0 })
    expect(row.oldestMs).toBe(atMs)
    await clicks.flush()
    while (row?.deliveredRecords !== 1) [row] = (await next()).changed
    expect(row).toMatchObject({ deliveredBytes: 5, bufferedRecords: 0, oldestMs: null })
    await firehose(store).deleteDeliveryStream('clicks')
    let gone: string[] = []
    while (gone.length === 0) gone = (await next()).gone
    expect(gone).toEqual([first.id])
    await seen.return()
    await store.close()
  })

  it('are told with what went wrong last, and no key of an address', async () => {
    const receivers = {
      picky: () => {
        throw new Error('no room')
      },
    }
    const { store, clock } = await rig({ receivers })
    const failing = await firehose(store).createDeliveryStream('failing', {
      destination: { kind: 'function', name: 'picky' },
      buffering: { ms: 0 },
    })
    await firehose(store).createDeliveryStream('web', {
      destination: { kind: 'http', url: 'https://127.0.0.1:1/put?token=secret' },
    })
    await failing.put(Buffer.from('one'))
    while (failing.stats()?.lastError === undefined) await clock.advance(1)
    const seen = await events(store)
    const { changed } = (await seen.nextOf('deliveries')).data as { changed: Record<string, unknown>[] }
    const rows = new Map(changed.map((row) => [row['name'], row]))
    expect(rows.get('failing')).toMatchObject({
      lastError: { message: expect.stringContaining('no room') as string },
    })
    expect(rows.get('web')).toMatchObject({ destination: 'https://127.0.0.1:1/put' })
    await seen.return()
    await store.close()
  })

  it('are told why they do not begin, and when that was found', async () => {
    const { store, clock } = await rig({ receivers: { kept: () => {} } })
    await firehose(store).createDeliveryStream('paused', { destination: { kind: 'function', name: 'kept' } })
    await runningFirehose(store)?.close()
    const buckets = mkdtempSync(join(tmpdir(), 'millrace-console-'))
    onTestFinished(() => rmSync(buckets, { recursive: true, force: true }))
    firehose(store, { buckets })
    const failedAtMs = clock.nowMs()
    for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve))
    await clock.advance(30_000)
    const [row] = deliveryRows(store, clock.nowMs())
    expect(row).toMatchObject({
      running: false,
      lastError: { errorCode: 'Delivery.CannotStart', timestampMs: failedAtMs },
    })
    await store.close()
  })

  it('are shown to whoever may see them, channels to whoever may see all', async () => {
    const { store } = await rig()
    const streams = firehose(store)
    for (const name of ['clicks', 'orders']) await streams.createDeliveryStream(name, { destination })
    const facade = runningFirehose(store)
    const { key, configuration } = facade?.everywhere()[0] ?? {}
    if (facade === undefined || key === undefined || configuration === undefined) throw new Error('none')
    const { arn: streamArn } = (await store.createStream('clicks')).describe()
    const source = { kind: 'stream', streamArn, fromMs: 0 } as const
    const channel = { ...key, name: nameOfChannel('clicks') }
    await facade.createDeliveryStream(channel, {
      configuration: { ...configuration, source },
      kind: 'channel',
    })
    await streams
      .within({ account: '123456789012', region: 'us-east-1' })
      .createDeliveryStream('theirs', { destination })
    const namesFor = async (...grants: ConstructorParameters<typeof Policy>[0]) => {
      const seen = await events(store, ...grants)
      const { changed } = (await seen.nextOf('deliveries')).data as {
        changed: { name: string; kind: string }[]
      }
      await seen.return()
      return changed.map(({ name, kind }) => `${kind} ${name}`).toSorted()
    }
    const own = ['channel clicks', 'delivery-stream clicks', 'delivery-stream orders']
    expect(await namesFor()).toEqual([...own, 'delivery-stream theirs'])
    expect(await namesFor({ allow: 'read', streams: '*' })).toEqual(own)
    expect(await namesFor({ allow: 'write', streams: 'c*' })).toEqual(['delivery-stream clicks'])
    await store.close()
  })
})
