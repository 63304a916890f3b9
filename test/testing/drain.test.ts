import { describe, expect, it } from 'vitest'
import { textCodec } from '../../src/streams/codec.ts'
import { drain, type DrainOptions } from '../../src/testing/drain.ts'
import { testStore } from '../../src/testing/test-store.ts'

describe('drain', () => {
  it('answers all that the stream holds, decoded, and waits for nothing', async () => {
    await using store = await testStore()
    const stream = await store.createStream('words', { shards: 3, codec: textCodec })
    expect(await drain(stream)).toEqual([])
    const words = ['zero', 'one', 'two', 'three', 'four']
    for (const word of words) await stream.put(word, word)
    expect((await drain(stream)).map(({ data }) => data).toSorted()).toEqual(words.toSorted())
  })

  it('begins where it is told to', async () => {
    await using store = await testStore()
    const stream = await store.createStream('words', { shards: 2, codec: textCodec })
    const first = await stream.put('a', 'first')
    await store.advance(10)
    await stream.put('a', 'second')
    const data = async (options: DrainOptions) => (await drain(stream, options)).map((record) => record.data)
    expect(await data({ from: 'sequence', sequence: first.sequenceNumber })).toEqual(['second'])
    expect(await data({ from: 'time', arrivedAtMs: first.arrivedAtMs + 1 })).toEqual(['second'])
    expect(await data({ shardId: first.shardId })).toEqual(['first', 'second'])
    expect(await data({ from: 'latest' })).toEqual([])
  })

  it('refuses what read refuses', async () => {
    await using store = await testStore()
    const stream = await store.createStream('words')
    await expect(drain(stream, { form: 'oldest' } as DrainOptions)).rejects.toThrow(/"form" is not known/)
    await expect(drain(stream, { signal: AbortSignal.abort('enough') })).rejects.toBe('enough')
  })
})
