import { describe, expect, it } from 'vitest'
import { open } from '../../src/index.ts'
import type { Codec } from '../../src/streams/codec.ts'
import type { Store } from '../../src/streams/store.ts'
import type { Stream } from '../../src/streams/stream.ts'
import { collect, openSubject } from './subject.ts'

/** Words as bytes: those that the engine's short way takes. */
const wordCodec: Codec<string> = {
  name: 'word',
  encode: (word) => Buffer.from(word),
  decode: (bytes) => Buffer.from(bytes).toString(),
}

/** The model, answering both ways, and the real engine: its short way in must not be taken. */
const engines: readonly (readonly [string, () => Promise<Store>])[] = [
  ['the model, at once', async () => (await openSubject()).store],
  ['the model, later', async () => (await openSubject({ answers: 'later' })).store],
  ['the engine', async () => open('memory:')],
]

function spreading(store: Store): Promise<Stream<string>> {
  return store.createStream('s', { mode: 'ON_DEMAND', distribution: 'AUTO', codec: wordCodec })
}

/** How many records each shard has. */
async function loads(stream: Stream<string>): Promise<readonly number[]> {
  return (await stream.stats()).shards.map(({ recordsMax }) => recordsMax)
}

describe.each(engines)('a stream with the distribution AUTO, on %s', (name, openStore) => {
  const synchronous = name !== 'the model, later'

  it('spreads records evenly whatever their keys and hash keys', async () => {
    await using store = await openStore()
    const stream = await spreading(store)
    const entries = Array.from({ length: 40 }, () => ({ partitionKey: 'hot', data: 'x' }))
    await stream.putBatch(entries)
    expect(await loads(stream)).toEqual([10, 10, 10, 10])
    for (let n = 0; n < 8; n++) await stream.put('hot', 'x', { explicitHashKey: '0' })
    if (synchronous) for (let n = 0; n < 8; n++) stream.append('hot', 'x')
    expect(Math.max(...(await loads(stream))) - Math.min(...(await loads(stream)))).toBeLessThanOrEqual(1)
  })

  it('gives keys back as they were, and takes records without one', async () => {
    await using store = await openStore()
    const stream = await spreading(store)
    await stream.put('key', 'with')
    await stream.put(undefined, 'without')
    await stream.putBatch([{ data: 'batch' }, { partitionKey: 'b', data: 'both', explicitHashKey: '7' }])
    if (synchronous) stream.append(undefined, 'append')
    const records = await collect(stream.read({ from: 'oldest', until: 'tail' }))
    const keys = new Map(records.map((record) => [record.data, record.partitionKey]))
    expect(keys.get('with')).toBe('key')
    expect(keys.get('without')).toBe('')
    expect(keys.get('batch')).toBe('')
    expect(keys.get('both')).toBe('b')
    expect(records.find(({ data }) => data === 'both')?.explicitHashKey).toBe('7')
    const without = records.find(({ data }) => data === 'without')
    expect((await stream.get(without?.sequenceNumber ?? ''))?.partitionKey).toBe('')
    for (const wrong of ['', null, 7]) {
      await expect(stream.put(wrong as string, 'x')).rejects.toMatchObject({
        details: { field: 'partitionKey' },
      })
    }
  })

  it('goes by the keys again from the next put on, and then needs them', async () => {
    await using store = await openStore()
    const stream = await spreading(store)
    await stream.put(undefined, 'x')
    await stream.settings.setDistribution('USER_PARTITION_KEY')
    const before = await loads(stream)
    for (let n = 0; n < 6; n++) await stream.put('hot', 'x')
    if (synchronous) for (let n = 0; n < 6; n++) stream.append('hot', 'x')
    const grown = (await loads(stream)).filter((load, index) => load > (before[index] as number))
    expect(grown).toHaveLength(1)
    await expect(stream.put(undefined, 'x')).rejects.toMatchObject({ details: { field: 'partitionKey' } })
    await expect(stream.putBatch([{ data: 'x' }])).rejects.toMatchObject({ details: { entry: 0 } })
    await stream.settings.setDistribution('AUTO')
    await stream.put(undefined, 'x')
  })
})

describe.each(engines)('records of a stream that says it is encrypted, on %s', (name, openStore) => {
  it('say KMS if they were put while it did, wherever they are read', async () => {
    await using store = await openStore()
    const stream = await store.createStream('s', { codec: wordCodec, shards: 2 })
    const put = async (word: string): Promise<void> => {
      await stream.put('k', word)
      await stream.putBatch([
        { partitionKey: 'k', data: word },
        { partitionKey: 'l', data: word },
      ])
      if (name !== 'the model, later') stream.append('k', word)
    }
    await put('NONE')
    await stream.settings.startEncryption('alias/key')
    await put('KMS')
    await stream.settings.stopEncryption()
    await put('NONE')
    const records = await collect(stream.read({ from: 'oldest', until: 'tail' }))
    expect(records.length).toBeGreaterThanOrEqual(9)
    for (const record of records) {
      expect(record.encryptionType).toBe(record.data)
      expect((await stream.get(record.sequenceNumber))?.encryptionType).toBe(record.data)
    }
    for await (const batch of stream.readBatches({ from: 'oldest', until: 'tail' })) {
      for (let index = 0; index < batch.length; index++) {
        expect(batch.encryptionType(index)).toBe(batch.data(index))
      }
    }
  })
})
