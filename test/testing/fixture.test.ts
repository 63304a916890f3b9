import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { recordView } from '../../src/cli/record-view.ts'
import { jsonCodec } from '../../src/streams/codec.ts'
import type { StoredRecord } from '../../src/streams/record.ts'
import { drain } from '../../src/testing/drain.ts'
import { type FixtureSource, loadFixture, recordFixture } from '../../src/testing/fixture.ts'
import type { FixtureRecord } from '../../src/testing/fixture-record.ts'
import { ManualClock } from '../../src/testing/manual-clock.ts'
import { testStore } from '../../src/testing/test-store.ts'
import { bytesOf } from '../streams/subject.ts'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-fixture-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const startMs = Date.UTC(2026, 0, 1)

/** What a fixture is about, of each record. */
function told(records: readonly StoredRecord<unknown>[]): unknown[] {
  return records.map(({ partitionKey, explicitHashKey, arrivedAtMs, bytes }) => ({
    partitionKey,
    explicitHashKey,
    arrivedAtMs,
    text: Buffer.from(bytes).toString('latin1'),
  }))
}

async function loaded(source: FixtureSource): Promise<unknown[]> {
  await using store = await testStore()
  const stream = await store.createStream('clicks')
  await loadFixture(stream, source)
  return told(await drain(stream))
}

describe('loadFixture', () => {
  const lines = [
    '{"partitionKey":"a","data":"grüß"}',
    '',
    '{"partitionKey":"b","dataBase64":"AP8=","explicitHashKey":"7"}',
    '{"partitionKey":"c","json":{"page":"/","n":[1,null]}}',
    '{"partitionKey":"d","json":null}\r',
    '{"partitionKey":"e","data":""}',
  ]
  const expected = [
    { partitionKey: 'a', text: Buffer.from('grüß').toString('latin1') },
    { partitionKey: 'b', text: '\x00\xff', explicitHashKey: '7' },
    { partitionKey: 'c', text: '{"page":"/","n":[1,null]}' },
    { partitionKey: 'd', text: 'null' },
    { partitionKey: 'e', text: '' },
  ].map((record) => ({ explicitHashKey: undefined, arrivedAtMs: startMs, ...record }))

  it('stores each line of a file, in order', async () => {
    const file = join(folder, 'clicks.ndjson')
    await writeFile(file, `${lines.join('\n')}\n`)
    expect(await loaded(file)).toEqual(expected)
    expect(await loaded(pathToFileURL(file))).toEqual(expected)
  })

  it('stores lines, and records, that are handed to it', async () => {
    expect(await loaded(lines)).toEqual(expected)
    const records = [{ partitionKey: 'a', json: { n: 1 } }, '{"partitionKey":"a","data":"2"}']
    expect(await loaded(new Set(records))).toMatchObject([{ text: '{"n":1}' }, { text: '2' }])
  })

  it('answers where each record lies now', async () => {
    await using store = await testStore()
    const stream = await store.createStream('clicks')
    const stored = await loadFixture(stream, lines)
    const held = await drain(stream)
    expect(stored.map(({ sequenceNumber }) => sequenceNumber)).toEqual(
      held.map(({ sequenceNumber }) => sequenceNumber),
    )
  })

  it('stores the bytes as they stand there, past the codec', async () => {
    await using store = await testStore()
    const stream = await store.createStream('clicks', { codec: jsonCodec() })
    await loadFixture(stream, ['{"partitionKey":"a","data":"{\\"n\\": 1}"}'])
    const [record] = await drain(stream)
    expect(record?.data).toEqual({ n: 1 })
    expect(record?.bytes).toEqual(bytesOf('{"n": 1}'))
  })

  it('lets as much time pass as passed between the records, if it has the clock', async () => {
    await using store = await testStore()
    const stream = await store.createStream('clicks')
    const times = [5_000, 5_000, undefined, 6_500, 86_405_000]
    const records = times.map((arrivedAtMs, n): FixtureRecord => ({
      partitionKey: 'a',
      data: `${n}`,
      arrivedAtMs,
    }))
    await loadFixture(stream, records, { clock: store.clock })
    const held = await drain(stream)
    expect(held.map(({ arrivedAtMs }) => arrivedAtMs - startMs)).toEqual([0, 0, 0, 1_500, 86_400_000])
  })

  it('stores more than one batch', async () => {
    await using store = await testStore()
    const stream = await store.createStream('clicks', { shards: 3 })
    const records = Array.from({ length: 1_234 }, (_, n) => ({ partitionKey: `${n}`, data: `${n}` }))
    expect(await loadFixture(stream, records)).toHaveLength(1_234)
    expect(await drain(stream)).toHaveLength(1_234)
  })

  it.each([
    ['{"partitionKey":"a","data":1}', 'ERR_MILLRACE_INVALID_ARGUMENT', /:3: data must be a text, got 1/],
    ['{"partitionKey":"a"}', 'ERR_MILLRACE_INVALID_ARGUMENT', /:3: the payload must be one of/],
    [
      '{"partitionKey":"a","data":"","json":1}',
      'ERR_MILLRACE_INVALID_ARGUMENT',
      /:3: the payload must be one of/,
    ],
    ['{"data":"a"}', 'ERR_MILLRACE_INVALID_ARGUMENT', /:3: partitionKey must be/],
    ['{"partitionKey":"","data":"a"}', 'ERR_MILLRACE_INVALID_ARGUMENT', /:3: partitionKey must be/],
    [
      '{"partitionKey":"a","dataBase64":"=?"}',
      'ERR_MILLRACE_INVALID_ARGUMENT',
      /:3: dataBase64 must be Base64/,
    ],
    ['{"partitionKey":"a","dataBase64":7}', 'ERR_MILLRACE_INVALID_ARGUMENT', /:3: dataBase64 must be Base64/],
    [
      '{"partitionKey":"a","data":"a","explicitHashKey":"x"}',
      'ERR_MILLRACE_INVALID_ARGUMENT',
      /:3: explicitHashKey/,
    ],
    [
      '{"partitionKey":"a","data":"a","arrivedAtMs":"x"}',
      'ERR_MILLRACE_INVALID_ARGUMENT',
      /:3: arrivedAtMs must/,
    ],
    ['{"partitionKey":"a","data":"\\ud800"}', 'ERR_MILLRACE_INVALID_ARGUMENT', /:3: data must be a text/],
    ['{"partitionKey":"a","Data":"a"}', 'ERR_MILLRACE_UNKNOWN_OPTION', /:3: a record: "Data" is not known/],
    ['{"partitionKey":"a",', 'ERR_MILLRACE_INVALID_ARGUMENT', /:3: the line is not JSON: /],
    ['[1]', 'ERR_MILLRACE_INVALID_ARGUMENT', /:3: a record must be an object/],
  ])('refuses %s by its line, and stores nothing', async (line, code, message) => {
    await using store = await testStore()
    const stream = await store.createStream('clicks')
    const file = join(folder, 'bad.ndjson')
    await writeFile(file, `{"partitionKey":"a","data":"good"}\n\n${line}\n`)
    const refused = loadFixture(stream, file)
    await expect(refused).rejects.toMatchObject({ code, details: { line: 3 } })
    await expect(refused).rejects.toThrow(message)
    expect(await drain(stream)).toEqual([])
  })

  it('refuses a record that is too large, and stores nothing', async () => {
    await using store = await testStore()
    const stream = await store.createStream('clicks')
    const records = [
      { partitionKey: 'a', data: '' },
      { partitionKey: 'a', data: 'x'.repeat(1024 * 1024) },
    ]
    await expect(loadFixture(stream, records)).rejects.toMatchObject({
      code: 'ERR_MILLRACE_RECORD_TOO_LARGE',
      details: { line: 2 },
    })
    expect(await drain(stream)).toEqual([])
  })

  it('refuses to go back in time', async () => {
    await using store = await testStore()
    const stream = await store.createStream('clicks')
    const records = [2, 1].map((arrivedAtMs) => ({ partitionKey: 'a', data: '', arrivedAtMs }))
    await expect(loadFixture(stream, records, { clock: store.clock })).rejects.toThrow(
      /^fixture:2: arrivedAtMs/,
    )
    expect(await loadFixture(stream, records)).toHaveLength(2)
  })

  it('says which file it cannot read', async () => {
    await using store = await testStore()
    const stream = await store.createStream('clicks')
    const file = join(folder, 'missing.ndjson')
    await expect(loadFixture(stream, file)).rejects.toMatchObject({
      code: 'ERR_MILLRACE_IO',
      details: { path: file },
    })
    await expect(loadFixture(stream, 7 as unknown as string)).rejects.toThrow(/source must be a path/)
    const clock = { clock: {} as ManualClock }
    await expect(loadFixture(stream, [], clock)).rejects.toThrow(
      /clock must be an object with the methods nowMs, .*advance/,
    )
  })
})

describe('recordFixture', () => {
  it('writes lines that a person can read and loadFixture understands', async () => {
    await using store = await testStore()
    const stream = await store.createStream('clicks', { shards: 4 })
    const payloads = ['{"page":"/"}', '{"page": "/"}', 'grüß', '[1]', '{"a":1,"a":2}', '7', '']
    for (const [n, payload] of payloads.entries()) {
      await stream.put(`key-${n}`, bytesOf(payload))
      await store.advance(n + 1)
    }
    await stream.put('binary', Uint8Array.of(255, 0), { explicitHashKey: '12' })
    const file = join(folder, 'recorded.ndjson')
    expect(await recordFixture(stream, file)).toBe(8)
    const lines = (await readFile(file, 'utf8')).trimEnd().split('\n')
    const arrivals = [0, 1, 3, 6, 10, 15, 21, 28].map((ms) => `{"arrivedAtMs":${startMs + ms},`)
    expect(lines).toEqual(
      [
        '"partitionKey":"key-0","json":{"page":"/"}}',
        '"partitionKey":"key-1","data":"{\\"page\\": \\"/\\"}"}',
        '"partitionKey":"key-2","data":"grüß"}',
        '"partitionKey":"key-3","json":[1]}',
        '"partitionKey":"key-4","data":"{\\"a\\":1,\\"a\\":2}"}',
        '"partitionKey":"key-5","data":"7"}',
        '"partitionKey":"key-6","data":""}',
        '"partitionKey":"binary","explicitHashKey":"12","dataBase64":"/wA="}',
      ].map((rest, n) => `${arrivals[n]}${rest}`),
    )
  })

  it('makes a fixture of any records that another stream holds just as well', async () => {
    const record = fc.record({
      key: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }),
      data: fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.json().map(bytesOf), fc.string().map(bytesOf)),
      pauseMs: fc.nat(2000),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(record, { maxLength: 20 }), async (records) => {
        await using store = await testStore()
        const from = await store.createStream('from', { shards: 3 })
        for (const { key, data, pauseMs } of records) {
          await from.put(key, data)
          await store.advance(pauseMs)
        }
        const file = join(folder, 'any.ndjson')
        await recordFixture(from, file)
        const startedAtMs = (await drain(from))[0] === undefined ? 0 : startMs
        await using other = await testStore({ clock: new ManualClock(startedAtMs) })
        const to = await other.createStream('to', { shards: 3 })
        await loadFixture(to, file, { clock: other.clock })
        expect(told(await drain(to))).toEqual(told(await drain(from)))
      }),
      { numRuns: 50 },
    )
  })

  it('keeps records without a partition key, for a stream that takes them', async () => {
    await using store = await testStore()
    const spreading = { mode: 'ON_DEMAND', distribution: 'AUTO' } as const
    const [from, to] = [
      await store.createStream('from', spreading),
      await store.createStream('to', spreading),
    ]
    await from.putBatch([{ data: bytesOf('x') }, { partitionKey: 'a', data: bytesOf('y') }])
    const file = join(folder, 'keyless.ndjson')
    await recordFixture(from, file)
    expect(await readFile(file, 'utf8')).toMatch(/^\{"arrivedAtMs":\d+,"data":"x"\}$/m)
    await loadFixture(to, file)
    expect(told(await drain(to))).toEqual(told(await drain(from)))
    const plain = await store.createStream('plain')
    await expect(loadFixture(plain, file)).rejects.toThrow(/:1: partitionKey must be/)
  })

  it('writes only what it is asked for', async () => {
    await using store = await testStore()
    const stream = await store.createStream('clicks')
    const first = await stream.put('a', bytesOf('1'))
    await stream.put('a', bytesOf('2'))
    const file = join(folder, 'some.ndjson')
    expect(await recordFixture(stream, file, { from: 'sequence', sequence: first.sequenceNumber })).toBe(1)
  })

  it('says which file it cannot write', async () => {
    await using store = await testStore()
    const stream = await store.createStream('clicks')
    const file = join(folder, 'missing', 'clicks.ndjson')
    await expect(recordFixture(stream, file)).rejects.toMatchObject({
      code: 'ERR_MILLRACE_IO',
      details: { path: file },
    })
  })
})

it('a fixture is also what the command prints of a stream', async () => {
  await using store = await testStore()
  const stream = await store.createStream('clicks')
  await stream.put('a', Uint8Array.of(255, 0))
  await stream.put('b', bytesOf('grüß'), { explicitHashKey: '7' })
  const print = recordView('ndjson')
  const printed: string[] = []
  for await (const batch of stream.readBatches({ from: 'oldest', until: 'tail' })) {
    for (let index = 0; index < batch.length; index++)
      printed.push(Buffer.concat(print(batch, index)).toString())
  }
  expect(await loaded(printed)).toEqual(told(await drain(stream)))
})
