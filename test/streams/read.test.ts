import * as fc from 'fast-check'
import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { jsonCodec, textCodec } from '../../src/streams/codec.ts'
import type { ReadOptions } from '../../src/streams/read-options.ts'
import { formatSequenceNumber, parseSequenceNumber } from '../../src/streams/sequence-number.ts'
import type { Stream } from '../../src/streams/stream.ts'
import { ManualClock } from '../model/manual-clock.ts'
import { bothAnswers, bytesOf, collect, openSubject, type Subject, take } from './subject.ts'

const startMs = Date.UTC(2026, 0, 1)
const shardIds = [0, 1, 2].map((index) => `shardId-00000000000${index}`)

/** Keys of shards 0, 1 and 2 of 3. */
const keys = ['a', 'b', 'e']

async function dataOf<T>(stream: Stream<T>, options: ReadOptions): Promise<T[]> {
  const records = await collect(stream.read({ ...options, until: 'tail' } as ReadOptions))
  return records.map(({ data }) => data)
}

/** Records 0, 1, 2... one millisecond apart, on one shard unless there are more. */
async function numbered(
  count: number,
  options: { shards?: number; answers?: 'direct' | 'later' } = {},
): Promise<Subject & { stream: Stream<number> }> {
  const subject = await openSubject({ answers: options.answers ?? 'direct' })
  const stream = await subject.store.createStream('s', {
    codec: jsonCodec<number>(),
    shards: options.shards ?? 1,
  })
  for (let n = 0; n < count; n++) {
    await stream.put(keys[n % keys.length] ?? '', n)
    subject.clock.advanceNow(1)
  }
  return { ...subject, stream }
}

describe.each(bothAnswers)('reading, engine answers %s', (answers) => {
  it('starts at the oldest record', async () => {
    const { stream } = await numbered(10, { answers })
    expect(await dataOf(stream, { from: 'oldest' })).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
  })

  it('starts after the newest record of the moment of the call, whenever the first is asked for', async () => {
    const { stream } = await numbered(3, { answers })
    const reader = stream.read({ from: 'latest' })
    await stream.put('k', 3)
    await stream.put('k', 4)
    expect((await take(reader, 2)).map(({ data }) => data)).toEqual([3, 4])
  })

  it('starts after or at a sequence number', async () => {
    const { stream } = await numbered(6, { answers })
    const records = await collect(stream.read({ from: 'oldest', until: 'tail' }))
    const sequence = records[3]?.sequenceNumber ?? ''
    expect(await dataOf(stream, { from: 'sequence', sequence })).toEqual([4, 5])
    expect(await dataOf(stream, { from: 'sequence', sequence, inclusive: true })).toEqual([3, 4, 5])
  })

  it('starts at the first record that arrived at a time or later', async () => {
    const { stream } = await numbered(6, { answers })
    expect(await dataOf(stream, { from: 'time', arrivedAtMs: startMs + 4 })).toEqual([4, 5])
    expect(await dataOf(stream, { from: 'time', arrivedAtMs: 0 })).toEqual([0, 1, 2, 3, 4, 5])
    expect(await dataOf(stream, { from: 'time', arrivedAtMs: startMs + 6 })).toEqual([])
  })

  it('gets what arrives later when it starts at the present time', async () => {
    const { stream } = await numbered(6, { answers })
    const reader = stream.read({ from: 'time', arrivedAtMs: startMs + 6 })
    const next = reader.next()
    await stream.put('k', 6)
    expect((await next).value?.data).toBe(6)
    await reader.return()
  })

  it('reads one shard when asked to', async () => {
    const { stream } = await numbered(9, { answers, shards: 3 })
    for (const [index, shardId] of shardIds.entries()) {
      const batches = await collect(stream.readBatches({ from: 'oldest', until: 'tail', shardId }))
      expect(batches.map((batch) => batch.shardId)).toEqual([shardId])
      expect(await dataOf(stream, { from: 'oldest', shardId })).toEqual([index, index + 3, index + 6])
    }
  })

  it('resumes all shards from a number of each, and leaves nothing out of shards without one', async () => {
    const { stream } = await numbered(30, { answers, shards: 3 })
    const records = await collect(stream.read({ from: 'oldest', until: 'tail' }))
    const of = (shardId: string | undefined): typeof records =>
      records.filter((record) => record.shardId === shardId)
    const sequence = [of(shardIds[0])[4], of(shardIds[2])[7]].map((record) => record?.sequenceNumber ?? '')
    const rest = await dataOf(stream, { from: 'sequence', sequence })
    const expected = [...of(shardIds[0]).slice(5), ...of(shardIds[1]), ...of(shardIds[2]).slice(8)].map(
      ({ data }) => data,
    )
    expect(rest.toSorted((a, b) => a - b)).toEqual(expected.toSorted((a, b) => a - b))
  })

  it('ends at what was the tail of each shard when it was called', async () => {
    const { stream } = await numbered(6, { answers, shards: 3 })
    const reader = stream.read({ from: 'oldest', until: 'tail' })
    await stream.putBatch(keys.map((partitionKey) => ({ partitionKey, data: 99 })))
    expect((await collect(reader)).map(({ data }) => data).toSorted()).toEqual([0, 1, 2, 3, 4, 5])
  })

  it('ends at once on an empty stream until the tail', async () => {
    const { stream } = await numbered(0, { answers, shards: 3 })
    for (const from of ['oldest', 'latest'] as const) expect(await dataOf(stream, { from })).toEqual([])
  })

  it('waits at the tail of all shards and wakes for each', async () => {
    const { stream } = await numbered(3, { answers, shards: 3 })
    const reader = stream.read({ from: 'oldest' })
    const seen = [await reader.next(), await reader.next(), await reader.next()]
    expect(seen.map(({ value }) => value?.data).toSorted()).toEqual([0, 1, 2])
    for (const [n, key] of [...keys, ...keys.toReversed()].entries()) {
      const next = reader.next()
      await stream.put(key, 100 + n)
      expect((await next).value?.data).toBe(100 + n)
    }
    await reader.return()
  })

  it('ends behind the end of the one shard that it reads, and puts are refused there', async () => {
    const { stream, disk } = await numbered(6, { answers, shards: 3 })
    const readers = shardIds.slice(0, 3).map((shardId) => stream.read({ from: 'oldest', shardId }))
    for (const log of disk.logs.values()) log.sealedAt = log.next
    const records = await Promise.all(readers.map((reader) => collect(reader)))
    expect(records.flat()).toHaveLength(6)
    await expect(stream.put('a', 7)).rejects.toMatchObject({ code: 'ERR_MILLRACE_SHARD_SEALED' })
    expect((await stream.stats()).shards.every(({ sealed }) => sealed)).toBe(true)
  })

  it('lets every shard have its turn', async () => {
    const { store } = await openSubject({ answers })
    const stream = await store.createStream('s', { shards: 3 })
    const entries = Array.from({ length: 300 }, (_, n) => ({
      partitionKey: keys[n % 3] ?? '',
      data: bytesOf('x'),
    }))
    await stream.putBatch(entries)
    const batches = await collect(stream.readBatches({ from: 'oldest', until: 'tail', batchRecords: 10 }))
    const order = batches.map(({ shardId }) => shardIds.indexOf(shardId))
    expect(batches.map(({ length }) => length)).toEqual(Array.from({ length: 30 }, () => 10))
    for (let turn = 0; turn < 30; turn += 3) {
      expect(order.slice(turn, turn + 3).toSorted()).toEqual([0, 1, 2])
    }
  })

  it('keeps batches within their bounds, but hands out a record that is larger', async () => {
    const { store } = await openSubject({ answers })
    const stream = await store.createStream('s')
    await stream.putBatch(
      [5, 5, 5, 400, 5].map((size) => ({ partitionKey: 'k', data: new Uint8Array(size) })),
    )
    const batches = await collect(stream.readBatches({ from: 'oldest', until: 'tail', batchBytes: 13 }))
    expect(batches.map((batch) => Array.from(batch, ({ data }) => data.length))).toEqual([
      [5, 5],
      [5],
      [400],
      [5],
    ])
  })

  it('starts a reader beyond the tail at the tail, so that it misses nothing that comes', async () => {
    const { stream } = await numbered(3, { answers })
    const [first] = await collect(stream.read({ from: 'oldest', until: 'tail' }))
    const lost = parseSequenceNumber(first?.sequenceNumber ?? '')
    if (lost === undefined) return expect.fail('no record')
    const sequence = formatSequenceNumber({ ...lost, counter: 1000n })
    const reader = stream.read({ from: 'sequence', sequence })
    const next = reader.next()
    await stream.put('k', 3)
    expect((await next).value?.data).toBe(3)
    await reader.return()
  })

  it('keeps the order of next when it is called ahead', async () => {
    const { stream } = await numbered(50, { answers })
    const reader = stream.read({ from: 'oldest', until: 'tail' })
    const results = await Promise.all(Array.from({ length: 55 }, () => reader.next()))
    expect(results.map(({ value }) => value?.data)).toEqual([
      ...Array.from({ length: 50 }, (_, n) => n),
      ...Array.from({ length: 5 }, () => undefined),
    ])
  })

  it('keeps the order of next when one is called while another waits', async () => {
    const { stream } = await numbered(0, { answers })
    const reader = stream.read({ from: 'oldest' })
    const waiting = [reader.next(), reader.next()]
    await stream.put('k', 0)
    expect((await waiting[0])?.value?.data).toBe(0)
    waiting.push(reader.next(), reader.next())
    await stream.put('k', 1)
    await stream.putBatch([2, 3].map((data) => ({ partitionKey: 'k', data })))
    const results = await Promise.all(waiting)
    expect(results.map(({ value }) => value?.data)).toEqual([0, 1, 2, 3])
    await reader.return()
  })

  it('delivers every record of every key in order, whatever is read and put meanwhile', async () => {
    const operation = fc.oneof(
      fc.record({ put: fc.array(fc.nat(30), { minLength: 1, maxLength: 20 }) }),
      fc.record({ read: fc.integer({ min: 1, max: 15 }) }),
    )
    const anyShards = fc.integer({ min: 1, max: 5 })
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { maxLength: 25 }), anyShards, async (operations, shards) => {
        const { store } = await openSubject({ answers })
        const stream = await store.createStream('s', { shards, codec: jsonCodec<number>() })
        const reader = stream.read({ from: 'oldest' })
        const put = new Map<string, number[]>()
        const seen = new Map<string, number[]>()
        let total = 0
        let read = 0
        const readOne = async (): Promise<void> => {
          const { value } = await reader.next()
          if (value === undefined) throw new Error('ended')
          seen.set(value.partitionKey, [...(seen.get(value.partitionKey) ?? []), value.data])
          read += 1
        }
        for (const one of operations) {
          if ('put' in one) {
            const entries = one.put.map((key) => ({ partitionKey: `k${key}`, data: total++ }))
            for (const { partitionKey, data } of entries) {
              put.set(partitionKey, [...(put.get(partitionKey) ?? []), data])
            }
            await stream.putBatch(entries)
          } else {
            for (let n = 0; n < one.read && read < total; n++) await readOne()
          }
        }
        while (read < total) await readOne()
        await reader.return()
        await store.close()
        expect(new Map([...seen].toSorted())).toEqual(new Map([...put].toSorted()))
      }),
      { numRuns: 40 },
    )
  })

  it('reads from any position what the model says', async () => {
    const { stream, clock } = await numbered(0, { answers })
    const all: { n: number; atMs: number; sequence: string }[] = []
    for (let n = 0; n < 40; n++) {
      const stored = await stream.put('k', n)
      all.push({ n, atMs: stored.arrivedAtMs, sequence: stored.sequenceNumber })
      clock.advanceNow(n % 4)
    }
    for (const [index, { atMs, sequence }] of all.entries()) {
      const numbers = (records: typeof all): number[] => records.map(({ n }) => n)
      const sinceTime = all.filter((record) => record.atMs >= atMs)
      expect(await dataOf(stream, { from: 'time', arrivedAtMs: atMs })).toEqual(numbers(sinceTime))
      expect(await dataOf(stream, { from: 'sequence', sequence })).toEqual(numbers(all.slice(index + 1)))
    }
  })

  it('reports a payload that cannot be decoded with its shard and number, and goes on', async () => {
    const { store } = await openSubject({ answers })
    const raw = await store.createStream('s')
    const bad = await raw.put('k', bytesOf('{"a":'))
    await raw.put('k', bytesOf('1'))
    const stream = store.stream('s', { codec: jsonCodec<number>() })
    const [first, second] = await collect(stream.read({ from: 'oldest', until: 'tail' }))
    expect(() => first?.data).toThrow(
      expect.objectContaining({
        code: 'ERR_MILLRACE_CODEC',
        message: expect.stringContaining(`record ${bad.sequenceNumber} of shardId-000000000000`),
        details: { codec: 'json', shardId: bad.shardId, sequenceNumber: bad.sequenceNumber },
      }),
    )
    expect(Buffer.from(first?.bytes ?? []).toString()).toBe('{"a":')
    expect(second?.data).toBe(1)
  })
})

describe('records and batches', () => {
  it('show themselves to people and to JSON', async () => {
    const { store } = await openSubject()
    const stream = await store.createStream('s', { codec: textCodec })
    const { sequenceNumber, arrivedAtMs, shardId } = stream.append('k', 'hello', { explicitHashKey: '7' })
    const [record] = await collect(stream.read({ from: 'oldest', until: 'tail' }))
    const shown = {
      shardId,
      sequenceNumber,
      arrivedAtMs,
      partitionKey: 'k',
      explicitHashKey: '7',
      data: 'hello',
    }
    expect(JSON.parse(JSON.stringify(record))).toEqual(shown)
    expect(inspect(record)).toContain("partitionKey: 'k'")
  })

  it('decode a payload once a record', async () => {
    const { store } = await openSubject()
    let decoded = 0
    const counting = {
      ...textCodec,
      decode: (bytes: Uint8Array) => `${textCodec.decode(bytes)} ${decoded++}`,
    }
    const stream = await store.createStream('s', { codec: counting })
    stream.append('k', 'x')
    const [record] = await collect(stream.read({ from: 'oldest', until: 'tail' }))
    expect([record?.data, record?.data, decoded]).toEqual(['x 0', 'x 0', 1])
  })

  it('say the same column by column and record by record', async () => {
    const { stream } = await numbered(5)
    const [batch] = await collect(stream.readBatches({ from: 'oldest', until: 'tail' }))
    if (batch === undefined) return expect.fail('no batch')
    expect(batch.length).toBe(5)
    for (const [index, record] of [...batch].entries()) {
      expect(record.data).toBe(batch.data(index))
      expect(record.bytes).toEqual(batch.bytes(index))
      expect(batch.byteLength(index)).toBe(record.bytes.length)
      expect(record.partitionKey).toBe(batch.partitionKey(index))
      expect(record.sequenceNumber).toBe(batch.sequenceNumber(index))
      expect(record.arrivedAtMs).toBe(startMs + index)
      expect(record.shardId).toBe(batch.shardId)
      expect(batch.record(index).data).toBe(index)
    }
    for (const index of [-1, 5, 0.5, Number.NaN]) {
      expect(() => batch.data(index)).toThrow('index must be an integer from 0 to 4')
    }
  })

  it('use the memory of the batch before if they may', async () => {
    const { stream } = await numbered(200)
    const reader = stream.readBatches({ from: 'oldest', until: 'tail', batchRecords: 10, reuse: true })
    const seen: number[] = []
    const buffers = new Set<ArrayBufferLike>()
    for await (const batch of reader) {
      for (const record of batch) seen.push(record.data)
      buffers.add(batch.bytes(0).buffer)
    }
    expect(seen).toEqual(Array.from({ length: 200 }, (_, n) => n))
    // One for each size that the pages grow through.
    expect(buffers.size).toBeLessThanOrEqual(4)
    expect(() => stream.readBatches({ from: 'oldest', reuse: 1 as never })).toThrow('reuse must be')
  })

  it('use the memory of a read that has ended if they may, and never that of one that goes on', async () => {
    const { stream } = await numbered(60)
    const options = { from: 'oldest', until: 'tail', batchRecords: 10, reuse: true } as const
    const first = stream.readBatches(options)
    const one = (await first.next()).value
    const other = (await stream.readBatches(options).next()).value
    expect(other?.bytes(0).buffer).not.toBe(one?.bytes(0).buffer)
    expect(one?.data(9)).toBe(9)
    const memory = one?.bytes(0).buffer
    await first.return()
    const after = (await stream.readBatches(options).next()).value
    expect(after?.bytes(0).buffer).toBe(memory)
    // Who did not ask for it has memory of its own.
    const own = (await stream.readBatches({ from: 'oldest', until: 'tail' }).next()).value
    await stream.readBatches(options).return()
    expect(own?.bytes(0).buffer).not.toBe(memory)
  })

  it('come at once, as many as were asked for, where the size of records is known', async () => {
    const { stream } = await numbered(2000)
    for await (const batch of stream.readBatches({ from: 'oldest' })) {
      expect(batch.length).toBeLessThan(1500)
      break
    }
    const reader = stream.readBatches({ from: 'time', arrivedAtMs: startMs, batchRecords: 1500 })
    expect((await reader.next()).value?.length).toBe(1500)
    await reader.return()
  })

  it('stay as they were while the reader goes on', async () => {
    const { stream } = await numbered(100)
    const reader = stream.readBatches({ from: 'oldest', until: 'tail', batchRecords: 7 })
    const batches = await collect(reader)
    expect(batches.flatMap((batch) => [...batch]).map(({ data }) => data)).toEqual(
      Array.from({ length: 100 }, (_, n) => n),
    )
  })
})

describe('positions that cannot be', () => {
  const clock = new ManualClock(startMs)
  const other = formatSequenceNumber({
    shardCreatedAtSeconds: startMs / 1000,
    shardIndex: 1,
    counter: 1n,
    arrivedAtSeconds: startMs / 1000,
  })
  const foreign = formatSequenceNumber({
    shardCreatedAtSeconds: startMs / 1000 - 1,
    shardIndex: 1,
    counter: 1n,
    arrivedAtSeconds: startMs / 1000,
  })
  const shardId = 'shardId-000000000000'
  const invalid = 'ERR_MILLRACE_INVALID_ARGUMENT'
  const cases: [string, unknown, string, string | undefined][] = [
    ['no options', undefined, invalid, 'read options'],
    ['null', null, invalid, 'read options'],
    ['no position', {}, invalid, 'from'],
    ['an unknown position', { from: 'TRIM_HORIZON' }, invalid, 'from'],
    ['a time in the future', { from: 'time', arrivedAtMs: startMs + 1 }, invalid, 'arrivedAtMs'],
    ['a time before 1970', { from: 'time', arrivedAtMs: -1 }, invalid, 'arrivedAtMs'],
    ['half a millisecond', { from: 'time', arrivedAtMs: 0.5 }, invalid, 'arrivedAtMs'],
    ['no time', { from: 'time' }, invalid, 'arrivedAtMs'],
    ['a Date', { from: 'time', arrivedAtMs: new Date(0) }, invalid, 'arrivedAtMs'],
    ['no sequence number', { from: 'sequence' }, invalid, 'sequence'],
    ['an empty list', { from: 'sequence', sequence: [] }, invalid, 'sequence'],
    ['a malformed number', { from: 'sequence', sequence: '12345' }, invalid, 'sequence'],
    ['a number as a number', { from: 'sequence', sequence: 4.9e55 }, invalid, 'sequence'],
    ['a number in a list as a number', { from: 'sequence', sequence: [7] }, invalid, 'sequence'],
    ['a number of another stream', { from: 'sequence', sequence: foreign }, invalid, 'sequence'],
    ['a number of another shard', { from: 'sequence', sequence: other, shardId }, invalid, 'sequence'],
    ['two numbers of one shard', { from: 'sequence', sequence: [other, other] }, invalid, 'sequence'],
    ['inclusive as text', { from: 'sequence', sequence: other, inclusive: 'yes' }, invalid, 'inclusive'],
    ['a malformed shard', { from: 'oldest', shardId: '0' }, invalid, 'shardId'],
    ['a shard as a number', { from: 'oldest', shardId: 0 }, invalid, 'shardId'],
    ['another end', { from: 'oldest', until: 'head' }, invalid, 'until'],
    ['no signal', { from: 'oldest', signal: {} }, invalid, 'signal'],
    ['another onTrimmed', { from: 'oldest', onTrimmed: 'ignore' }, invalid, 'onTrimmed'],
    ['onGap as text', { from: 'oldest', onGap: 'log' }, invalid, 'onGap'],
    [
      'a missing shard',
      { from: 'oldest', shardId: 'shardId-000000000007' },
      'ERR_MILLRACE_SHARD_NOT_FOUND',
      undefined,
    ],
    ['a misspelt position', { form: 'oldest' }, 'ERR_MILLRACE_UNKNOWN_OPTION', undefined],
    ['an unknown key', { from: 'oldest', limit: 7 }, 'ERR_MILLRACE_UNKNOWN_OPTION', undefined],
    [
      'a key of another position',
      { from: 'latest', arrivedAtMs: 0 },
      'ERR_MILLRACE_UNKNOWN_OPTION',
      undefined,
    ],
    [
      'batch options for records',
      { from: 'oldest', batchBytes: 7 },
      'ERR_MILLRACE_UNKNOWN_OPTION',
      undefined,
    ],
  ]

  it.each(cases)('are refused at the call: %s', async (_what, options, code, field) => {
    const { store } = await openSubject({ clock })
    const stream = await store.createStream('s', { shards: 2 })
    expect(() => stream.read(options as ReadOptions)).toThrow(expect.objectContaining({ code }))
    const error = await (async () => stream.read(options as ReadOptions))().catch((thrown: unknown) => thrown)
    if (field !== undefined) expect(error).toMatchObject({ details: { field } })
  })

  it.each([
    ['no record', { batchRecords: 0 }],
    ['too many records', { batchRecords: 10_001 }],
    ['no byte', { batchBytes: 0 }],
    ['too many bytes', { batchBytes: 64 * 1024 * 1024 + 1 }],
  ])('come with batches of %s', async (_what, options) => {
    const { store } = await openSubject({ clock })
    const stream = await store.createStream('s')
    expect(() => stream.readBatches({ from: 'oldest', ...options })).toThrow(
      expect.objectContaining({
        code: invalid,
        details: expect.objectContaining({ field: Object.keys(options)[0] }),
      }),
    )
  })

  it('name both shards when a number belongs to another one', async () => {
    const { store } = await openSubject({ clock })
    const stream = await store.createStream('s', { shards: 2 })
    expect(() => stream.read({ from: 'sequence', sequence: other, shardId })).toThrow(
      /belongs to shardId-000000000001, not to shardId-000000000000/,
    )
  })
})
