import { describe, expect, it } from 'vitest'
import { MillraceError, open, type Store, type Stream } from '../../src/index.ts'
import { textCodec } from '../../src/streams/codec.ts'
import { LyingDisk } from './lying-disk.ts'

type Texts = Stream<string>

interface Opened {
  readonly store: Store
  readonly stream: Texts
}

const codec = { codec: textCodec }
/**
 * Kibibytes: several requests to the device. The loop device takes a write that is stored in part for a whole one, as
 * the first of them may be; the next ones fail.
 */
const large = 2900

const noRoom = /No space left on device|Input\/output error/

async function failure(promise: Promise<unknown>): Promise<MillraceError> {
  try {
    await promise
  } catch (error) {
    if (error instanceof MillraceError) return error
    throw error
  }
  throw new Error('expected a failure')
}

async function heads(stream: Texts): Promise<string[]> {
  const seen: string[] = []
  for await (const record of stream.read({ from: 'oldest', until: 'tail' }))
    seen.push(record.data.slice(0, 6))
  return seen
}

const text = (head: string, kibibytes: number): string => head.padEnd(kibibytes * 1024, '.')

async function openStore(disk: LyingDisk, durability: 'process' | 'commit'): Promise<Opened> {
  const store = await open(disk.store, { durability })
  const [known] = store.listStreams()
  return {
    store,
    stream:
      known === undefined
        ? await store.createStream('s', { ...codec, maxRecordBytes: 10 * 1024 * 1024 })
        : store.stream('s', codec),
  }
}

const missing = LyingDisk.whyNot()
const skipped = missing === undefined ? '' : ` (skipped: ${missing})`

describe.skipIf(missing !== undefined).each([{ journal: true }, { journal: false }])(
  `on an ext4 whose device takes no new block, journal: $journal${skipped}`,
  ({ journal }) => {
    async function onDisk(use: (disk: LyingDisk) => Promise<void>): Promise<void> {
      const disk = LyingDisk.mount({ journal })
      try {
        await use(disk)
      } finally {
        disk.unmount()
      }
    }

    // With a journal, whose commits write metadata, the file system stops instead of lying: the last test shows that.
    it.skipIf(journal)('poisons a shard under `process`, and opens it to what the device has', () =>
      onDisk(async (disk) => {
        const before = await openStore(disk, 'process')
        await before.stream.put('k', text('first', 1))
        await before.stream.flush()
        disk.fill()
        await before.stream.put('k', text('second', large))
        expect((await failure(before.stream.flush())).message).toMatch(noRoom)
        const put = await failure(before.stream.put('k', 'third'))
        expect([put.code, put.message]).toEqual([
          'ERR_MILLRACE_POISONED',
          expect.stringContaining('the sync of a segment failed'),
        ])
        expect((await failure(before.stream.flush())).code).toBe('ERR_MILLRACE_POISONED')
        expect(await heads(before.stream)).toEqual(['first.', 'second'])
        expect((await failure(before.store.close())).code).toBe('ERR_MILLRACE_POISONED')

        // The page cache still has `second`, and a sync has nothing to say against it.
        disk.free()
        const after = await openStore(disk, 'process')
        expect(await heads(after.stream)).toEqual(['first.'])
        await after.stream.put('k', text('third', 1))
        await after.stream.flush()
        expect(await heads(after.stream)).toEqual(['first.', 'third.'])
        expect(disk.holds(text('third', 1))).toBe(true)
        await after.store.close()
      }),
    )

    // As above: with a journal no shard is poisoned alone.
    it.skipIf(journal)('deletes a stream whose shard is poisoned, and goes on with others', () =>
      onDisk(async (disk) => {
        const { store, stream } = await openStore(disk, 'process')
        await stream.put('k', text('first', 1))
        await stream.flush()
        const other = await store.createStream('other', codec)
        await other.put('k', text('first', 1))
        await other.flush()
        disk.fill()
        await stream.put('k', text('second', large))
        await failure(stream.flush())
        await store.deleteStream('s')
        await other.put('k', 'here')
        expect(await heads(other)).toEqual(['first.', 'here'])
        disk.free()
        await store.close()
      }),
    )

    it('refuses under `commit` what it could not sync, and keeps the rest', () =>
      onDisk(async (disk) => {
        const before = await openStore(disk, 'commit')
        const stored: string[] = []
        const put = async (head: string): Promise<void> => {
          await before.stream.put('k', text(head, 300))
          stored.push(head)
        }
        // Into the second segment, of which a first part was written with zeros.
        for (const head of ['0.....', '1.....', '2.....', '3.....']) await put(head)
        disk.fill()
        const refused = await failure(before.stream.put('k', text('4.....', large)))
        expect([refused.code, refused.message]).toEqual([
          'ERR_MILLRACE_POISONED',
          expect.stringMatching(noRoom),
        ])
        expect((await failure(before.stream.put('k', 'later'))).code).toBe('ERR_MILLRACE_POISONED')
        expect((await failure(before.stream.flush())).code).toBe('ERR_MILLRACE_POISONED')
        expect(await heads(before.stream)).toEqual(stored)
        expect((await failure(before.store.close())).code).toBe('ERR_MILLRACE_POISONED')

        disk.free()
        // With a journal, the file system may have stopped altogether.
        if (disk.hasStopped()) {
          expect(['ERR_MILLRACE_PERMISSION', 'ERR_MILLRACE_IO']).toContain(
            (await failure(open(disk.store))).code,
          )
          const reader = await open(disk.store, { readOnly: true })
          expect(await heads(reader.stream('s', codec))).toEqual(stored)
          await reader.close()
          return
        }
        const after = await openStore(disk, 'commit')
        const shown = await heads(after.stream)
        expect(shown.slice(0, stored.length)).toEqual(stored)
        await after.stream.put('k', text('last', 1))
        expect(await heads(after.stream)).toEqual([...shown, 'last..'])
        for (const head of [...shown, 'last']) expect(disk.holds(head)).toBe(true)
        await after.store.close()
      }))
  },
)
