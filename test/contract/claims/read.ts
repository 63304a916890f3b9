import { describe, expect, it } from 'vitest'
import { Refusal } from '../../../src/log/log.ts'
import { ReadBlock } from '../../../src/log/read-block.ts'
import { recordsOf } from '../../model/record.ts'
import type { Subject } from '../subject.ts'
import { append, appendOne, readAll, readEverything, readPage, texts, variedEntries } from '../traffic.ts'

export function readClaims(subject: Subject): void {
  describe('read', () => {
    it('answers an empty page at the tail of an empty log', async () => {
      const { answer, block } = await readPage(subject.log, 1)
      expect([answer, block.count]).toEqual([0, 0])
      expect(block).toMatchObject({ next: 1, first: 1, tail: 1, atTail: true, ended: false })
    })

    it('starts at every offset', async () => {
      await append(subject.log, variedEntries(150))
      const stored = await readEverything(subject.log)
      for (const [index, record] of stored.entries()) {
        expect(await readAll(subject.log, record.offset)).toEqual(stored.slice(index))
      }
    })

    it('reads the same records whatever the page limits', async () => {
      await append(subject.log, variedEntries(120))
      const stored = await readEverything(subject.log)
      for (const limits of [{ maxRecords: 1 }, { maxRecords: 7 }, { maxBytes: 0 }, { maxBytes: 100 }]) {
        expect(await readEverything(subject.log, limits)).toEqual(stored)
      }
    })

    it('holds a page to its number of records', async () => {
      await append(subject.log, variedEntries(20))
      const { answer, block } = await readPage(subject.log, 1, { maxRecords: 5 })
      expect([answer, block.count]).toEqual([5, 5])
      expect(block.next).toBe((block.offsets[4] ?? Number.NaN) + 1)
    })

    it('holds a page to the columns of the block', async () => {
      await append(subject.log, variedEntries(20))
      const block = new ReadBlock(65_536, 3)
      expect(await subject.log.read(1, 65_536, 100, block)).toBe(3)
      expect(recordsOf(block)).toEqual((await readEverything(subject.log)).slice(0, 3))
    })

    it('holds a page to its bytes of keys and payloads', async () => {
      await append(
        subject.log,
        Array.from({ length: 10 }, () => ({ key: 'k'.repeat(10), data: 'd'.repeat(90) })),
      )
      for (const [maxBytes, expected] of [
        [99, 1],
        [100, 1],
        [199, 1],
        [200, 2],
        [999, 9],
        [1000, 10],
      ] as const) {
        expect((await readPage(subject.log, 1, { maxBytes })).answer).toBe(expected)
      }
    })

    it('answers nothing behind a record that alone is too large, not even one without bytes', async () => {
      await append(subject.log, [
        { key: '', data: 'x' },
        { key: '', data: '' },
      ])
      const { answer, records } = await readPage(subject.log, 1, { maxBytes: 0 })
      expect(answer).toBe(1)
      expect(texts(records)).toEqual(['x'])
    })

    it('answers at least one record, however large', async () => {
      await append(subject.log, [{ data: Buffer.alloc(200_000, 7) }, { data: 'next' }])
      const { answer, records, block } = await readPage(subject.log, 1, { maxBytes: 1 })
      expect(answer).toBe(1)
      expect(records[0]?.data.equals(Buffer.alloc(200_000, 7))).toBe(true)
      expect([block.atTail, block.next]).toEqual([false, block.tail - 1])
    })

    it('says where the next page begins, where the log begins and ends, and whether this was all', async () => {
      await append(subject.log, variedEntries(10))
      const offsets = (await readEverything(subject.log)).map((record) => record.offset)
      const some = (await readPage(subject.log, 1, { maxRecords: 4 })).block
      const tail = (offsets[9] ?? Number.NaN) + 1
      expect(some).toMatchObject({ first: offsets[0], tail, atTail: false, ended: false })
      const rest = (await readPage(subject.log, some.next)).block
      expect(rest).toMatchObject({
        count: 6,
        next: tail,
        first: offsets[0],
        tail,
        atTail: true,
        ended: false,
      })
      const none = (await readPage(subject.log, rest.next)).block
      expect(none).toMatchObject({
        count: 0,
        next: tail,
        first: offsets[0],
        tail,
        atTail: true,
        ended: false,
      })
    })

    it('answers nothing past the tail and stays where it was asked', async () => {
      const offset = await appendOne(subject.log, 'only')
      const { answer, block } = await readPage(subject.log, offset + 100)
      expect(answer).toBe(0)
      expect(block).toMatchObject({
        count: 0,
        next: offset + 100,
        tail: offset + 1,
        atTail: true,
        ended: false,
      })
    })

    it('goes on at the tail with records that were appended meanwhile', async () => {
      await appendOne(subject.log, 'a')
      const { block } = await readPage(subject.log, 1)
      await appendOne(subject.log, 'b')
      expect(texts((await readPage(subject.log, block.next)).records)).toEqual(['b'])
    })

    it('sets every field of a block that was used before', async () => {
      await append(subject.log, variedEntries(10))
      const block = new ReadBlock(1024, 10)
      await subject.log.read(1, 65_536, 10, block)
      const log = await subject.freshLog()
      await log.read(1, 65_536, 10, block)
      expect(block).toMatchObject({ count: 0, next: 1, first: 1, tail: 1, atTail: true, ended: false })
    })

    it('leaves the pages of other blocks alone', async () => {
      await append(subject.log, variedEntries(10))
      const { block, records } = await readPage(subject.log, 1)
      await append(subject.log, variedEntries(10, 3))
      await readPage(subject.log, 5)
      await subject.log.trim(8)
      await subject.log.close()
      expect(recordsOf(block)).toEqual(records)
    })

    it('refuses an offset before the first record and says where to go on', async () => {
      await append(subject.log, variedEntries(10))
      await subject.log.trim(4)
      const { answer, block } = await readPage(subject.log, 3)
      expect(answer).toBe(Refusal.trimmed)
      expect([block.count, block.first]).toEqual([0, 4])
    })
  })
}
