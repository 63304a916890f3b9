import { getEventListeners, once } from 'node:events'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { describe, expect, it } from 'vitest'
import { Refusal } from '../../src/log/log.ts'
import type { EntryStreamOptions } from '../../src/streams/entry-stream-options.ts'
import type { PutEntry } from '../../src/streams/put.ts'
import type { Stream } from '../../src/streams/stream.ts'
import { ModelDisk } from '../model/stored-log.ts'
import { settled } from '../model/manual-clock.ts'
import { bothAnswers, bytesOf, collect, openSubject, type Subject } from './subject.ts'

async function rested(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await settled()
}

/** Key and payload: 1000 bytes. */
const entryOf = (n: number): PutEntry => ({
  partitionKey: `k${n % 10}`,
  data: bytesOf(String(n).padStart(998, '0')),
})
const entriesUpTo = (count: number): PutEntry[] => Array.from({ length: count }, (_, n) => entryOf(n))
const upTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n)

async function numbersIn(stream: Stream): Promise<number[]> {
  const records = await collect(stream.read({ from: 'oldest', until: 'tail' }))
  return records.map(({ bytes }) => Number(Buffer.from(bytes).toString()))
}

describe.each(bothAnswers)('a Node stream of entries, engine answers %s', (answers) => {
  async function opened(shards = 1): Promise<Subject & { stream: Stream }> {
    const subject = await openSubject({ answers })
    return { ...subject, stream: await subject.store.createStream('s', { shards }) }
  }

  it('finishes once every entry is stored, in order', async () => {
    const { stream } = await opened()
    const writable = stream.writable()
    for (const entry of entriesUpTo(299)) writable.write(entry)
    writable.end(entryOf(299))
    await once(writable, 'finish')
    expect(await numbersIn(stream)).toEqual(upTo(300))
    expect(writable.pendingBytes).toBe(0)
  })

  it('does not finish, nor call back, before the engine has answered', async () => {
    const { stream, faults } = await opened()
    const answer = faults.hold('append')
    const writable = stream.writable()
    const told: string[] = []
    writable.on('finish', () => told.push('finish'))
    writable.write(entryOf(0), () => told.push('written'))
    writable.end(() => told.push('ended'))
    await rested()
    expect(told).toEqual([])
    answer()
    await once(writable, 'close')
    expect(told.toSorted()).toEqual(['ended', 'finish', 'written'])
  })

  it('stores what was written in one turn with one call, and what came meanwhile with the next', async () => {
    const { stream, faults } = await opened()
    const answer = faults.hold('append')
    const writable = stream.writable()
    for (let n = 0; n < 100; n++) writable.write(entryOf(n))
    await rested()
    expect(faults.calls('append')).toBe(1)
    for (let n = 100; n < 200; n++) writable.write(entryOf(n))
    await rested()
    expect(faults.calls('append')).toBe(1)
    answer()
    writable.end()
    await once(writable, 'finish')
    expect(faults.calls('append')).toBe(2)
    expect(await numbersIn(stream)).toEqual(upTo(200))
  })

  it('asks to wait at the byte that fills it, and goes on once half of it is stored', async () => {
    const { stream, faults } = await opened()
    const answer = faults.hold('append')
    const writable = stream.writable({ highWaterMarkBytes: 4000 })
    const drains: number[] = []
    writable.on('drain', () => drains.push(writable.pendingBytes))
    expect(upTo(5).map((n) => writable.write(entryOf(n)))).toEqual([true, true, true, false, false])
    expect(writable.pendingBytes).toBe(5000)
    expect(writable.writableNeedDrain).toBe(true)
    await rested()
    expect(drains).toEqual([])
    answer()
    await once(writable, 'drain')
    expect(writable.writableNeedDrain).toBe(false)
    expect(drains.length).toBe(1)
    expect(drains[0]).toBeLessThanOrEqual(2000)
    writable.end()
    await once(writable, 'finish')
    expect(await numbersIn(stream)).toEqual(upTo(5))
  })

  it.each([false, true])(
    'never holds more than its bytes in a pipeline, from a Readable: %s',
    async (from) => {
      const { stream } = await opened(4)
      const writable = stream.writable({ highWaterMarkBytes: 10_000 })
      let most = 0
      function* entries(): Generator<PutEntry> {
        for (const entry of entriesUpTo(500)) {
          yield entry
          most = Math.max(most, writable.pendingBytes)
        }
      }
      await pipeline(from ? Readable.from(entries()) : entries(), writable)
      expect((await numbersIn(stream)).toSorted((a, b) => a - b)).toEqual(upTo(500))
      expect(most).toBeGreaterThan(5000)
      expect(most).toBeLessThanOrEqual(10_000)
    },
  )

  it('copies the data before write returns, and honours cork', async () => {
    const { stream } = await opened()
    const writable = stream.writable()
    const data = bytesOf('7')
    writable.cork()
    writable.write({ partitionKey: 'k', data })
    data.fill(0)
    writable.write({ partitionKey: 'k', data: bytesOf('8') }, 'utf8')
    writable.uncork()
    writable.end()
    await once(writable, 'finish')
    expect(await numbersIn(stream)).toEqual([7, 8])
  })

  const hostile: [string, unknown, string][] = [
    ['null', null, 'ERR_MILLRACE_INVALID_ARGUMENT'],
    ['undefined', undefined, 'ERR_MILLRACE_INVALID_ARGUMENT'],
    ['a string', 'text', 'ERR_MILLRACE_INVALID_ARGUMENT'],
    ['no key', { data: bytesOf('x') }, 'ERR_MILLRACE_INVALID_ARGUMENT'],
    ['no bytes', { partitionKey: 'k', data: 5 }, 'ERR_MILLRACE_INVALID_ARGUMENT'],
    ['a misspelt key', { partitionKey: 'k', data: bytesOf('x'), key: 1 }, 'ERR_MILLRACE_UNKNOWN_OPTION'],
    [
      'too much data',
      { partitionKey: 'k', data: new Uint8Array(1024 * 1024) },
      'ERR_MILLRACE_RECORD_TOO_LARGE',
    ],
    [
      'a getter that throws',
      {
        get partitionKey(): string {
          throw new Error('hostile')
        },
        data: bytesOf('x'),
      },
      'hostile',
    ],
  ]
  it.each(hostile)(
    'fails at an entry that cannot be: %s; those before it are stored',
    async (_what, bad, why) => {
      const { stream } = await opened()
      const writable = stream.writable()
      const told: unknown[] = []
      for (let n = 0; n < 3; n++) writable.write(entryOf(n), (error) => told.push(error ?? 'stored'))
      writable.write(bad as PutEntry)
      expect(writable.write(entryOf(4), (error) => told.push(error))).toBe(false)
      const [error] = (await once(writable, 'error')) as [Error & { code?: string; details?: object }]
      expect(error.code ?? error.message).toBe(why)
      if (error.code !== undefined) {
        expect(error.message).toContain('entries[3]')
        expect(error.details).toMatchObject({ entry: 3, refused: [], untriedFrom: 3 })
      }
      await rested()
      expect(told.length).toBe(4)
      expect(await numbersIn(stream)).toEqual(upTo(3))
    },
  )

  it('fails with the record that was refused, and says what became of the others', async () => {
    const { stream, faults } = await opened(2)
    const writable = stream.writable({ highWaterMarkBytes: 20_000 })
    // The first batch passes (both shards); of the second, one shard has no room.
    faults.pass('append', 2)
    faults.refuseAppend(Refusal.full)
    for (const entry of entriesUpTo(30)) writable.write(entry)
    const [error] = (await once(writable, 'error')) as [
      { code: string; message: string; details: { entry: number; refused: number[]; untriedFrom: number } },
    ]
    expect(error.code).toBe('ERR_MILLRACE_NO_SPACE')
    const { entry, refused, untriedFrom } = error.details
    expect(error.message).toContain(`entries[${entry}]`)
    expect(entry).toBe(refused[0])
    expect(refused.length).toBeGreaterThan(0)
    expect(refused.length).toBeLessThan(10)
    expect(untriedFrom).toBe(20)
    const stored = upTo(untriedFrom).filter((n) => !refused.includes(n))
    expect((await numbersIn(stream)).toSorted((a, b) => a - b)).toEqual(stored)
  })

  it('tells a pipeline of a full disk', async () => {
    const { store } = await openSubject({ answers, disk: new ModelDisk(20_000) })
    const stream = await store.createStream('s')
    const writing = pipeline(entriesUpTo(100), stream.writable({ highWaterMarkBytes: 4000 }))
    await expect(writing).rejects.toMatchObject({ code: 'ERR_MILLRACE_NO_SPACE' })
  })

  it('stores nothing more after close when it is destroyed, and lets every callback know', async () => {
    const { stream, faults } = await opened()
    const answer = faults.hold('append')
    const writable = stream.writable({ highWaterMarkBytes: 4000 })
    const told: string[] = []
    for (const entry of entriesUpTo(6))
      writable.write(entry, (error) => told.push(error ? 'failed' : 'stored'))
    await rested()
    let closed = false
    writable.on('close', () => {
      closed = true
    })
    writable.destroy()
    await rested()
    expect(closed).toBe(false)
    answer()
    await once(writable, 'close')
    await rested()
    expect(await numbersIn(stream)).toEqual(upTo(2))
    expect(told.length).toBe(6)
    expect(writable.write(entryOf(9))).toBe(false)
    await rested()
    expect(await numbersIn(stream)).toEqual(upTo(2))
  })

  it('fails with the reason of the signal and lets go of it', async () => {
    const { stream } = await opened()
    const controller = new AbortController()
    const { signal } = controller
    const finished = stream.writable({ signal })
    finished.end(entryOf(0))
    await once(finished, 'close')
    expect(getEventListeners(signal, 'abort').length).toBe(0)
    const writable = stream.writable({ signal })
    writable.write(entryOf(1))
    const failed = once(writable, 'error')
    const reason = new Error('enough')
    controller.abort(reason)
    expect(await failed).toEqual([reason])
    await rested()
    expect(await numbersIn(stream)).toEqual([0])
    expect(getEventListeners(signal, 'abort').length).toBe(0)
    await expect(once(stream.writable({ signal }), 'finish')).rejects.toBe(reason)
  })

  it('fails when the store is closed or the stream deleted under it, and says which entries are not stored', async () => {
    for (const [end, code] of [
      [({ store }: Subject) => store.close(), 'ERR_MILLRACE_CLOSED'],
      [({ store }: Subject) => store.deleteStream('s'), 'ERR_MILLRACE_STREAM_NOT_FOUND'],
    ] as const) {
      const subject = await opened()
      const writable = subject.stream.writable()
      writable.write(entryOf(0))
      await rested()
      await end(subject)
      writable.write(entryOf(1))
      const [error] = (await once(writable, 'error')) as [Error]
      expect(error).toMatchObject({ code, details: { entry: 1, refused: [], untriedFrom: 1 } })
      expect(() => subject.stream.writable()).toThrow(expect.objectContaining({ code }))
    }
  })

  it('refuses to write after the end, and stores none of it', async () => {
    const { stream } = await opened()
    const writable = stream.writable()
    writable.end(entryOf(0))
    const failed = once(writable, 'error')
    writable.write(entryOf(1))
    expect(await failed).toMatchObject([{ code: 'ERR_STREAM_WRITE_AFTER_END' }])
    await rested()
    expect(await numbersIn(stream)).not.toContain(1)
  })

  it('leaves what a callback throws to the process', async () => {
    const { stream } = await opened()
    const thrown = new Error('of the callback')
    const listeners = process.listeners('uncaughtException')
    process.removeAllListeners('uncaughtException')
    const caught = new Promise((resolve) => process.once('uncaughtException', resolve))
    stream.writable().write(entryOf(0), () => {
      throw thrown
    })
    const error = await caught
    for (const listener of listeners) process.on('uncaughtException', listener)
    expect(error).toBe(thrown)
  })
})

describe('a Node stream of entries', () => {
  it('refuses options by name, at the call', async () => {
    const { store } = await openSubject()
    const stream = await store.createStream('s')
    const unknown = { highWaterMark: 5 } as EntryStreamOptions
    const refused = expect.objectContaining({ code: 'ERR_MILLRACE_UNKNOWN_OPTION' })
    expect(() => stream.writable(unknown)).toThrow(refused)
    expect(() => stream.writableStream(unknown)).toThrow(refused)
    for (const highWaterMarkBytes of [0, 1.5, 64 * 1024 * 1024 + 1]) {
      expect(() => stream.writable({ highWaterMarkBytes })).toThrow(/highWaterMarkBytes/)
    }
    expect(() => stream.writable({ signal: {} as AbortSignal })).toThrow(/signal/)
  })
})
