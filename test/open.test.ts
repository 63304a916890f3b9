import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { open } from '../src/open.ts'
import { textCodec } from '../src/streams/codec.ts'
import type { Store } from '../src/streams/store.ts'

async function textsOf(store: Store): Promise<string[]> {
  const texts: string[] = []
  const reader = store.stream('s', { codec: textCodec }).read({ from: 'oldest', until: 'tail' })
  for await (const record of reader) texts.push(record.data)
  return texts
}

describe('open', () => {
  let folder = ''
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'millrace-open-'))
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  it('makes a store in memory that is gone when it is closed', async () => {
    const first = await open('memory:')
    const stream = await first.createStream('s', { codec: textCodec, shards: 4 })
    stream.append('a', 'one')
    await stream.put('a', 'two')
    expect(await textsOf(first)).toEqual(['one', 'two'])
    const second = await open('memory:')
    expect(second.listStreams()).toEqual([])
    await first.close()
    await second.close()
  })

  it.each(['process', 'none'] as const)(
    'keeps a store in a folder with durability %s',
    async (durability) => {
      const path = join(folder, durability)
      const store = await open(path, { durability })
      const stream = await store.createStream('s', { codec: textCodec })
      stream.append('k', 'kept')
      await store.close()
      const again = await open(pathToFileURL(path), { durability })
      expect(await textsOf(again)).toEqual(['kept'])
      await again.close()
      const asText = await open(pathToFileURL(path).href)
      expect(await textsOf(asText)).toEqual(['kept'])
      await asText.close()
    },
  )

  it('leaves nothing open when it fails, so that the folder can be opened again', async () => {
    const path = join(folder, 'twice')
    const store = await open(path)
    await expect(open(path)).rejects.toMatchObject({ code: 'ERR_MILLRACE_STORE_BUSY' })
    await store.createStream('s')
    await store.close()
    const again = await open(path)
    expect(again.listStreams().map(({ name }) => name)).toEqual(['s'])
    await again.close()
  })

  it('wakes a reader at the tail when somebody appends', async () => {
    const store = await open('memory:')
    const stream = await store.createStream('s', { codec: textCodec, shards: 8 })
    const reader = stream.read({ from: 'latest' })
    const next = reader.next()
    stream.append('k', 'news')
    expect((await next).value?.data).toBe('news')
    await reader.return()
    await store.close()
  })
})

const invalid = 'ERR_MILLRACE_INVALID_ARGUMENT'

describe('open refuses', () => {
  it.each([
    ['nothing', undefined, invalid],
    ['an empty path', '', invalid],
    ['a number', 7, invalid],
    ['a path with a zero byte', 'a\0b', invalid],
    ['a named memory store', 'memory:orders', invalid],
    ['a file: URL of another machine', 'file://elsewhere/data', invalid],
    ['a protocol that is not built', 'kafka://broker:9092/', 'ERR_MILLRACE_UNSUPPORTED'],
    ['a URL object of such a protocol', new URL('https://example.org/'), 'ERR_MILLRACE_UNSUPPORTED'],
  ])('%s as a location', async (_what, location, code) => {
    await expect(open(location as string)).rejects.toMatchObject({ code })
  })

  it.each([
    ['an unknown option', { durabilty: 'process' }, 'ERR_MILLRACE_UNKNOWN_OPTION', 'durabilty'],
    ['limits of no known mode', { limits: true }, 'ERR_MILLRACE_INVALID_ARGUMENT', 'limits'],
    [
      'durability commit, which memory cannot keep',
      { durability: 'commit' },
      'ERR_MILLRACE_UNSUPPORTED',
      'commit',
    ],
    [
      'durability interval, which memory cannot keep',
      { durability: 'interval' },
      'ERR_MILLRACE_UNSUPPORTED',
      'interval',
    ],
    ['an unknown durability', { durability: 'safe' }, invalid, 'durability'],
    ['a durability that is no word', { durability: true }, invalid, 'durability'],
    ['a clock without timers', { clock: { nowMs: Date.now } }, invalid, 'clock'],
    ['an account that is a number', { account: 123456789012 }, invalid, 'account'],
    ['a region in capitals', { region: 'US-EAST-1' }, invalid, 'region'],
    ['a listener of limits that are off', { onLimit: () => {} }, invalid, 'onLimit'],
    ['a listener that is none', { onWarning: [] }, invalid, 'onWarning'],
    ['no options object', null, invalid, 'open options'],
    ['a string for options', 'process', invalid, 'open options'],
  ])('%s', async (_what, options, code, named) => {
    const opening = open('memory:', options as never)
    await expect(opening).rejects.toMatchObject({ code, message: expect.stringContaining(named) })
  })
})
