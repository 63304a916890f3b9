/** `append` on the embedded engine, whose usual records take a short way that nobody must notice. */
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { jsonCodec, open, type Store, type Stream } from '../src/index.ts'
import { evenSplit } from '../src/streams/hash-key.ts'

const shards = 4

function shardOf(partitionKey: string): number {
  const hash = BigInt(`0x${createHash('md5').update(partitionKey).digest('hex')}`)
  return evenSplit(shards).findIndex(({ start, end }) => start <= hash && hash <= end)
}

async function stored(stream: Stream): Promise<[key: string, text: string, sequence: string][]> {
  const found: [string, string, string][] = []
  for await (const record of stream.read({ from: 'oldest', until: 'tail' }))
    found.push([record.partitionKey, Buffer.from(record.data).toString(), record.sequenceNumber])
  return found
}

describe.each(['memory', 'folder'])('append in a store in %s', (place) => {
  let folder: string
  let store: Store
  let stream: Stream

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'millrace-append-'))
    store = await open(place === 'memory' ? 'memory:' : folder)
    stream = await store.createStream('s', { shards })
  })
  afterEach(async () => {
    await store.close()
    rmSync(folder, { recursive: true, force: true })
  })

  it('sends every kind of key to its shard, as often as it comes', async () => {
    const keys = [
      'user-1',
      'k',
      'k'.repeat(256),
      '\u00fcber',
      '\u{1f600}'.repeat(256),
      '\ufffd',
      '\0',
      'user-1',
    ]
    const expected: unknown[] = []
    for (const key of [...keys, ...keys]) {
      const answer = stream.append(key, Buffer.from(key))
      expect(answer.shardId).toBe(`shardId-00000000000${shardOf(key)}`)
      expected.push([key, key, answer.sequenceNumber])
    }
    expect((await stored(stream)).toSorted()).toEqual(expected.toSorted())
  })

  it('refuses what put refuses, on both ways', async () => {
    for (let round = 0; round < 2; round++) {
      const refused: readonly [unknown, unknown, string][] = [
        ['', Buffer.from('x'), 'ERR_MILLRACE_INVALID_ARGUMENT'],
        [7, Buffer.from('x'), 'ERR_MILLRACE_INVALID_ARGUMENT'],
        ['k'.repeat(257), Buffer.from('x'), 'ERR_MILLRACE_INVALID_ARGUMENT'],
        ['a\ud800', Buffer.from('x'), 'ERR_MILLRACE_INVALID_ARGUMENT'],
        ['k', 'x', 'ERR_MILLRACE_INVALID_ARGUMENT'],
        ['k', Buffer.alloc(1024 * 1024), 'ERR_MILLRACE_RECORD_TOO_LARGE'],
      ]
      for (const [key, data, code] of refused)
        expect(() => stream.append(key as string, data as Uint8Array)).toThrow(
          expect.objectContaining({ code }),
        )
      const gone = new Uint8Array(8)
      structuredClone(gone.buffer, { transfer: [gone.buffer] })
      expect(() => stream.append('k', gone)).toThrow(
        expect.objectContaining({ code: 'ERR_MILLRACE_INVALID_ARGUMENT' }),
      )
      for (let shard = 0; shard < 40; shard++) stream.append(`key-${shard}`, Buffer.from('x'))
    }
    expect(await stored(stream)).toHaveLength(80)
  })

  it('takes empty data, memory that threads share, and tiny arrays', async () => {
    for (let round = 0; round < 3; round++) {
      stream.append('k', new Uint8Array())
      const shared = new Uint8Array(new SharedArrayBuffer(3))
      shared.set(Buffer.from('abc'))
      stream.append('k', shared)
      stream.append('k', Uint8Array.of(0x64, 0x65))
    }
    const texts = (await stored(stream)).map(([, text]) => text)
    expect(texts).toEqual(['', 'abc', 'de', '', 'abc', 'de', '', 'abc', 'de'])
  })

  it('keeps the order of puts that were made before it', async () => {
    stream.append('k', Buffer.from('0'))
    const first = stream.put('k', Buffer.from('1'))
    const second = stream.append('k', Buffer.from('2'))
    expect(second.sequenceNumber > (await first).sequenceNumber).toBe(true)
    stream.append('k', Buffer.from('3'))
    expect((await stored(stream)).map(([, text]) => text)).toEqual(['0', '1', '2', '3'])
  })

  it('wakes who waits, and obeys explicit hash keys and codecs', async () => {
    const texts = store.stream('s', { codec: jsonCodec<number>() })
    texts.append('k', 0)
    const reader = texts.read({ from: 'latest' })
    const next = reader.next()
    texts.append('k', 1)
    expect((await next).value?.data).toBe(1)
    await reader.return()
    const hashed = stream.append('k', Buffer.from('2'), { explicitHashKey: '0' })
    expect(hashed.shardId).toBe('shardId-000000000000')
  })

  it('is refused once the stream is deleted and the store closed', async () => {
    stream.append('k', Buffer.from('0'))
    const other = await store.createStream('other')
    other.append('k', Buffer.from('0'))
    await store.deleteStream('s')
    expect(() => stream.append('k', Buffer.from('1'))).toThrow(
      expect.objectContaining({ code: 'ERR_MILLRACE_STREAM_NOT_FOUND' }),
    )
    await store.close()
    expect(() => other.append('k', Buffer.from('1'))).toThrow(
      expect.objectContaining({ code: 'ERR_MILLRACE_CLOSED' }),
    )
  })
})
