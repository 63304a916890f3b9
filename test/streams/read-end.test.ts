import { getEventListeners } from 'node:events'
import { describe, expect, it } from 'vitest'
import { jsonCodec } from '../../src/streams/codec.ts'
import type { StoredRecord } from '../../src/streams/record.ts'
import type { Stream } from '../../src/streams/stream.ts'
import { settled } from '../model/manual-clock.ts'
import { bothAnswers, collect, openSubject, type Subject } from './subject.ts'

async function filled(
  answers: 'direct' | 'later',
  count: number,
): Promise<Subject & { stream: Stream<number> }> {
  const subject = await openSubject({ answers })
  const stream = await subject.store.createStream('s', { codec: jsonCodec<number>(), shards: 20 })
  const entries = Array.from({ length: count }, (_, n) => ({ partitionKey: `k${n}`, data: n }))
  await stream.putBatch(entries)
  return { ...subject, stream }
}

const listeners = (signal: AbortSignal): number => getEventListeners(signal, 'abort').length

describe.each(bothAnswers)('the end of a read, engine answers %s', (answers) => {
  it('comes with the reason of the signal while it waits', async () => {
    const { stream } = await filled(answers, 0)
    const controller = new AbortController()
    const next = stream.read({ from: 'oldest', signal: controller.signal }).next()
    await settled()
    expect(listeners(controller.signal)).toBe(1)
    const reason = new Error('enough')
    controller.abort(reason)
    await expect(next).rejects.toBe(reason)
    expect(listeners(controller.signal)).toBe(0)
  })

  it('comes to all readers of one signal, which has one listener', async () => {
    const { stream } = await filled(answers, 0)
    const controller = new AbortController()
    const { signal } = controller
    const readers = Array.from({ length: 30 }, () => stream.read({ from: 'oldest', signal }))
    const ends = readers.map((reader) => reader.next().then(String, (error: Error) => error.message))
    await settled()
    expect(listeners(signal)).toBe(1)
    await readers[0]?.return()
    await settled()
    expect(listeners(signal)).toBe(1)
    controller.abort(new Error('enough'))
    const [first, ...others] = await Promise.all(ends)
    expect(first).toBe('[object Object]')
    expect(new Set(others)).toEqual(new Set(['enough']))
    expect(listeners(signal)).toBe(0)
  })

  it('comes with the reason of the signal while there is more to read', async () => {
    const { stream } = await filled(answers, 100)
    const controller = new AbortController()
    const seen: StoredRecord<number>[] = []
    const reading = (async () => {
      for await (const record of stream.read({ from: 'oldest', signal: controller.signal })) {
        if (seen.push(record) === 10) controller.abort()
      }
    })()
    await expect(reading).rejects.toMatchObject({ name: 'AbortError' })
    expect(seen.length).toBe(10)
    expect(listeners(controller.signal)).toBe(0)
  })

  it('comes at once while a page is read elsewhere, which nobody minds then', async () => {
    const { stream, faults } = await filled(answers, 0)
    await stream.put('k', 1)
    const controller = new AbortController()
    const arrive = faults.hold('read')
    const next = stream.readBatches({ from: 'oldest', signal: controller.signal }).next()
    await settled()
    const reason = new Error('enough')
    controller.abort(reason)
    await expect(next).rejects.toBe(reason)
    expect(listeners(controller.signal)).toBe(0)
    arrive()
    await settled()
  })

  it('comes at once by return() while a page is read elsewhere', async () => {
    const { stream, faults } = await filled(answers, 0)
    const arrive = faults.hold('read')
    const reader = stream.readBatches({ from: 'oldest' })
    const next = reader.next()
    await settled()
    await reader.return()
    expect(await next).toEqual({ done: true, value: undefined })
    arrive()
    await settled()
  })

  it('comes at the first record when the signal was aborted before', async () => {
    const { stream } = await filled(answers, 5)
    const reader = stream.read({ from: 'oldest', signal: AbortSignal.abort() })
    await expect(reader.next()).rejects.toMatchObject({ name: 'AbortError' })
    expect(await reader.next()).toEqual({ done: true, value: undefined })
  })

  it('leaves no listener and no wait behind, however it comes', async () => {
    const { stream, faults, store } = await filled(answers, 40)
    const controller = new AbortController()
    const { signal } = controller
    const ends: ((reader: ReturnType<typeof stream.read>) => Promise<void>)[] = [
      async (reader) => {
        for await (const _ of reader) break
      },
      async (reader) => {
        let count = 0
        for await (const _ of reader) if (++count === 40) break
      },
      async (reader) => {
        const thrown = (async () => {
          for await (const _ of reader) throw new Error('of the loop')
        })()
        await expect(thrown).rejects.toThrow('of the loop')
      },
      async (reader) => {
        for (let count = 0; count < 40; count++) await reader.next()
        const next = reader.next()
        await settled()
        expect(listeners(signal)).toBe(1)
        await reader.return()
        expect(await next).toEqual({ done: true, value: undefined })
      },
      async (reader) => {
        await reader[Symbol.asyncDispose]()
        expect(await reader.next()).toEqual({ done: true, value: undefined })
      },
    ]
    for (const end of ends) {
      await end(stream.read({ from: 'oldest', signal }))
      expect(listeners(signal)).toBe(0)
    }
    expect(faults.calls('wait')).toBeGreaterThan(0)
    await store.close()
  })

  it('comes without a warning of too many listeners, for many shards', async () => {
    const warnings: Error[] = []
    const onWarning = (warning: Error): number => warnings.push(warning)
    process.on('warning', onWarning)
    const { stream, store } = await filled(answers, 0)
    const reader = stream.read({ from: 'oldest' })
    const next = reader.next()
    await settled()
    await settled()
    await reader.return()
    await next
    await store.close()
    process.off('warning', onWarning)
    expect(warnings).toEqual([])
  })

  it('comes with the error of a log, and stays', async () => {
    const { stream, faults } = await filled(answers, 40)
    const reader = stream.read({ from: 'oldest' })
    await reader.next()
    faults.fail('read', new Error('bad sector'))
    await expect(collect(reader)).rejects.toThrow('bad sector')
    expect(await reader.next()).toEqual({ done: true, value: undefined })
    expect((await collect(stream.read({ from: 'oldest', until: 'tail' }))).length).toBe(40)
  })

  it('comes with the error of a wait', async () => {
    const { stream, faults } = await filled(answers, 0)
    faults.fail('wait', new Error('gone'))
    await expect(stream.read({ from: 'oldest' }).next()).rejects.toThrow('gone')
  })

  it('comes with the error of an open that failed, and the next read opens again', async () => {
    const { stream, faults } = await filled(answers, 0)
    faults.fail('stats', new Error('not now'))
    const broken = (async () => collect(stream.read({ from: 'latest', until: 'tail' })))()
    await expect(broken).rejects.toThrow('not now')
    expect(await collect(stream.read({ from: 'latest', until: 'tail' }))).toEqual([])
  })
})

describe('a long read', () => {
  it('lets others have their turn', async () => {
    const { store } = await openSubject()
    const stream = await store.createStream('s')
    const entries = Array.from({ length: 400 }, () => ({ partitionKey: 'k', data: new Uint8Array(10_000) }))
    await stream.putBatch(entries)
    let turns = 0
    let reading = true
    const others = (async () => {
      while (reading) {
        await settled()
        turns += 1
      }
    })()
    expect((await collect(stream.read({ from: 'oldest', until: 'tail' }))).length).toBe(400)
    reading = false
    expect(turns).toBeGreaterThanOrEqual(3)
    await others
  })
})
