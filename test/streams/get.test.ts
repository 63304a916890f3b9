import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { jsonCodec } from '../../src/streams/codec.ts'
import { formatSequenceNumber, parseSequenceNumber } from '../../src/streams/sequence-number.ts'
import { bothAnswers, bytesOf, collect, openSubject } from './subject.ts'

const hourMs = 3_600_000

describe.each(bothAnswers)('get, engine answers %s', (answers) => {
  it('finds every record by its number, with all that a reader sees of it', async () => {
    const { store } = await openSubject({ answers })
    const stream = await store.createStream('s', { shards: 3 })
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({
            partitionKey: fc.string({ minLength: 1, maxLength: 40, unit: 'grapheme-ascii' }),
            data: fc.uint8Array({ maxLength: 20_000 }),
            explicitHashKey: fc.option(fc.bigInt({ min: 0n, max: 2n ** 128n - 1n }).map(String), {
              nil: undefined,
            }),
          }),
          { maxLength: 6 },
        ),
        async (entries) => {
          await stream.putBatch(entries)
        },
      ),
      { numRuns: 30 },
    )
    const records = await collect(stream.read({ from: 'oldest', until: 'tail' }))
    expect(records.length).toBeGreaterThan(20)
    for (const record of records) {
      const found = await stream.get(record.sequenceNumber)
      expect(found?.toJSON()).toEqual(record.toJSON())
      expect(found?.bytes).toEqual(record.bytes)
    }
  })

  it('answers a record of its own: a later get, and its owner, change nothing in it', async () => {
    const { store } = await openSubject({ answers })
    const stream = await store.createStream('s')
    const [one, two] = [await stream.put('k', bytesOf('one')), await stream.put('k', bytesOf('two'))]
    const first = await stream.get(one.sequenceNumber)
    first?.data.fill(0)
    expect((await stream.get(one.sequenceNumber))?.data).toEqual(bytesOf('one'))
    const kept = await stream.get(one.sequenceNumber)
    await stream.get(two.sequenceNumber)
    expect(kept?.data).toEqual(bytesOf('one'))
  })

  it('serves calls at the same time', async () => {
    const { store } = await openSubject({ answers })
    const stream = await store.createStream('s', { codec: jsonCodec<number>() })
    const stored = await Promise.all(Array.from({ length: 50 }, (_, n) => stream.put(`k${n}`, n)))
    const found = await Promise.all(stored.map(({ sequenceNumber }) => stream.get(sequenceNumber)))
    expect(found.map((record) => record?.data)).toEqual(Array.from({ length: 50 }, (_, n) => n))
  })

  it('answers undefined for what expired, was never stored, or is another record', async () => {
    const { store, clock } = await openSubject({ answers })
    const stream = await store.createStream('s', { retentionHours: 24 })
    const { sequenceNumber } = await stream.put('k', bytesOf('x'))
    const fields = parseSequenceNumber(sequenceNumber)
    if (fields === undefined) throw new Error('no sequence number')
    const later = { ...fields, counter: fields.counter + 1n }
    expect(await stream.get(formatSequenceNumber(later))).toBeUndefined()
    const other = { ...fields, arrivedAtSeconds: fields.arrivedAtSeconds + 1 }
    expect(await stream.get(formatSequenceNumber(other))).toBeUndefined()
    expect(await stream.get(sequenceNumber)).toBeDefined()
    clock.advanceNow(25 * hourMs)
    expect(await stream.get(sequenceNumber)).toBeUndefined()
    await stream.put('k', bytesOf('y'))
    expect(await stream.get(sequenceNumber)).toBeUndefined()
  })

  it('refuses what is no sequence number of the stream, and answers nothing once the store is closed', async () => {
    const { store, clock } = await openSubject({ answers })
    const stream = await store.createStream('s')
    const { sequenceNumber } = await stream.put('k', bytesOf('x'))
    clock.advanceNow(5000)
    const other = await store.createStream('other')
    const refused = { code: 'ERR_MILLRACE_INVALID_ARGUMENT', message: expect.stringContaining('sequence') }
    for (const wrong of ['', '1', '9'.repeat(56), `${sequenceNumber} `, 7, undefined, null, Symbol('s')]) {
      await expect(stream.get(wrong as string)).rejects.toMatchObject(refused)
    }
    await expect(other.get(sequenceNumber)).rejects.toMatchObject(refused)
    await store.close()
    await expect(stream.get(sequenceNumber)).rejects.toMatchObject({ code: 'ERR_MILLRACE_CLOSED' })
  })
})

function codeOf(call: () => unknown): unknown {
  try {
    return call()
  } catch (error) {
    return (error as { code: unknown }).code
  }
}

describe('getSync', () => {
  it('answers what get answers', async () => {
    const { store, clock } = await openSubject()
    const stream = await store.createStream('s', { shards: 3 })
    await stream.putBatch(
      Array.from({ length: 40 }, (_, n) => ({
        partitionKey: `k${n}`,
        data: new Uint8Array(n * 500).fill(n),
      })),
    )
    for (const { sequenceNumber } of await collect(stream.read({ from: 'oldest', until: 'tail' }))) {
      const found = await stream.get(sequenceNumber)
      expect(found).toBeDefined()
      expect(stream.getSync(sequenceNumber)?.toJSON()).toEqual(found?.toJSON())
      expect(stream.getSync(sequenceNumber, { reuse: true })?.toJSON()).toEqual(found?.toJSON())
    }
    const { sequenceNumber } = await stream.put('k', bytesOf('x'))
    clock.advanceNow(25 * hourMs)
    expect(stream.getSync(sequenceNumber)).toBeUndefined()
    expect(stream.getSync(sequenceNumber, { reuse: true })).toBeUndefined()
  })

  it('answers a record of its own, and with reuse one that the next such call replaces', async () => {
    const { store } = await openSubject()
    const stream = await store.createStream('s')
    const [one, two] = [await stream.put('k', bytesOf('one')), await stream.put('k', bytesOf('two'))]
    const own = stream.getSync(one.sequenceNumber)?.data
    const reused = stream.getSync(one.sequenceNumber, { reuse: true })?.data
    expect([own, reused]).toEqual([bytesOf('one'), bytesOf('one')])
    stream.getSync(two.sequenceNumber)
    expect([own, reused]).toEqual([bytesOf('one'), bytesOf('one')])
    stream.getSync(two.sequenceNumber, { reuse: true })
    expect([own, reused]).toEqual([bytesOf('one'), bytesOf('two')])
  })

  it('keeps its memory: nobody can transfer it away', async () => {
    const { store } = await openSubject()
    const stream = await store.createStream('s')
    const { sequenceNumber } = await stream.put('k', bytesOf('x'))
    const data = stream.getSync(sequenceNumber)?.data as Uint8Array<ArrayBuffer>
    try {
      // Copied by some versions of Node, refused by others.
      structuredClone(data.buffer, { transfer: [data.buffer] })
    } catch {}
    expect(data).toEqual(bytesOf('x'))
    expect(stream.getSync(sequenceNumber)?.data).toEqual(bytesOf('x'))
  })

  it('refuses by name where the engine answers by promises only', async () => {
    const { store } = await openSubject({ answers: 'later' })
    const stream = await store.createStream('s')
    const { sequenceNumber } = await stream.put('k', bytesOf('x'))
    expect(() => stream.getSync(sequenceNumber)).toThrow(
      expect.objectContaining({
        code: 'ERR_MILLRACE_UNSUPPORTED',
        details: { method: 'getSync', instead: 'get' },
      }),
    )
  })

  it('refuses wrong numbers and options, and everything once the store is closed', async () => {
    const { store } = await openSubject()
    const stream = await store.createStream('s')
    const { sequenceNumber } = await stream.put('k', bytesOf('x'))
    expect(codeOf(() => stream.getSync('1'))).toBe('ERR_MILLRACE_INVALID_ARGUMENT')
    expect(codeOf(() => stream.getSync(sequenceNumber, { reuse: 1 } as never))).toBe(
      'ERR_MILLRACE_INVALID_ARGUMENT',
    )
    expect(codeOf(() => stream.getSync(sequenceNumber, { again: 1 } as never))).toBe(
      'ERR_MILLRACE_UNKNOWN_OPTION',
    )
    for (const options of [null, 7, 'reuse']) {
      expect(codeOf(() => stream.getSync(sequenceNumber, options as never))).toBe(
        'ERR_MILLRACE_INVALID_ARGUMENT',
      )
    }
    await store.close()
    expect(codeOf(() => stream.getSync(sequenceNumber))).toBe('ERR_MILLRACE_CLOSED')
  })
})
