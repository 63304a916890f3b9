import * as fc from 'fast-check'
import { createHash } from 'node:crypto'
import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { invalidArgument } from '../../src/errors.ts'
import { Refusal } from '../../src/log/log.ts'
import { type Codec, jsonCodec, textCodec } from '../../src/streams/codec.ts'
import type { PutEntry } from '../../src/streams/put.ts'
import { parseSequenceNumber } from '../../src/streams/sequence-number.ts'
import { evenSplit } from '../../src/streams/hash-key.ts'
import { ModelDisk } from '../model/stored-log.ts'
import { settled } from '../model/manual-clock.ts'
import { bothAnswers, bytesOf, collect, openSubject } from './subject.ts'

const MiB = 1024 * 1024

/** The shard that AWS would choose, by arithmetic on BigInts. */
function shardFor(
  entry: { partitionKey: string; explicitHashKey?: string | undefined },
  shards: number,
): number {
  const md5 = createHash('md5').update(entry.partitionKey, 'utf8').digest('hex')
  const hash = entry.explicitHashKey === undefined ? BigInt(`0x${md5}`) : BigInt(entry.explicitHashKey)
  return evenSplit(shards).findIndex(({ start, end }) => start <= hash && hash <= end)
}

const codeOf = (result: { ok: boolean; error?: { code: string } }): string =>
  result.ok ? 'stored' : (result.error?.code ?? '')

describe.each(bothAnswers)('putting records, engine answers %s', (answers) => {
  it('says where a record went, and a reader sees it at once', async () => {
    const { store, clock } = await openSubject({ answers })
    const stream = await store.createStream('s', { shards: 4 })
    await clock.advance(1234)
    const stored = await stream.put('user-123', bytesOf('hello'))
    expect(stored.shardId).toBe('shardId-000000000002')
    expect(stored.arrivedAtMs).toBe(Date.UTC(2026, 0, 1) + 1234)
    expect(stored.durable).toBe(false)
    expect(parseSequenceNumber(stored.sequenceNumber)).toEqual({
      shardCreatedAtSeconds: Date.UTC(2026, 0, 1) / 1000,
      shardIndex: 2,
      counter: 1n,
      arrivedAtSeconds: Date.UTC(2026, 0, 1) / 1000 + 1,
    })
    const [record] = await collect(stream.read({ from: 'oldest', until: 'tail' }))
    expect(record).toMatchObject({
      shardId: stored.shardId,
      sequenceNumber: stored.sequenceNumber,
      arrivedAtMs: stored.arrivedAtMs,
      partitionKey: 'user-123',
      explicitHashKey: undefined,
      data: bytesOf('hello'),
    })
  })

  it.each(['synced', 'replicated'] as const)(
    'says that a record is durable on a %s engine',
    async (durability) => {
      const { store } = await openSubject({ answers, caps: { durability } })
      const stream = await store.createStream('s')
      expect((await stream.put('k', bytesOf('x'))).durable).toBe(true)
    },
  )

  it('commits the puts of one turn together and keeps their order', async () => {
    const { store, faults } = await openSubject({ answers })
    const stream = await store.createStream('s', { codec: jsonCodec<number>() })
    const stored = await Promise.all(Array.from({ length: 1000 }, (_, n) => stream.put('k', n)))
    expect(faults.calls('append')).toBe(1)
    const numbers = stored.map(({ sequenceNumber }) => sequenceNumber)
    expect(numbers.toSorted()).toEqual(numbers)
    const records = await collect(stream.read({ from: 'oldest', until: 'tail' }))
    expect(records.map(({ data }) => data)).toEqual(Array.from({ length: 1000 }, (_, n) => n))
  })

  it('keeps the order of put, putBatch and put within one turn', async () => {
    const { store } = await openSubject({ answers })
    const stream = await store.createStream('s', { codec: textCodec })
    await Promise.all([
      stream.put('k', 'a'),
      stream.putBatch([
        { partitionKey: 'k', data: 'b' },
        { partitionKey: 'k', data: 'c' },
      ]),
      stream.put('k', 'd'),
    ])
    const records = await collect(stream.read({ from: 'oldest', until: 'tail' }))
    expect(records.map(({ data }) => data).join('')).toBe('abcd')
  })

  it('takes a copy before put returns', async () => {
    const { store } = await openSubject({ answers })
    const stream = await store.createStream('s')
    const data = Buffer.from('before')
    const puts = [stream.put('k', data), stream.putBatch([{ partitionKey: 'k', data }])]
    data.write('AFTER!')
    await Promise.all(puts)
    const records = await collect(stream.read({ from: 'oldest', until: 'tail' }))
    expect(records.map((record) => Buffer.from(record.data).toString())).toEqual(['before', 'before'])
  })

  it('answers a batch entry by entry, in order, over all shards', async () => {
    const { store } = await openSubject({ answers })
    const stream = await store.createStream('s', { shards: 5, codec: jsonCodec<number>() })
    const entries = Array.from({ length: 3000 }, (_, n) => ({ partitionKey: `key-${n % 97}`, data: n }))
    const results = await stream.putBatch(entries)
    expect(results.map(codeOf)).toEqual(entries.map(() => 'stored'))
    const records = await collect(stream.read({ from: 'oldest', until: 'tail' }))
    const byNumber = new Map(records.map((record) => [record.sequenceNumber, record.data]))
    for (const [n, result] of results.entries()) {
      if (result.ok) expect(byNumber.get(result.sequenceNumber)).toBe(n)
    }
  })

  it('stores an empty payload, an empty batch, and the largest record', async () => {
    const { store } = await openSubject({ answers })
    const stream = await store.createStream('s', { maxRecordBytes: 10 * MiB })
    await stream.put('k', new Uint8Array())
    expect(await stream.putBatch([])).toEqual([])
    await stream.put('key', new Uint8Array(10 * MiB - 3).fill(9))
    const records = await collect(stream.read({ from: 'oldest', until: 'tail' }))
    expect(records.map(({ data }) => data.length)).toEqual([0, 10 * MiB - 3])
    expect(records[1]?.data.every((byte) => byte === 9)).toBe(true)
  })

  it('stores nothing of a batch with one bad entry, and names it', async () => {
    const { store } = await openSubject({ answers })
    const stream = await store.createStream('s', { shards: 2, codec: jsonCodec() })
    const good: PutEntry<unknown> = { partitionKey: 'k', data: 1 }
    const bad: [unknown, string, string | undefined][] = [
      [{ partitionKey: '', data: 1 }, 'ERR_MILLRACE_INVALID_ARGUMENT', 'entries[2].partitionKey'],
      [{ partitionKey: 'k', data: 'x'.repeat(MiB) }, 'ERR_MILLRACE_RECORD_TOO_LARGE', 'entries[2].data'],
      [{ partitionKey: 'k', data: undefined }, 'ERR_MILLRACE_CODEC', 'entries[2].data'],
      [
        { partitionKey: 'k', data: 1, explicitHashKey: '-1' },
        'ERR_MILLRACE_INVALID_ARGUMENT',
        'entries[2].explicitHashKey',
      ],
      [{ partitionKey: 'k', data: 1, explicitHashkey: '1' }, 'ERR_MILLRACE_UNKNOWN_OPTION', 'entries[2]'],
      [null, 'ERR_MILLRACE_INVALID_ARGUMENT', 'entries[2].entry'],
      ['k', 'ERR_MILLRACE_INVALID_ARGUMENT', 'entries[2].entry'],
    ]
    for (const [entry, code, field] of bad) {
      const rejected = stream.putBatch([good, good, entry as PutEntry<unknown>, good])
      await expect(rejected, code).rejects.toMatchObject({ code, details: { entry: 2, field } })
    }
    await expect(stream.putBatch('no' as never)).rejects.toMatchObject({ details: { field: 'entries' } })
    expect(await collect(stream.read({ from: 'oldest', until: 'tail' }))).toEqual([])
  })

  it('stores nothing of a single bad put, and lets its neighbours through', async () => {
    const { store } = await openSubject({ answers })
    const stream = await store.createStream('s')
    const puts = await Promise.allSettled([
      stream.put('k', bytesOf('x')),
      stream.put('', bytesOf('x')),
      stream.put('k', 'text' as never),
      stream.put('k', new Uint8Array(MiB)),
      stream.put('k', bytesOf('x'), { explicitHashKey: '340282366920938463463374607431768211456' }),
      stream.put('k', bytesOf('x'), { hashKey: '1' } as never),
      stream.put('k', bytesOf('y')),
    ])
    expect(puts.map((put) => (put.status === 'fulfilled' ? 'stored' : put.reason.code))).toEqual([
      'stored',
      'ERR_MILLRACE_INVALID_ARGUMENT',
      'ERR_MILLRACE_INVALID_ARGUMENT',
      'ERR_MILLRACE_RECORD_TOO_LARGE',
      'ERR_MILLRACE_INVALID_ARGUMENT',
      'ERR_MILLRACE_UNKNOWN_OPTION',
      'stored',
    ])
    expect((await collect(stream.read({ from: 'oldest', until: 'tail' }))).length).toBe(2)
  })

  it('routes by MD5 or explicit hash key exactly as arithmetic on 128 bits does', async () => {
    const { store } = await openSubject({ answers })
    const shards = 7
    const stream = await store.createStream('s', { shards, codec: textCodec })
    const border = fc.constantFrom(...evenSplit(shards).flatMap(({ start, end }) => [start, end]))
    const anyHash = fc.oneof(border, fc.bigInt({ min: 0n, max: 2n ** 128n - 1n })).map(String)
    const entry = fc.record({
      partitionKey: fc.string({ unit: 'binary', minLength: 1, maxLength: 40 }),
      data: fc.constant('x'),
      explicitHashKey: fc.option(anyHash, { nil: undefined }),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(entry, { minLength: 1, maxLength: 60 }), async (entries) => {
        const results = await stream.putBatch(entries)
        const chosen = results.map((result) => (result.ok ? Number(result.shardId.slice(-12)) : -1))
        expect(chosen).toEqual(entries.map((one) => shardFor(one, shards)))
      }),
      { numRuns: 30 },
    )
    const records = await collect(stream.read({ from: 'oldest', until: 'tail' }))
    for (const record of records) {
      expect(shardFor(record, shards)).toBe(Number(record.shardId.slice(-12)))
    }
  })

  it.each([
    ['a', 0],
    ['partitionKey1', 3],
    ['user-123', 2],
    ['héllo', 2],
  ])('routes %s of four shards to shard %i, as AWS does', async (key, shard) => {
    const { store } = await openSubject({ answers })
    const stream = await store.createStream('s', { shards: 4 })
    expect((await stream.put(key, bytesOf('x'))).shardId).toBe(`shardId-00000000000${shard}`)
  })

  it('keeps an explicit hash key with the record, on one shard too', async () => {
    const { store } = await openSubject({ answers })
    const stream = await store.createStream('s')
    await stream.put('k', bytesOf('x'), { explicitHashKey: '12345678901234567890' })
    const [record] = await collect(stream.read({ from: 'oldest', until: 'tail' }))
    expect(record?.explicitHashKey).toBe('12345678901234567890')
  })

  it('stores a batch that is larger than what the engine takes at once', async () => {
    const { store, faults } = await openSubject({ answers, caps: { maxBatchRecords: 10 } })
    const stream = await store.createStream('s', { codec: jsonCodec<number>() })
    const entries = Array.from({ length: 95 }, (_, n) => ({ partitionKey: 'k', data: n }))
    expect((await stream.putBatch(entries)).every(({ ok }) => ok)).toBe(true)
    expect(faults.calls('append')).toBe(10)
    const records = await collect(stream.read({ from: 'oldest', until: 'tail' }))
    expect(records.map(({ data }) => data)).toEqual(entries.map(({ data }) => data))
  })

  it('takes records that come while a commit is under way together afterwards', async () => {
    const { store, faults } = await openSubject({ answers })
    const stream = await store.createStream('s', { codec: jsonCodec<number>() })
    await stream.put('k', -1)
    faults.refuseAppend(Refusal.busy)
    const release = faults.hold('flush')
    const first = stream.put('k', 0)
    await new Promise((resolve) => setImmediate(resolve))
    const later = Array.from({ length: 50 }, (_, n) => stream.put('k', n + 1))
    await new Promise((resolve) => setImmediate(resolve))
    const batch = stream.putBatch([{ partitionKey: 'k', data: 51 }])
    const last = stream.put('k', 52)
    release()
    await Promise.all([first, ...later, batch, last])
    const records = await collect(stream.read({ from: 'oldest', until: 'tail' }))
    expect(records.map(({ data }) => data)).toEqual(Array.from({ length: 54 }, (_, n) => n - 1))
    expect(faults.calls('append')).toBeLessThanOrEqual(6)
  })
})

describe.each(bothAnswers)('what an engine refuses at run time, answering %s', (answers) => {
  it('waits for the disk when the log is busy, and tries again', async () => {
    const { store, faults } = await openSubject({ answers })
    const stream = await store.createStream('s')
    faults.refuseAppend(Refusal.busy)
    faults.refuseAppend(Refusal.busy)
    await stream.put('k', bytesOf('x'))
    expect(faults.calls('flush')).toBe(2)
  })

  it('gives up on a log that stays busy', async () => {
    const { store, faults } = await openSubject({ answers })
    const stream = await store.createStream('s')
    for (let n = 0; n < 1000; n++) faults.refuseAppend(Refusal.busy)
    await expect(stream.put('k', bytesOf('x'))).rejects.toMatchObject({ code: 'ERR_MILLRACE_BACKLOG' })
  })

  it.each([
    ['sealed', Refusal.sealed, 'ERR_MILLRACE_SHARD_SEALED'],
    ['full', Refusal.full, 'ERR_MILLRACE_NO_SPACE'],
    ['unknown', Refusal.unknown, 'ERR_MILLRACE_UNKNOWN_OUTCOME'],
    ['a count of nothing', 0 as never, 'ERR_MILLRACE_IO'],
  ])('reports %s, and never sends the record again', async (_what, refusal, code) => {
    const { store, faults } = await openSubject({ answers })
    const stream = await store.createStream('s')
    faults.refuseAppend(refusal)
    await expect(stream.put('k', bytesOf('x'))).rejects.toMatchObject({
      code,
      details: { stream: 's', shardId: 'shardId-000000000000' },
    })
    expect(faults.calls('append')).toBe(1)
    await stream.put('k', bytesOf('y'))
  })

  it('refuses only the entries of the shard that failed', async () => {
    const { store, faults } = await openSubject({ answers })
    const stream = await store.createStream('s', { shards: 2, codec: jsonCodec<number>() })
    const entries = Array.from({ length: 40 }, (_, n) => ({ partitionKey: `k${n}`, data: n }))
    const failing = shardFor({ partitionKey: 'k0' }, 2)
    faults.fail('append', invalidArgument('x', 1, 'y'))
    const results = await stream.putBatch(entries)
    const expected = entries.map((entry) =>
      shardFor(entry, 2) === failing ? 'ERR_MILLRACE_INVALID_ARGUMENT' : 'stored',
    )
    expect(results.map(codeOf)).toEqual(expected)
    expect(new Set(expected).size).toBe(2)
    const records = await collect(stream.read({ from: 'oldest', until: 'tail' }))
    expect(records.length).toBe(expected.filter((one) => one === 'stored').length)
  })

  it('stores as much as fits and refuses the rest when the disk fills up', async () => {
    const disk = new ModelDisk(3000)
    const { store } = await openSubject({ answers, disk })
    const stream = await store.createStream('s')
    const entries = Array.from({ length: 50 }, () => ({ partitionKey: 'k', data: new Uint8Array(100) }))
    const codes = (await stream.putBatch(entries)).map(codeOf)
    const stored = codes.lastIndexOf('stored') + 1
    expect(stored).toBeGreaterThan(5)
    expect(stored).toBeLessThan(50)
    expect(codes).toEqual(codes.map((_, n) => (n < stored ? 'stored' : 'ERR_MILLRACE_NO_SPACE')))
    expect((await collect(stream.read({ from: 'oldest', until: 'tail' }))).length).toBe(stored)
    disk.capacityBytes = 1e9
    expect((await stream.putBatch(entries)).every(({ ok }) => ok)).toBe(true)
  })

  it('wraps what is no error of ours', async () => {
    const { store, faults } = await openSubject({ answers })
    const stream = await store.createStream('s')
    const cause = new RangeError('surprise')
    faults.fail('append', cause)
    await expect(stream.put('k', bytesOf('x'))).rejects.toMatchObject({ code: 'ERR_MILLRACE_IO', cause })
  })
})

describe('append', () => {
  it('stores within the call, after the puts before it', async () => {
    const { store } = await openSubject()
    const stream = await store.createStream('s', { codec: textCodec, shards: 3 })
    const put = stream.put('k', 'a')
    const stored = stream.append('k', 'b', { explicitHashKey: undefined })
    expect(stored.sequenceNumber > (await put).sequenceNumber).toBe(true)
    const reader = stream.read({ from: 'oldest', until: 'tail' })
    expect((await collect(reader)).map(({ data }) => data).join('')).toBe('ab')
  })

  it('is refused by name on an engine that answers later, and stores nothing', async () => {
    const { store } = await openSubject({ answers: 'later' })
    const stream = await store.createStream('s')
    expect(() => stream.append('k', bytesOf('x'))).toThrow(
      expect.objectContaining({
        code: 'ERR_MILLRACE_UNSUPPORTED',
        message: expect.stringContaining('use put()'),
      }),
    )
    expect(await collect(stream.read({ from: 'oldest', until: 'tail' }))).toEqual([])
  })

  it.each([
    ['sealed', Refusal.sealed, 'ERR_MILLRACE_SHARD_SEALED'],
    ['full', Refusal.full, 'ERR_MILLRACE_NO_SPACE'],
    ['busy', Refusal.busy, 'ERR_MILLRACE_BACKLOG'],
    ['unknown', Refusal.unknown, 'ERR_MILLRACE_UNKNOWN_OUTCOME'],
  ])('throws when the log is %s', async (_what, refusal, code) => {
    const { store, faults } = await openSubject()
    const stream = await store.createStream('s')
    await settled() // while a command is under way, others may be resharding
    faults.refuseAppend(refusal)
    expect(() => stream.append('k', bytesOf('x'))).toThrow(expect.objectContaining({ code }))
    stream.append('k', bytesOf('y'))
  })

  it('does not overtake puts that wait for the disk', async () => {
    const { store, faults } = await openSubject()
    const stream = await store.createStream('s')
    faults.refuseAppend(Refusal.busy)
    const release = faults.hold('flush')
    const put = stream.put('k', bytesOf('x'))
    expect(() => stream.append('k', bytesOf('y'))).toThrow(
      expect.objectContaining({ code: 'ERR_MILLRACE_BACKLOG' }),
    )
    release()
    await put
    stream.append('k', bytesOf('y'))
  })

  it('refuses what put refuses, and stores nothing', async () => {
    const { store } = await openSubject()
    const stream = await store.createStream('s')
    expect(() => stream.append('', bytesOf('x'))).toThrow('partitionKey')
    expect(() => stream.append('k', 7 as never)).toThrow('data')
    expect(() => stream.append('k', new Uint8Array(MiB))).toThrow('bytes together')
    expect(() => stream.append('k', bytesOf('x'), { hashKey: '1' } as never)).toThrow('"hashKey"')
    expect(await collect(stream.read({ from: 'oldest', until: 'tail' }))).toEqual([])
  })
})

describe('a clock that breaks', () => {
  it('refuses what is put, and loses no answer', async () => {
    const { store, clock } = await openSubject()
    const stream = await store.createStream('s')
    const tell = clock.nowMs.bind(clock)
    clock.nowMs = () => {
      throw new Error('no time')
    }
    await expect(stream.put('k', bytesOf('1'))).rejects.toMatchObject({ code: 'ERR_MILLRACE_IO' })
    const results = await stream.putBatch([{ partitionKey: 'k', data: bytesOf('2') }])
    expect(results.map(codeOf)).toEqual(['ERR_MILLRACE_IO'])
    clock.nowMs = tell
    await stream.put('k', bytesOf('3'))
    const records = await collect(stream.read({ from: 'oldest', until: 'tail' }))
    expect(records.map(({ data }) => Buffer.from(data).toString())).toEqual(['3'])
  })

  it('refuses an append with the same error', async () => {
    const { store, clock } = await openSubject()
    const stream = await store.createStream('s')
    clock.nowMs = () => {
      throw new Error('no time')
    }
    expect(() => stream.append('k', bytesOf('1'))).toThrow(
      expect.objectContaining({ code: 'ERR_MILLRACE_IO' }),
    )
  })

  it('takes back nothing that is stored', async () => {
    const { store, clock } = await openSubject()
    const stream = await store.createStream('s')
    clock.after = () => {
      throw new Error('no timers')
    }
    stream.append('k', bytesOf('1'))
    const results = await stream.putBatch([{ partitionKey: 'k', data: bytesOf('2') }])
    expect(results.map(codeOf)).toEqual(['stored'])
    const records = await collect(stream.read({ from: 'oldest', until: 'tail' }))
    expect(records).toHaveLength(2)
  })
})

describe('results', () => {
  it('show themselves to people and to JSON', async () => {
    const { store } = await openSubject()
    const stream = await store.createStream('s')
    const stored = stream.append('k', bytesOf('x'))
    const shown = {
      ok: true,
      shardId: 'shardId-000000000000',
      sequenceNumber: stored.sequenceNumber,
      arrivedAtMs: stored.arrivedAtMs,
      durable: false,
    }
    expect(JSON.parse(JSON.stringify(stored))).toEqual(shown)
    expect(inspect(stored)).toContain(`sequenceNumber: '${stored.sequenceNumber}'`)
  })
})

describe('a codec that changes the list of entries while it encodes', () => {
  it('changes nothing that was handed over', async () => {
    const { store } = await openSubject()
    const entries = [
      { partitionKey: 'a', data: '1' },
      { partitionKey: 'b', data: '2' },
    ]
    const meddling: Codec<string> = {
      ...textCodec,
      encode: (text) => {
        entries[1] = { partitionKey: 'c', data: '3' }
        entries.push({ partitionKey: 'd', data: '4' })
        return text
      },
    }
    const stream = await store.createStream('s', { codec: meddling })
    expect(await stream.putBatch(entries)).toHaveLength(2)
    const records = await collect(stream.read({ from: 'oldest', until: 'tail' }))
    expect(records.map(({ partitionKey, data }) => partitionKey + data)).toEqual(['a1', 'b2'])
  })
})

describe('a codec that puts records while it encodes', () => {
  it('disturbs neither its batch nor the records it puts', async () => {
    const { store } = await openSubject()
    const inner = await store.createStream('s', { codec: textCodec })
    const puts: Promise<unknown>[] = []
    const nosy: Codec<string> = {
      ...textCodec,
      encode: (text) => {
        puts.push(inner.put('inner', `inner ${text}`))
        return text
      },
    }
    const outer = store.stream('s', { codec: nosy })
    const results = await outer.putBatch(['a', 'b'].map((data) => ({ partitionKey: 'outer', data })))
    await Promise.all(puts)
    expect(results.map(({ ok }) => ok)).toEqual([true, true])
    const records = await collect(inner.read({ from: 'oldest', until: 'tail' }))
    expect(records.map(({ partitionKey, data }) => `${partitionKey}: ${data}`).toSorted()).toEqual([
      'inner: inner a',
      'inner: inner b',
      'outer: a',
      'outer: b',
    ])
  })
})
