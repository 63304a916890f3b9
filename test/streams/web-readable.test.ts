import { getEventListeners } from 'node:events'
import { describe, expect, it } from 'vitest'
import { jsonCodec } from '../../src/streams/codec.ts'
import type { Stream } from '../../src/streams/stream.ts'
import { settled } from '../model/manual-clock.ts'
import { bothAnswers, collect, openSubject, type Subject } from './subject.ts'

const listeners = (signal: AbortSignal): number => getEventListeners(signal, 'abort').length

async function rested(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await settled()
}

describe.each(bothAnswers)('a Web stream of records, engine answers %s', (answers) => {
  async function filled(count: number): Promise<Subject & { stream: Stream<number> }> {
    const subject = await openSubject({ answers })
    const stream = await subject.store.createStream('s', { codec: jsonCodec<number>() })
    // Key and payload: 10 bytes.
    await stream.putBatch(
      Array.from({ length: count }, (_, n) => ({ partitionKey: 'k'.repeat(7), data: 100 + n })),
    )
    return { ...subject, stream }
  }

  it('hands out every record in order and ends at the tail', async () => {
    const { stream } = await filled(500)
    const { signal } = new AbortController()
    const records = await collect(stream.readableStream({ from: 'oldest', until: 'tail', signal }))
    expect(records.map(({ data }) => data)).toEqual(Array.from({ length: 500 }, (_, n) => 100 + n))
    expect(listeners(signal)).toBe(0)
  })

  it('reads nothing before somebody asks, and then one page at a time', async () => {
    const { stream, faults } = await filled(100)
    const reader = stream.readableStream({ from: 'oldest', highWaterMarkBytes: 50 }).getReader()
    await rested()
    expect(faults.calls('read')).toBe(0)
    for (let page = 1; page <= 3; page++) {
      for (let record = 0; record < 5; record++) {
        expect((await reader.read()).done).toBe(false)
        await rested()
        expect(faults.calls('read')).toBe(page)
      }
    }
    await reader.cancel()
  })

  it('ends its read when it is cancelled, also one that waits', async () => {
    const { stream, store, faults } = await filled(0)
    const { signal } = new AbortController()
    const reader = stream.readableStream({ from: 'oldest', signal }).getReader()
    const next = reader.read()
    await rested()
    expect(faults.calls('wait')).toBe(1)
    await reader.cancel('enough')
    expect(await next).toEqual({ done: true, value: undefined })
    expect(listeners(signal)).toBe(0)
    await store.close()
  })

  it('ends its read when a loop is left', async () => {
    const { stream } = await filled(3)
    const { signal } = new AbortController()
    for await (const record of stream.readableStream({ from: 'oldest', signal })) {
      expect(record.data).toBe(100)
      break
    }
    expect(listeners(signal)).toBe(0)
  })

  it('fails with the reason of the signal: before, while it waits, while nobody reads', async () => {
    const { stream } = await filled(3)
    const before = stream.readableStream({ from: 'oldest', signal: AbortSignal.abort('no') }).getReader()
    await expect(before.read()).rejects.toBe('no')
    for (const from of ['latest', 'oldest'] as const) {
      const controller = new AbortController()
      const { signal } = controller
      const reader = stream.readableStream({ from, signal }).getReader()
      const next = from === 'latest' ? reader.read() : undefined
      await rested()
      const ends = [expect(reader.closed).rejects.toBe('enough')]
      if (next !== undefined) ends.push(expect(next).rejects.toBe('enough'))
      controller.abort('enough')
      await Promise.all(ends)
      expect(listeners(signal)).toBe(0)
    }
  })

  it('fails when the store is closed or the stream deleted under it', async () => {
    for (const [end, code] of [
      [({ store }: Subject) => store.close(), 'ERR_MILLRACE_CLOSED'],
      [({ store }: Subject) => store.deleteStream('s'), 'ERR_MILLRACE_STREAM_NOT_FOUND'],
    ] as const) {
      const subject = await filled(3)
      const waiting = subject.stream.readableStream({ from: 'latest' }).getReader()
      const paused = subject.stream.readableStream({ from: 'oldest' }).getReader()
      expect((await paused.read()).value?.data).toBe(100)
      const next = expect(waiting.read()).rejects.toMatchObject({ code })
      await rested()
      await end(subject)
      await next
      await expect(paused.read()).rejects.toMatchObject({ code })
    }
  })

  it('fails with the error of the log', async () => {
    const { stream, faults } = await filled(3)
    faults.fail('read', new Error('bad sector'))
    const read = collect(stream.readableStream({ from: 'oldest', until: 'tail' }))
    await expect(read).rejects.toThrow('bad sector')
  })
})
