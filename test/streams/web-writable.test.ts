import { getEventListeners } from 'node:events'
import { TransformStream } from 'node:stream/web'
import { describe, expect, it } from 'vitest'
import { Refusal } from '../../src/log/log.ts'
import { jsonCodec } from '../../src/streams/codec.ts'
import type { PutEntry } from '../../src/streams/put.ts'
import type { StoredRecord } from '../../src/streams/record.ts'
import type { Stream } from '../../src/streams/stream.ts'
import { settled } from '../model/manual-clock.ts'
import { bothAnswers, collect, openSubject, type Subject } from './subject.ts'

async function rested(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await settled()
}

/** Key and payload: 10 bytes. */
const entryOf = (n: number): PutEntry<number> => ({ partitionKey: 'k'.repeat(7), data: 100 + n })
const upTo = (count: number): number[] => Array.from({ length: count }, (_, n) => 100 + n)

async function numbersIn(stream: Stream<number>): Promise<number[]> {
  return (await collect(stream.read({ from: 'oldest', until: 'tail' }))).map(({ data }) => data)
}

describe.each(bothAnswers)('a Web stream of entries, engine answers %s', (answers) => {
  async function opened(): Promise<Subject & { stream: Stream<number> }> {
    const subject = await openSubject({ answers })
    return { ...subject, stream: await subject.store.createStream('s', { codec: jsonCodec<number>() }) }
  }

  it('is closed once every entry is stored, in order', async () => {
    const { stream, faults } = await opened()
    const answer = faults.hold('append')
    const writer = stream.writableStream().getWriter()
    for (let n = 0; n < 300; n++) {
      await writer.ready
      void writer.write(entryOf(n))
    }
    let closed = false
    const closing = writer.close().then(() => {
      closed = true
      return closed
    })
    await rested()
    expect(closed).toBe(false)
    answer()
    await closing
    expect(await numbersIn(stream)).toEqual(upTo(300))
    expect(faults.calls('append')).toBeLessThan(5)
  })

  it('is ready by bytes: waits at the byte that fills it until half of it is stored', async () => {
    const { stream, faults } = await opened()
    const answer = faults.hold('append')
    const writer = stream.writableStream({ highWaterMarkBytes: 40 }).getWriter()
    for (let n = 0; n < 4; n++) {
      await writer.ready
      void writer.write(entryOf(n))
    }
    let ready = false
    const waiting = writer.ready.then(() => {
      ready = true
      return ready
    })
    await rested()
    expect(ready).toBe(false)
    expect(writer.desiredSize).toBe(0)
    answer()
    await waiting
    await writer.close()
    expect(await numbersIn(stream)).toEqual(upTo(4))
  })

  it('copies a stream through pipeTo', async () => {
    const { stream, store } = await opened()
    await stream.putBatch(Array.from({ length: 500 }, (_, n) => entryOf(n)))
    const copy = await store.createStream('copy', { codec: jsonCodec<number>() })
    const entries = new TransformStream<StoredRecord<number>, PutEntry<number>>({
      transform: ({ partitionKey, data }, controller) => controller.enqueue({ partitionKey, data }),
    })
    const records = stream.readableStream({ from: 'oldest', until: 'tail', highWaterMarkBytes: 100 })
    await records.pipeThrough(entries).pipeTo(copy.writableStream({ highWaterMarkBytes: 100 }))
    expect(await numbersIn(copy)).toEqual(upTo(500))
  })

  it('fails at an entry that cannot be; those before it are stored', async () => {
    const { stream } = await opened()
    const writer = stream.writableStream().getWriter()
    void writer.write(entryOf(0))
    void writer.write(entryOf(1))
    const fault = { code: 'ERR_MILLRACE_INVALID_ARGUMENT', details: { entry: 2, untriedFrom: 2 } }
    const bad = expect(writer.write({ partitionKey: '', data: 1 })).rejects.toMatchObject(fault)
    const later = expect(writer.write(entryOf(3))).rejects.toMatchObject(fault)
    const closed = expect(writer.closed).rejects.toMatchObject(fault)
    await Promise.all([bad, later, closed])
    expect(await numbersIn(stream)).toEqual(upTo(2))
  })

  it('fails with the record that was refused, also while nobody writes', async () => {
    const { stream, faults } = await opened()
    faults.refuseAppend(Refusal.full)
    const writer = stream.writableStream().getWriter()
    await writer.write(entryOf(0))
    await writer.write(entryOf(1))
    const refusal = { code: 'ERR_MILLRACE_NO_SPACE', details: { entry: 0, refused: [0, 1], untriedFrom: 2 } }
    await expect(writer.closed).rejects.toMatchObject(refusal)
    await expect(writer.write(entryOf(2))).rejects.toMatchObject(refusal)
    expect(await numbersIn(stream)).toEqual([])
  })

  it('fails to close if the last entries are refused', async () => {
    const { stream, faults } = await opened()
    faults.refuseAppend(Refusal.full)
    const writer = stream.writableStream().getWriter()
    void writer.write(entryOf(0))
    writer.closed.catch(() => {})
    await expect(writer.close()).rejects.toMatchObject({ code: 'ERR_MILLRACE_NO_SPACE' })
  })

  it('drops what is not on its way when it is aborted, and says so once the rest is stored', async () => {
    const { stream, faults } = await opened()
    const answer = faults.hold('append')
    const writer = stream.writableStream({ highWaterMarkBytes: 40 }).getWriter()
    const writes = Array.from({ length: 4 }, (_, n) => writer.write(entryOf(n)).then(() => 'taken', String))
    await rested()
    let aborted = false
    const aborting = writer.abort('enough').then(() => {
      aborted = true
      return aborted
    })
    const closed = expect(writer.closed).rejects.toBe('enough')
    await rested()
    expect(aborted).toBe(false)
    answer()
    await aborting
    await closed
    expect(await Promise.all(writes)).toEqual(['taken', 'taken', 'taken', 'enough'])
    await rested()
    expect(await numbersIn(stream)).toEqual(upTo(2))
  })

  it('fails with the reason of the signal and lets go of it', async () => {
    const { stream } = await opened()
    const controller = new AbortController()
    const { signal } = controller
    const listeners = (): number => getEventListeners(signal, 'abort').length
    const closed = stream.writableStream({ signal }).getWriter()
    await closed.write(entryOf(0))
    await closed.close()
    expect(listeners()).toBe(0)
    const writer = stream.writableStream({ signal }).getWriter()
    await writer.write(entryOf(1))
    expect(listeners()).toBe(1)
    const failed = expect(writer.closed).rejects.toBe('enough')
    controller.abort('enough')
    await failed
    await rested()
    expect(await numbersIn(stream)).toEqual(upTo(1))
    expect(listeners()).toBe(0)
    await expect(stream.writableStream({ signal }).getWriter().closed).rejects.toBe('enough')
  })

  it('fails when the store is closed or the stream deleted under it', async () => {
    for (const [end, code] of [
      [({ store }: Subject) => store.close(), 'ERR_MILLRACE_CLOSED'],
      [({ store }: Subject) => store.deleteStream('s'), 'ERR_MILLRACE_STREAM_NOT_FOUND'],
    ] as const) {
      const subject = await opened()
      const writer = subject.stream.writableStream().getWriter()
      await writer.write(entryOf(0))
      await rested()
      await end(subject)
      void writer.write(entryOf(1))
      await expect(writer.closed).rejects.toMatchObject({ code, details: { entry: 1, untriedFrom: 1 } })
    }
  })
})
