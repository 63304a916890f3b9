import { describe, expect, it } from 'vitest'
import type { Command } from '../../src/meta/commands.ts'
import { encodeRecord } from '../../src/meta/encode.ts'
import { insideOf } from '../../src/streams/store.ts'
import { openSubject } from './subject.ts'

const startSeconds = Date.UTC(2026, 0, 1) / 1000

describe('consumers of a stream', () => {
  it('are registered, listed by name, found by name and ARN, and kept', async () => {
    const { store, disk, clock } = await openSubject()
    const stream = await store.createStream('s')
    const b = await stream.consumers.register('b', { tags: { k: 'v' } })
    expect(b).toEqual({
      name: 'b',
      arn: `arn:aws:kinesis:us-east-1:000000000000:stream/s/consumer/b:${startSeconds}`,
      status: 'ACTIVE',
      createdAtMs: startSeconds * 1000,
      streamArn: stream.arn,
      tags: [{ key: 'k', value: 'v' }],
      policy: undefined,
    })
    await stream.consumers.register('a')
    await store.close()
    const { consumers } = (await openSubject({ disk, clock })).store.stream('s')
    expect(consumers.list().map(({ name }) => name)).toEqual(['a', 'b'])
    expect(consumers.get('b')).toEqual(b)
    expect(consumers.get(b.arn)).toEqual(b)
    expect(consumers.requireActive(b.arn)).toEqual(b)
    await consumers.deregister(b.arn)
    expect(() => consumers.get('b')).toThrow(
      expect.objectContaining({ code: 'ERR_MILLRACE_CONSUMER_NOT_FOUND' }),
    )
    await expect(consumers.deregister('b')).rejects.toMatchObject({ code: 'ERR_MILLRACE_CONSUMER_NOT_FOUND' })
  })

  it('have another ARN when they are registered again, also within the same second', async () => {
    const { store } = await openSubject()
    const { consumers } = await store.createStream('s')
    const arns = new Set<string>()
    for (let times = 0; times < 5; times++) {
      arns.add((await consumers.register('c')).arn)
      await consumers.deregister('c')
    }
    expect(arns.size).toBe(5)
  })

  it('are one of each name', async () => {
    const { store } = await openSubject()
    const { consumers } = await store.createStream('s')
    await consumers.register('c')
    await expect(consumers.register('c')).rejects.toMatchObject({
      code: 'ERR_MILLRACE_CONSUMER_EXISTS',
      details: { stream: 's', consumer: 'c' },
    })
    for (const wrong of ['', 'a b', 'x'.repeat(129)]) {
      await expect(consumers.register(wrong)).rejects.toMatchObject({ code: 'ERR_MILLRACE_INVALID_ARGUMENT' })
    }
  })

  it('are 20 at most, 50 in an account that is committed', async () => {
    const { store } = await openSubject()
    const { consumers } = await store.createStream('s')
    for (let n = 0; n < 20; n++) await consumers.register(`c${n}`)
    await expect(consumers.register('one-more')).rejects.toMatchObject({
      code: 'ERR_MILLRACE_LIMIT_EXCEEDED',
      details: { limit: 'consumers', value: 21, bound: 20 },
    })
    await store.account.setCommitment(true)
    for (let n = 20; n < 50; n++) await consumers.register(`c${n}`)
    await expect(consumers.register('one-more')).rejects.toMatchObject({ details: { bound: 50 } })
  })

  it('are written one at a time, whatever the others hold', async () => {
    const { store, disk, clock } = await openSubject()
    const stream = await store.createStream('s')
    const { consumers } = stream
    const written: Command[] = []
    insideOf(store).meta.onChange((command) => void written.push(command))
    for (const name of ['a', 'b', 'c']) await consumers.register(name)
    await consumers.setPolicy('a', JSON.stringify({ a: 'x'.repeat(60_000) }))
    await consumers.tag('b', { k: 'v' })
    await consumers.deregister('c')
    const sizes = written.map((command) => encodeRecord({ kind: 'command', ordinal: 1, command }).length)
    expect(sizes.filter((bytes) => bytes > 60_000)).toHaveLength(1)
    expect(sizes.at(-2)).toBeLessThan(500)
    const listed = consumers.list()
    expect(listed.map(({ name, tags }) => [name, tags.length])).toEqual([
      ['a', 0],
      ['b', 1],
    ])
    await store.close()
    const again = (await openSubject({ disk, clock })).store.stream('s').consumers
    expect(again.list()).toEqual(listed)
  })

  it('have tags and a policy of their own', async () => {
    const { store } = await openSubject()
    const { consumers } = await store.createStream('s')
    await consumers.register('c', { tags: { a: '1' } })
    await consumers.register('d')
    await consumers.tag('c', { b: '2' })
    await consumers.untag('c', ['a'])
    await consumers.setPolicy('c', '{}')
    expect(consumers.get('c')).toMatchObject({ tags: [{ key: 'b', value: '2' }], policy: '{}' })
    expect(consumers.get('d')).toMatchObject({ tags: [], policy: undefined })
    expect(await consumers.deletePolicy('c')).toBe(true)
    expect(await consumers.deletePolicy('c')).toBe(false)
  })

  it('keep a stream from being deleted, unless they may go, too', async () => {
    const { store } = await openSubject()
    const stream = await store.createStream('s')
    await stream.consumers.register('c')
    await expect(store.deleteStream('s')).rejects.toMatchObject({
      code: 'ERR_MILLRACE_STREAM_IN_USE',
      details: { stream: 's', consumers: 1 },
    })
    expect(stream.describe().consumerCount).toBe(1)
    await store.deleteStream('s', { enforceConsumerDeletion: true })
    expect(store.listStreams()).toEqual([])
    expect(() => stream.consumers.list()).toThrow(
      expect.objectContaining({ code: 'ERR_MILLRACE_STREAM_NOT_FOUND' }),
    )
  })
})

describe('with transitions, a consumer', () => {
  const transitions = { consumerCreatingMs: 1_000, consumerDeletingMs: 2_000 }

  it('is CREATING, then ACTIVE, then DELETING, then gone', async () => {
    const { store, clock, disk } = await openSubject({ transitions })
    const { consumers } = await store.createStream('s')
    expect((await consumers.register('c')).status).toBe('CREATING')
    expect(() => consumers.requireActive('c')).toThrow(
      expect.objectContaining({
        code: 'ERR_MILLRACE_CONSUMER_NOT_ACTIVE',
        details: expect.objectContaining({ consumer: 'c', status: 'CREATING' }),
      }),
    )
    await clock.advance(999)
    expect(consumers.get('c').status).toBe('CREATING')
    await clock.advance(1)
    const first = consumers.requireActive('c')
    await consumers.deregister('c')
    expect(consumers.get('c').status).toBe('DELETING')
    await expect(consumers.register('c')).rejects.toMatchObject({ code: 'ERR_MILLRACE_CONSUMER_EXISTS' })
    await store.close()
    const again = await openSubject({ disk, clock, transitions })
    const stream = again.store.stream('s')
    expect(stream.consumers.get('c').status).toBe('DELETING')
    await clock.advance(2_000)
    expect(stream.consumers.list()).toEqual([])
    expect(stream.describe().consumerCount).toBe(0)
    expect((await stream.consumers.register('c')).arn).not.toBe(first.arn)
  })

  it('is refused while 5 others are CREATING', async () => {
    const { store, clock } = await openSubject({ transitions })
    const { consumers } = await store.createStream('s')
    for (let n = 0; n < 5; n++) await consumers.register(`c${n}`)
    await expect(consumers.register('c5')).rejects.toMatchObject({
      details: { limit: 'creatingConsumers', value: 6, bound: 5 },
    })
    await clock.advance(1_000)
    await consumers.register('c5')
  })
})
