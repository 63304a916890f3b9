import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { open, type OpenOptions } from '../src/open.ts'
import { textCodec } from '../src/streams/codec.ts'
import type { Store } from '../src/streams/store.ts'
import type { Stream } from '../src/streams/stream.ts'
import { ManualClock, settled } from './model/manual-clock.ts'
import { ScratchFolder } from './native/scratch-folder.ts'

const scratch = new ScratchFolder()
const stores: Store[] = []
afterEach(async () => {
  await Promise.all(stores.splice(0).map((store) => store.close()))
})
afterAll(() => scratch.remove())

const hourMs = 3_600_000

async function opened(folder: string, options: OpenOptions = {}): Promise<Store> {
  const store = await open(folder, options)
  stores.push(store)
  return store
}

/** A store and a reader of it. */
async function pair(options: OpenOptions = {}): Promise<{
  readonly folder: string
  readonly writer: Store
  readonly reader: Store
}> {
  const folder = scratch.fresh()
  const writer = await opened(folder, { durability: 'none', ...options })
  return { folder, writer, reader: await opened(folder, { ...options, readOnly: true }) }
}

async function textsOf(stream: Stream<string>): Promise<string[]> {
  const texts: string[] = []
  for await (const { data } of stream.read({ from: 'oldest', until: 'tail' })) texts.push(data)
  return texts
}

/** Every file below a folder, with its size and the times of its last change. */
function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => {
      const { size, mtimeMs } = statSync(join(folder, name))
      return `${name} ${size} ${name.endsWith('wake') ? '' : mtimeMs}`
    })
    .toSorted()
}

/** Names of all segments of shards, sorted. */
function segmentsIn(folder: string): string[] {
  return readdirSync(join(folder, 'shards'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.seg'))
    .toSorted()
}

describe('a store that is opened with readOnly', () => {
  it('has the streams and records of a writer that has it open', async () => {
    const { writer, reader } = await pair()
    const written = await writer.createStream('s', { codec: textCodec, shards: 4 })
    expect(reader.listStreams()).toEqual(writer.listStreams())
    const read = reader.stream('s', { codec: textCodec })
    for (const text of ['one', 'two', 'three']) written.append('k', text)
    expect(await textsOf(read)).toEqual(['one', 'two', 'three'])
    expect(read.describe()).toEqual(written.describe())
    expect(read.shards()).toEqual(written.shards())
    expect((await read.stats()).recordsMax).toBe(3)
  })

  it('can be opened when nobody writes it, by any number at once, and leaves every file as it was', async () => {
    const folder = scratch.fresh()
    const writer = await open(folder)
    const stream = await writer.createStream('s', { codec: textCodec })
    for (let n = 0; n < 100; n++) stream.append('k', `${n}`)
    await writer.close()
    const before = filesIn(folder)
    const readers = await Promise.all([1, 2, 3].map(() => opened(folder, { readOnly: true })))
    for (const reader of readers) {
      expect(await textsOf(reader.stream('s', { codec: textCodec }))).toHaveLength(100)
      const waiting = reader.stream('s').read({ from: 'latest' })
      const next = waiting.next()
      await settled()
      await waiting.return()
      await next
    }
    await Promise.all(stores.splice(0).map((store) => store.close()))
    expect(filesIn(folder)).toEqual(before)
  })

  it('tails what is appended, also to shards that had no files when it began to wait', async () => {
    const { writer, reader } = await pair()
    const written = await writer.createStream('s', { codec: textCodec, shards: 8 })
    const tail = reader.stream('s', { codec: textCodec }).read({ from: 'latest' })
    for (let n = 0; n < 200; n++) {
      const next = tail.next()
      if (n % 3 === 0) await settled()
      written.append(`key-${n % 50}`, `${n}`)
      expect((await next).value?.data).toBe(`${n}`)
    }
    await tail.return()
  })

  it('finds a stream as soon as the call that created it is over', async () => {
    const { writer, reader } = await pair()
    for (let n = 0; n < 20; n++) {
      const written = await writer.createStream(`s${n}`, { codec: textCodec })
      written.append('k', `${n}`)
      expect(await textsOf(reader.stream(`s${n}`, { codec: textCodec }))).toEqual([`${n}`])
    }
    expect(reader.listStreams()).toHaveLength(20)
  })

  it('tells who uses a stream that the writer deleted it, also who waits', async () => {
    const { writer, reader } = await pair()
    const written = await writer.createStream('s')
    written.append('k', Buffer.from('x'))
    const read = reader.stream('s')
    const waits = [read.read({ from: 'latest' }).next(), read.readBatches({ from: 'latest' }).next()]
    const outcomes = Promise.allSettled(waits)
    await settled()
    await writer.deleteStream('s')
    for (const outcome of await outcomes) {
      expect(outcome).toMatchObject({ reason: { code: 'ERR_MILLRACE_STREAM_NOT_FOUND' } })
    }
    expect(() => reader.stream('s')).toThrow(
      expect.objectContaining({ code: 'ERR_MILLRACE_STREAM_NOT_FOUND' }),
    )
    expect(() => read.describe()).toThrow(expect.objectContaining({ code: 'ERR_MILLRACE_STREAM_NOT_FOUND' }))
  })

  it('keeps a stream apart from the one of its name that was deleted', async () => {
    const { writer, reader } = await pair()
    ;(await writer.createStream('s', { codec: textCodec })).append('k', 'old')
    const old = reader.stream('s', { codec: textCodec })
    expect(await textsOf(old)).toEqual(['old'])
    await writer.deleteStream('s')
    ;(await writer.createStream('s', { codec: textCodec })).append('k', 'new')
    expect(await textsOf(reader.stream('s', { codec: textCodec }))).toEqual(['new'])
    expect(() => old.describe()).toThrow(expect.objectContaining({ code: 'ERR_MILLRACE_STREAM_NOT_FOUND' }))
  })

  it('hides what expired by its own clock, and frees nothing', async () => {
    const clock = new ManualClock()
    const { folder, writer, reader } = await pair({ clock })
    const written = await writer.createStream('s', { codec: textCodec })
    const read = reader.stream('s', { codec: textCodec })
    written.append('k', 'old')
    await clock.advance(hourMs)
    written.append('k', 'new')
    await writer.close()
    const before = filesIn(folder)
    await clock.advance(23 * hourMs + 1)
    expect(await textsOf(read)).toEqual(['new'])
    await clock.advance(48 * hourMs)
    expect(await textsOf(read)).toEqual([])
    await reader.close()
    expect(filesIn(folder)).toEqual(before)
    expect(clock.pending).toBe(0)
  })

  it('goes on at the tail while expired segments are removed, and reports to who was behind', async () => {
    const writerClock = new ManualClock()
    const readerClock = new ManualClock()
    const folder = scratch.fresh()
    const writer = await opened(folder, { clock: writerClock, durability: 'none' })
    const written = await writer.createStream('s')
    const reader = await opened(folder, { readOnly: true, clock: readerClock })
    const stream = reader.stream('s')
    const behind = stream.readBatches({ from: 'oldest', batchBytes: 65_536 })
    const tail = stream.readBatches({ from: 'latest' })
    const fill = (): void => {
      for (let n = 0; n < 100; n++) written.append('k', Buffer.alloc(60_000, n))
    }
    fill()
    expect((await behind.next()).value?.length).toBeGreaterThan(0)
    let seen = 0
    while (seen < 100) seen += (await tail.next()).value?.length ?? 0
    const first = segmentsIn(folder)[0] ?? ''
    await writerClock.advance(20 * hourMs)
    fill()
    await writerClock.advance(6 * hourMs)
    await written.flush()
    while (segmentsIn(folder).includes(first)) await settled()
    await expect(behind.next()).rejects.toMatchObject({ code: 'ERR_MILLRACE_TRIMMED' })
    while (seen < 200) seen += (await tail.next()).value?.length ?? 0
    expect((await stream.stats()).shards[0]?.segments).toBe((await written.stats()).shards[0]?.segments)
    await tail.return()
  })

  it('goes on when the writer closes and another one opens the store', async () => {
    const folder = scratch.fresh()
    const first = await open(folder)
    const stream = await first.createStream('s', { codec: textCodec })
    const reader = await opened(folder, { readOnly: true })
    const tail = reader.stream('s', { codec: textCodec }).read({ from: 'oldest' })
    stream.append('k', 'one')
    expect((await tail.next()).value?.data).toBe('one')
    await first.close()
    const next = tail.next()
    const second = await opened(folder)
    second.stream('s', { codec: textCodec }).append('k', 'two')
    expect((await next).value?.data).toBe('two')
    await tail.return()
  })

  it('refuses everything that would write', async () => {
    const { writer, reader } = await pair()
    await writer.createStream('s')
    const stream = reader.stream('s')
    const calls: readonly (() => unknown)[] = [
      () => reader.createStream('t'),
      () => reader.deleteStream('s'),
      () => stream.append('k', Buffer.from('x')),
      () => stream.put('k', Buffer.from('x')),
      () => stream.putBatch([{ partitionKey: 'k', data: Buffer.from('x') }]),
      () => stream.setRetention(48),
      () => stream.flush(),
    ]
    for (const call of calls) {
      await expect((async () => call())()).rejects.toMatchObject({ code: 'ERR_MILLRACE_READ_ONLY' })
    }
    expect(reader.listStreams()).toEqual(writer.listStreams())
  })

  it('ends its readers when it is closed, and is closed for good', async () => {
    const { writer, reader } = await pair()
    await writer.createStream('s', { shards: 3 })
    const next = reader.stream('s').read({ from: 'latest' }).next()
    await settled()
    await Promise.all([expect(next).rejects.toMatchObject({ code: 'ERR_MILLRACE_CLOSED' }), reader.close()])
    expect(() => reader.listStreams()).toThrow(expect.objectContaining({ code: 'ERR_MILLRACE_CLOSED' }))
    await reader.close()
  })
})

describe('open with readOnly refuses', () => {
  it('a folder that is missing, empty, or of something else, and makes nothing there', async () => {
    const missing = scratch.fresh()
    await expect(open(missing, { readOnly: true })).rejects.toMatchObject({
      code: 'ERR_MILLRACE_NOT_A_STORE',
    })
    expect(existsSync(missing)).toBe(false)
    const folder = scratch.fresh()
    mkdirSync(folder)
    await expect(open(folder, { readOnly: true })).rejects.toMatchObject({ code: 'ERR_MILLRACE_NOT_A_STORE' })
    expect(readdirSync(folder)).toEqual([])
    writeFileSync(join(folder, 'letter.txt'), 'Dear store')
    await expect(open(folder, { readOnly: true })).rejects.toMatchObject({ code: 'ERR_MILLRACE_NOT_A_STORE' })
    expect(readdirSync(folder)).toEqual(['letter.txt'])
  })

  it.each([
    ['a store in memory', 'memory:', { readOnly: true }, 'readOnly'],
    ['a durability beside it', 'anywhere', { readOnly: true, durability: 'process' }, 'durability'],
    ['what is neither true nor false', 'anywhere', { readOnly: 1 }, 'readOnly'],
  ])('%s, by name', async (_what, location, options, field) => {
    await expect(open(location, options as OpenOptions)).rejects.toMatchObject({
      code: 'ERR_MILLRACE_INVALID_ARGUMENT',
      details: { field },
    })
  })
})

/** Where the word `sealed` lies in a control page (docs/on-disk-format.md). */
const sealedAt = 92

function claimEnd(path: string): void {
  const page = readFileSync(path)
  expect(page.readUInt32LE(sealedAt)).toBe(0)
  page.writeUInt32LE(1, sealedAt)
  writeFileSync(path, page)
}

describe('a control page that says without reason that its log has ended', () => {
  it('ends no read of a shard', async () => {
    const folder = scratch.fresh()
    const first = await open(folder)
    await (await first.createStream('s', { codec: textCodec })).put('k', 'one')
    await first.close()
    const [shard] = readdirSync(join(folder, 'shards'))
    claimEnd(join(folder, 'shards', shard as string, 'ctl'))
    const reader = await opened(folder, { readOnly: true })
    const records = reader.stream('s', { codec: textCodec }).read({ from: 'oldest' })
    expect((await records.next()).value?.data).toBe('one')
    const later = records.next()
    const writer = await opened(folder)
    await writer.stream('s', { codec: textCodec }).put('k', 'two')
    expect(await later).toMatchObject({ done: false, value: { data: 'two' } })
    await records.return()
  })

  it('does not keep the readers of metadata busy', async () => {
    const folder = scratch.fresh()
    const first = await open(folder)
    await first.createStream('s')
    await first.close()
    claimEnd(join(folder, 'meta', 'ctl'))
    const reader = await opened(folder, { readOnly: true })
    await new Promise((resolve) => setTimeout(resolve, 0))
    expect(reader.listStreams()).toHaveLength(1)
  })
})
