import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { open, type OpenOptions } from '../src/open.ts'
import type { Store } from '../src/streams/store.ts'
import { ManualClock } from './model/manual-clock.ts'
import { ScratchFolder } from './native/scratch-folder.ts'

const scratch = new ScratchFolder()
const stores: Store[] = []
afterEach(async () => {
  await Promise.all(stores.splice(0).map((store) => store.close()))
})
afterAll(() => scratch.remove())

async function opened(folder: string, options: OpenOptions = {}): Promise<Store> {
  const store = await open(folder, options)
  stores.push(store)
  return store
}

const elsewhere = { account: '111111111111', region: 'eu-west-1' }

/** Sets everything there is to set. */
async function furnish(store: Store): Promise<void> {
  const there = store.within(elsewhere)
  await there.setCommitment(true)
  await there.setLimits({ shardLimit: 77 })
  const stream = await there.createStream('s', {
    mode: 'ON_DEMAND',
    tags: { team: 'data' },
    maxRecordBytes: 2 ** 21,
  })
  await stream.settings.setDistribution('AUTO')
  await stream.settings.setWarmThroughput(12)
  await stream.settings.setPolicy('{"Statement":[]}')
  await stream.settings.startEncryption('alias/key')
  await stream.settings.enableMonitoring(['IncomingBytes'])
  await stream.consumers.register('c', { tags: { of: 'c' } })
  await stream.consumers.setPolicy('c', '{}')
  await stream.setRetention(48)
}

/** Everything that was set, as a store shows it. */
function shown(store: Store): unknown {
  const there = store.within(elsewhere)
  const stream = there.stream('s')
  return {
    description: stream.describe(),
    tags: stream.settings.tags,
    policy: stream.settings.policy,
    consumers: stream.consumers.list(),
    limits: there.limits(),
    commitment: there.commitment(),
  }
}

describe('what was set of streams, consumers and accounts', () => {
  it('is there again when the folder is opened again, also behind a snapshot', async () => {
    const folder = scratch.fresh()
    const options = { durability: 'none', clock: new ManualClock() } as const
    const store = await open(folder, options)
    await furnish(store)
    const before = shown(store)
    expect(before).toMatchObject({
      description: {
        mode: 'ON_DEMAND',
        distribution: 'AUTO',
        encryptionType: 'KMS',
        warmThroughput: { targetMiBps: 12 },
        monitoring: ['IncomingBytes'],
        consumerCount: 1,
        tagCount: 1,
      },
      limits: { shardLimit: 77 },
      commitment: { status: 'ENABLED' },
    })
    await store.close()
    const again = await open(folder, options)
    expect(shown(again)).toEqual(before)
    // A snapshot of the metadata sums up a thousand commands.
    const other = await again.createStream('other')
    for (let n = 0; n < 1_050; n++) await other.settings.setPolicy(`{"n":${n}}`)
    await again.close()
    const third = await opened(folder, options)
    expect(shown(third)).toEqual(before)
    expect(third.stream('other').settings.policy).toBe('{"n":1049}')
  })

  it('is seen by a store that only reads, as it changes', async () => {
    const folder = scratch.fresh()
    const clock = new ManualClock()
    const transitions = { updatingMs: 1_000, consumerCreatingMs: 1_000 }
    const writer = await opened(folder, { durability: 'none', clock })
    const reader = await opened(folder, { readOnly: true, clock })
    await furnish(writer)
    expect(shown(reader)).toEqual(shown(writer))
    const stream = reader.within(elsewhere).stream('s')
    for (const refused of [
      stream.settings.tag({ k: 'v' }),
      stream.consumers.register('d'),
      reader.within(elsewhere).setLimits({ shardLimit: 1 }),
      reader.within(elsewhere).setCommitment(false),
    ]) {
      await expect(refused).rejects.toMatchObject({ code: 'ERR_MILLRACE_READ_ONLY' })
    }
    await writer.within(elsewhere).stream('s').consumers.deregister('c')
    expect(stream.consumers.list()).toEqual([])
    await writer.close()
    // Statuses are in the metadata: a reader needs not know how long they last.
    const rehearsal = await opened(folder, { durability: 'none', clock, transitions })
    await rehearsal.within(elsewhere).stream('s').settings.stopEncryption()
    expect(stream.describe().status).toBe('UPDATING')
    await clock.advance(1_000)
    expect(stream.describe().status).toBe('ACTIVE')
  })
})
