import { describe, expect, it } from 'vitest'
import { firehose } from '../../src/firehose/index.ts'
import { open } from '../../src/open.ts'
import type { Store } from '../../src/streams/store.ts'

async function storeOf(...streams: readonly string[]): Promise<Store> {
  const store = await open('memory:')
  for (const name of streams) await store.createStream(name, { shards: 1 })
  firehose(store, { buckets: 'nowhere' })
  return store
}

function carry(store: Store, name: string, from: string, to: string): Promise<unknown> {
  return firehose(store).createDeliveryStream(name, {
    source: from,
    destination: { kind: 'stream', stream: to },
  })
}

const refused = { code: 'ERR_MILLRACE_INVALID_ARGUMENT', details: { field: 'destination.stream' } }

describe('a delivery stream from stream to stream', () => {
  it('is refused where it would carry records back to where they are from', async () => {
    const store = await storeOf('a', 'b', 'c', 'd')
    await expect(carry(store, 'own', 'a', 'a')).rejects.toMatchObject(refused)
    await carry(store, 'ab', 'a', 'b')
    await expect(carry(store, 'ba', 'b', 'a')).rejects.toMatchObject(refused)
    await carry(store, 'bc', 'b', 'c')
    await expect(carry(store, 'ca', 'c', 'a')).rejects.toMatchObject(refused)
    // Two ways to one stream are none back.
    await carry(store, 'ac', 'a', 'c')
    await carry(store, 'cd', 'c', 'd')
    expect(
      firehose(store)
        .listDeliveryStreams()
        .map(({ name }) => name),
    ).toEqual(['ab', 'ac', 'bc', 'cd'])
    await store.close()
  })

  it('cannot become one that does, and can once the others are gone', async () => {
    const store = await storeOf('a', 'b')
    await carry(store, 'ab', 'a', 'b')
    const back = await firehose(store).createDeliveryStream('ba', {
      source: 'b',
      destination: { kind: 'folder', bucket: 'records' },
    })
    const toA = { destination: { kind: 'stream', stream: 'a' } } as const
    await expect(back.update(toA)).rejects.toMatchObject(refused)
    await firehose(store).deleteDeliveryStream('ab')
    await back.update(toA)
    await store.close()
  })

  it('is refused also if both directions are made at once', async () => {
    const store = await storeOf('a', 'b')
    const made = await Promise.allSettled([carry(store, 'ab', 'a', 'b'), carry(store, 'ba', 'b', 'a')])
    expect(made.map(({ status }) => status)).toEqual(['fulfilled', 'rejected'])
    await store.close()
  })
})
