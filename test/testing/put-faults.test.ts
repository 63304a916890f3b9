import { describe, expect, it } from 'vitest'
import { drain } from '../../src/testing/drain.ts'
import { testStore } from '../../src/testing/test-store.ts'
import { bytesOf } from '../streams/subject.ts'

/** One entry for each of two shards in turn. */
function entries(count: number): { partitionKey: string; data: Uint8Array; explicitHashKey: string }[] {
  const half = 2n ** 127n
  return Array.from({ length: count }, (_, n) => ({
    partitionKey: `key-${n}`,
    data: bytesOf(`${n}`),
    explicitHashKey: String(n % 2 === 0 ? 0n : half),
  }))
}

describe('a shard that is told to be throttled', () => {
  it('refuses its entries of a batch, and the other shard takes its own', async () => {
    await using store = await testStore()
    const stream = await store.createStream('s', { shards: 2 })
    store.faults.throttle({ stream: 's', shardId: 'shardId-000000000001' })
    const results = await stream.putBatch(entries(6))
    expect(results.map(({ ok }) => ok)).toEqual([true, false, true, false, true, false])
    expect(results[1]).toMatchObject({
      error: {
        code: 'ERR_MILLRACE_THROTTLED',
        details: { stream: 's', shardId: 'shardId-000000000001', limit: 'fault' },
      },
    })
    expect((await stream.putBatch(entries(6))).every(({ ok }) => ok)).toBe(true)
    expect(await drain(stream)).toHaveLength(9)
  })

  it('refuses put and append, as often as it was told', async () => {
    await using store = await testStore()
    const stream = await store.createStream('s')
    const fault = store.faults.throttle({ access: 'put', times: 2 })
    const code = 'ERR_MILLRACE_THROTTLED'
    await expect(stream.put('a', bytesOf('1'))).rejects.toMatchObject({ code })
    expect(() => stream.append('a', bytesOf('2'))).toThrow(expect.objectContaining({ code }))
    expect(stream.append('a', bytesOf('3')).ok).toBe(true)
    expect(fault.over).toBe(true)
    expect((await drain(stream)).map(({ data }) => Buffer.from(data).toString())).toEqual(['3'])
  })

  it('is no other stream, and for reads only no put', async () => {
    await using store = await testStore()
    const [s, t] = [await store.createStream('s'), await store.createStream('t')]
    store.faults.throttle({ stream: 't' })
    store.faults.throttle({ access: 'read' })
    expect((await s.put('a', bytesOf('1'))).ok).toBe(true)
    await expect(t.put('a', bytesOf('1'))).rejects.toMatchObject({ code: 'ERR_MILLRACE_THROTTLED' })
  })
})

describe('an entry that is told to fail', () => {
  it.each([0, 1, 2, 5])('is the one with the number %i, and the others keep their order', async (entry) => {
    await using store = await testStore()
    const stream = await store.createStream('s', { shards: 2 })
    store.faults.failEntry({ entry })
    const results = await stream.putBatch(entries(6))
    expect(results.map(({ ok }) => ok)).toEqual([0, 1, 2, 3, 4, 5].map((n) => n !== entry))
    expect(results[entry]).toMatchObject({ error: { code: 'ERR_MILLRACE_IO' } })
    const stored = (await drain(stream)).map(({ data }) => Number(Buffer.from(data).toString()))
    const wanted = [0, 2, 4, 1, 3, 5].filter((n) => n !== entry)
    expect(stored.filter((n) => n % 2 === 0)).toEqual(wanted.filter((n) => n % 2 === 0))
    expect(stored.filter((n) => n % 2 === 1)).toEqual(wanted.filter((n) => n % 2 === 1))
  })

  it('waits for a batch that has so many', async () => {
    await using store = await testStore()
    const stream = await store.createStream('s', { shards: 2 })
    const fault = store.faults.failEntry({ entry: 3, how: 'throttled' })
    await stream.put('a', bytesOf('x'))
    await stream.putBatch(entries(3))
    expect(fault.happened).toBe(0)
    expect((await stream.putBatch(entries(4)))[3]).toMatchObject({
      error: { code: 'ERR_MILLRACE_THROTTLED' },
    })
  })

  it('may be several of one batch, each for a reason of its own', async () => {
    await using store = await testStore()
    const stream = await store.createStream('s')
    store.faults.failEntry({ entry: 1 })
    store.faults.failEntry({ entry: 2, how: 'throttled' })
    const results = await stream.putBatch(entries(4))
    expect(results.map((result) => (result.ok ? 'stored' : result.error.code))).toEqual([
      'stored',
      'ERR_MILLRACE_IO',
      'ERR_MILLRACE_THROTTLED',
      'stored',
    ])
    expect(await drain(stream)).toHaveLength(2)
  })

  it('is judged before the limits of AWS, which go on as they are', async () => {
    await using store = await testStore({ limits: 'enforce' })
    const stream = await store.createStream('s')
    store.faults.failEntry({ entry: 0 })
    const results = await stream.putBatch(entries(1_002))
    const codes = results.flatMap((result) => (result.ok ? [] : [result.error.code]))
    expect(codes).toEqual(['ERR_MILLRACE_IO', 'ERR_MILLRACE_THROTTLED'])
    await store.advance({ seconds: 1 })
    expect((await stream.putBatch(entries(1_000))).every(({ ok }) => ok)).toBe(true)
  })

  it('leaves nothing behind when it is over', async () => {
    await using store = await testStore()
    const stream = await store.createStream('s')
    store.faults.failEntry({ entry: 0 })
    await expect(stream.put('a', bytesOf('x'))).rejects.toMatchObject({ code: 'ERR_MILLRACE_IO' })
    for (let n = 0; n < 3; n++) stream.append('a', bytesOf('y'))
    expect(await drain(stream)).toHaveLength(3)
  })

  it.each([
    [{}, /entry must be an integer/],
    [{ entry: -1 }, /entry must be an integer/],
    [{ entry: 0, how: 'badly' }, /how must be 'failed' or 'throttled'/],
    [{ entry: 0, shardId: 'shardId-000000000000' }, /"shardId" is not known/],
  ])('refuses %o', async (options, message) => {
    await using store = await testStore()
    expect(() => store.faults.failEntry(options as never)).toThrow(message)
    expect(() => store.faults.throttle({ access: 'write' as 'put' })).toThrow(
      /access must be 'put' or 'read'/,
    )
  })
})

describe('an entry that is told to fail', () => {
  it('is counted in the batch of its caller, whatever goes to the disk together', async () => {
    await using store = await testStore()
    const stream = await store.createStream('s')
    store.faults.failEntry({ entry: 1 })
    const puts = await Promise.allSettled([1, 2, 3].map((n) => stream.put('a', bytesOf(`${n}`))))
    expect(puts.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'fulfilled'])
    expect((await stream.putBatch(entries(2))).map(({ ok }) => ok)).toEqual([true, false])
    store.faults.failEntry({ entry: 0, times: 2 })
    const more = await Promise.allSettled([1, 2, 3].map((n) => stream.put('a', bytesOf(`${n}`))))
    expect(more.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'fulfilled'])
  })
})
