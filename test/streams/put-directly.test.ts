import { describe, expect, it } from 'vitest'
import { open, type OpenOptions } from '../../src/open.ts'
import { coreOf } from '../../src/streams/stream.ts'
import type { Stream } from '../../src/streams/stream.ts'
import type { Stored } from '../../src/streams/put.ts'
import { bytesOf, collect } from './subject.ts'

const directly = (stream: Stream, text: string): Stored | undefined =>
  coreOf(stream).commits.putDirectly({
    partitionKey: 'k',
    payload: bytesOf(text),
    hashKey: undefined,
    recordBytesMax: 1024,
  })

async function opened(options?: OpenOptions): Promise<AsyncDisposable & { readonly stream: Stream }> {
  const store = await open('memory:', options)
  const stream = await store.createStream('s', { shards: 3 })
  return { stream, [Symbol.asyncDispose]: () => store.close() }
}

async function textsIn(stream: Stream): Promise<string> {
  const records = await collect(stream.read({ from: 'oldest', until: 'tail' }))
  return records.map(({ data }) => Buffer.from(data).toString()).join('')
}

describe('putDirectly', () => {
  it('leaves the first record of a shard to put, and stores those after it within the call', async () => {
    await using rig = await opened()
    const { stream } = rig
    expect(directly(stream, 'a')).toBeUndefined()
    const first = await stream.put('k', bytesOf('b'))
    const second = directly(stream, 'c')
    expect(second?.shardId).toBe(first.shardId)
    expect((second?.sequenceNumber ?? '') > first.sequenceNumber).toBe(true)
    expect(await textsIn(stream)).toBe('bc')
  })

  it('does not overtake puts of the same turn', async () => {
    await using rig = await opened()
    const { stream } = rig
    directly(stream, '-')
    await stream.put('k', bytesOf('a'))
    const put = stream.put('k', bytesOf('b'))
    expect(directly(stream, 'c')).toBeUndefined()
    await put
    expect(directly(stream, 'd')).toBeDefined()
    expect(await textsIn(stream)).toBe('abd')
  })

  it('stores nothing where limits are judged', async () => {
    await using rig = await opened({ limits: 'enforce' })
    const { stream } = rig
    directly(stream, '-')
    await stream.put('k', bytesOf('a'))
    expect(directly(stream, 'b')).toBeUndefined()
    expect(await textsIn(stream)).toBe('a')
  })
})
