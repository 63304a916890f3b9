import { getEventListeners, once } from 'node:events'
import { Transform, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { describe, expect, it } from 'vitest'
import { textCodec } from '../../src/streams/codec.ts'
import type { PutEntry } from '../../src/streams/put.ts'
import { RecordReader } from '../../src/streams/record-reader.ts'
import type { StoredRecord } from '../../src/streams/record.ts'
import type { Stream } from '../../src/streams/stream.ts'
import { settled } from '../model/manual-clock.ts'
import { bothAnswers, bytesOf, collect, openSubject, type Subject, take } from './subject.ts'

const listeners = (signal: AbortSignal): number => getEventListeners(signal, 'abort').length

/** Lets a stream, its read and its engine come to rest. */
async function rested(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await settled()
}

/** Key and payload: 1000 bytes. */
const entryOf = (n: number): PutEntry => ({
  partitionKey: `k${n % 10}`,
  data: bytesOf(String(n).padStart(998, '0')),
})
const numberOf = (record: StoredRecord): number => Number(Buffer.from(record.bytes).toString())
const upTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n)

describe.each(bothAnswers)('a Node stream of records, engine answers %s', (answers) => {
  async function filled(count: number, shards = 1): Promise<Subject & { stream: Stream }> {
    const subject = await openSubject({ answers })
    const stream = await subject.store.createStream('s', { shards })
    await stream.putBatch(upTo(count).map((n) => entryOf(n)))
    return { ...subject, stream }
  }
  it('hands out every record in order and ends at the tail', async () => {
    const { stream } = await filled(500)
    const records = await collect(stream.readable({ from: 'oldest', until: 'tail' }))
    expect(records.map(numberOf)).toEqual(upTo(500))
  })

  it('hands out the same to listeners and to a pipeline', async () => {
    const { stream } = await filled(500, 4)
    const heard: number[] = []
    const readable = stream.readable({ from: 'oldest', until: 'tail', highWaterMarkBytes: 3000 })
    readable.on('data', (record: StoredRecord) => heard.push(numberOf(record)))
    await once(readable, 'end')
    const piped: number[] = []
    const sink = new Writable({
      objectMode: true,
      write(record: StoredRecord, _encoding, done) {
        piped.push(numberOf(record))
        setImmediate(done)
      },
    })
    await pipeline(stream.readable({ from: 'oldest', until: 'tail' }), sink)
    expect(heard.toSorted((a, b) => a - b)).toEqual(upTo(500))
    expect(piped.toSorted((a, b) => a - b)).toEqual(upTo(500))
  })

  it('reads one page ahead and no further, however long the consumer takes', async () => {
    const { stream, faults } = await filled(100)
    const readable = stream.readable({ from: 'oldest', highWaterMarkBytes: 5000 })
    readable.on('readable', () => {})
    await rested()
    expect(faults.calls('read')).toBe(1)
    for (let page = 1; page <= 3; page++) {
      for (let record = 1; record < 5; record++) expect(readable.read()).not.toBeNull()
      await rested()
      expect(faults.calls('read')).toBe(page)
      expect(readable.read()).not.toBeNull()
      await rested()
      expect(faults.calls('read')).toBe(page + 1)
    }
    readable.destroy()
  })

  it('hands out records that are larger than it may buffer, one page each', async () => {
    const { stream, faults } = await filled(5)
    const readable = stream.readable({ from: 'oldest', highWaterMarkBytes: 1 })
    readable.on('readable', () => {})
    await rested()
    expect(faults.calls('read')).toBe(1)
    expect((await take(readable, 5)).map(numberOf)).toEqual(upTo(5))
  })

  it('goes on with what is stored while it waits at the tail', async () => {
    const { stream } = await filled(1)
    const readable = stream.readable({ from: 'latest' })
    const next = once(readable, 'data')
    await rested()
    await stream.put('k', bytesOf('77'))
    expect(numberOf(((await next) as [StoredRecord])[0])).toBe(77)
    readable.destroy()
  })

  it.each([
    ['destroy', (readable: AsyncIterable<unknown> & { destroy(): unknown }) => readable.destroy()],
    ['leaving a loop', (readable: AsyncIterable<unknown>) => take(readable, 1)],
  ])('ends its read and lets go of the signal after %s', async (_how, end) => {
    const { stream } = await filled(3)
    const { signal } = new AbortController()
    const ended: unknown[] = []
    const original = RecordReader.prototype.return
    RecordReader.prototype.return = function (this: RecordReader<unknown>) {
      ended.push(this)
      return original.call(this)
    }
    const readable = stream.readable({ from: 'oldest', signal })
    // Not `once`, which rejects: Node ends a stream whose loop was left with an AbortError.
    const closed = new Promise((resolve) => readable.once('close', resolve))
    expect(listeners(signal)).toBe(1)
    await end(readable)
    await closed
    RecordReader.prototype.return = original
    expect(ended.length).toBe(1)
    expect(listeners(signal)).toBe(0)
  })

  it('ends a read that waits when it is destroyed', async () => {
    const { stream, store, faults } = await filled(0)
    const readable = stream.readable({ from: 'oldest' })
    readable.resume()
    await rested()
    expect(faults.calls('wait')).toBe(1)
    readable.destroy()
    await once(readable, 'close')
    await store.close()
    expect(readable.readableEnded).toBe(false)
  })

  it('fails with the reason of the signal, while it waits and while nobody reads', async () => {
    const { stream } = await filled(3)
    for (const from of ['latest', 'oldest'] as const) {
      const controller = new AbortController()
      const readable = stream.readable({ from, signal: controller.signal })
      if (from === 'latest') readable.resume()
      await rested()
      const reason = new Error('enough')
      const failed = once(readable, 'error')
      controller.abort(reason)
      expect(await failed).toEqual([reason])
      expect(listeners(controller.signal)).toBe(0)
    }
  })

  it('fails with an AbortError if the signal was aborted before, whatever the reason', async () => {
    const { stream } = await filled(3)
    const readable = stream.readable({ from: 'oldest', signal: AbortSignal.abort(null) })
    await expect(collect(readable)).rejects.toMatchObject({ name: 'AbortError', cause: null })
  })

  it('fails when the store is closed or the stream deleted under it', async () => {
    const closing = await filled(3)
    const closed = closing.stream.readable({ from: 'oldest' }).resume()
    await rested()
    const closedError = once(closed, 'error')
    await closing.store.close()
    expect(await closedError).toMatchObject([{ code: 'ERR_MILLRACE_CLOSED' }])

    const deleting = await filled(3)
    const deleted = deleting.stream.readable({ from: 'oldest' }).resume()
    await rested()
    const deletedError = once(deleted, 'error')
    await deleting.store.deleteStream('s')
    expect(await deletedError).toMatchObject([{ code: 'ERR_MILLRACE_STREAM_NOT_FOUND' }])
  })

  it('fails with the error of the log', async () => {
    const { stream, faults } = await filled(3)
    faults.fail('read', new Error('bad sector'))
    await expect(collect(stream.readable({ from: 'oldest', until: 'tail' }))).rejects.toThrow('bad sector')
  })

  it('ends its read when another part of a pipeline fails', async () => {
    const { stream } = await filled(30)
    const readable = stream.readable({ from: 'oldest' })
    const broken = new Transform({
      objectMode: true,
      transform: (_record, _encoding, done) => done(new Error('of the pipeline')),
    })
    await expect(pipeline(readable, broken)).rejects.toThrow('of the pipeline')
    expect(readable.destroyed).toBe(true)
  })
})

describe('a Node stream of records', () => {
  it('leaves it to the consumer what to do with a record that cannot be decoded', async () => {
    const { store } = await openSubject()
    const bytes = await store.createStream('s')
    await bytes.putBatch([
      { partitionKey: 'k', data: Uint8Array.of(0xff) },
      { partitionKey: 'k', data: bytesOf('fine') },
    ])
    const texts = await collect(
      store.stream('s', { codec: textCodec }).readable({ from: 'oldest', until: 'tail' }),
    )
    expect(() => texts[0]?.data).toThrow(expect.objectContaining({ code: 'ERR_MILLRACE_CODEC' }))
    expect(texts[1]?.data).toBe('fine')
  })

  it('refuses options by name, at the call', async () => {
    const { store } = await openSubject()
    const stream = await store.createStream('s')
    const refused = { code: 'ERR_MILLRACE_UNKNOWN_OPTION' }
    const misspelt = { from: 'oldest', highWaterMark: 5 } as unknown as { from: 'oldest' }
    expect(() => stream.readable(misspelt)).toThrow(expect.objectContaining(refused))
    expect(() => stream.readableStream(misspelt)).toThrow(expect.objectContaining(refused))
    for (const highWaterMarkBytes of [0, 1.5, 64 * 1024 * 1024 + 1]) {
      expect(() => stream.readable({ from: 'oldest', highWaterMarkBytes })).toThrow(/highWaterMarkBytes/)
    }
    await store.close()
    expect(() => stream.readable({ from: 'oldest' })).toThrow('closed')
  })
})
