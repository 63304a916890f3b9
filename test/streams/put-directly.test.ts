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

/** As PutRecord does: what does not go directly is put. */
async function putTwice(stream: Stream): Promise<Stored> {
  const first = directly(stream, '1') ?? (await stream.put('k', bytesOf('1')))
  if (directly(stream, '2') === undefined) await stream.put('k', bytesOf('2'))
  return first
}

async function textsIn(stream: Stream): Promise<string> {
  const records = await collect(stream.read({ from: 'oldest', until: 'tail' }))
  return records.map(({ data }) => Buffer.from(data).toString()).join('')
}

describe('putDirectly', () => {
  it('leaves the first records of a stream to put, and stores those after them within the call', async () => {
    await using rig = await opened()
    const { stream } = rig
    expect(directly(stream, 'a')).toBeUndefined()
    const first = await putTwice(stream)
    const third = directly(stream, 'c')
    expect(third?.shardId).toBe(first.shardId)
    expect((third?.sequenceNumber ?? '') > first.sequenceNumber).toBe(true)
    expect(await textsIn(stream)).toBe('12c')
  })

  it('does not overtake puts of the same turn', async () => {
    await using rig = await opened()
    const { stream } = rig
    await putTwice(stream)
    const put = stream.put('k', bytesOf('b'))
    expect(directly(stream, 'c')).toBeUndefined()
    await put
    expect(directly(stream, 'd')).toBeDefined()
    expect(await textsIn(stream)).toBe('12bd')
  })

  it('stores nothing where limits are judged', async () => {
    await using rig = await opened({ limits: 'enforce' })
    const { stream } = rig
    await putTwice(stream)
    expect(directly(stream, 'b')).toBeUndefined()
    expect(await textsIn(stream)).toBe('12')
  })
})
