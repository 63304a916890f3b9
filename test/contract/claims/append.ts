import { describe, expect, it } from 'vitest'
import { RecordFlag, Refusal } from '../../../src/log/log.ts'
import { hashKeyBytes } from '../../model/batch.ts'
import { refusalOf, type Subject } from '../subject.ts'
import { append, appendOne, readEverything, readPage, texts, variedEntries } from '../traffic.ts'

const mebibyte = 1024 * 1024

export function appendClaims(subject: Subject): void {
  describe('append', () => {
    it('stores records in the order of the batch, with strictly growing offsets', async () => {
      const entries = variedEntries(300)
      const first = await append(subject.log, entries.slice(0, 200))
      const second = await append(subject.log, entries.slice(200))
      const offsets = [...first.offsets, ...second.offsets]
      expect([first.count, second.count]).toEqual([200, 100])
      expect(offsets.every((offset, index) => offset > (offsets[index - 1] ?? 0))).toBe(true)
      const stored = await readEverything(subject.log)
      expect(stored.map((record) => record.offset)).toEqual(offsets)
      expect(texts(stored)).toEqual(entries.map((entry) => entry.data))
      expect(stored.map((record) => record.key.toString())).toEqual(entries.map((entry) => entry.key))
    })

    it('gives the first record of a log the offset 1', async () => {
      expect(await appendOne(subject.log, 'first')).toBe(1)
    })

    it('takes only the selected records, in the order of the selection', async () => {
      const entries = ['a', 'b', 'c', 'd', 'e'].map((data) => ({ data }))
      const { count } = await append(subject.log, entries, 1_000, {
        order: [0, 4, 1, 3, 2],
        from: 1,
        count: 3,
      })
      expect(count).toBe(3)
      expect(texts(await readEverything(subject.log))).toEqual(['e', 'b', 'd'])
    })

    it('answers at the own index of each selected record and nowhere else', async () => {
      const entries = ['a', 'b', 'c', 'd', 'e'].map((data) => ({ data }))
      const answer = await append(subject.log, entries, 1_000, { order: [0, 4, 1, 3, 2], from: 1, count: 3 })
      const stored = await readEverything(subject.log)
      const [e, b, d] = stored.map((record) => record.offset)
      expect(answer.offsets).toEqual([Number.NaN, b, Number.NaN, d, e])
      expect(answer.timesMs).toEqual([Number.NaN, 1_000, Number.NaN, 1_000, 1_000])
    })

    it('shares one batch between two logs', async () => {
      const other = await subject.engine.open(
        (await subject.engine.create('other', 1, 1_000))[0] ?? subject.slot,
      )
      const entries = ['a', 'b', 'c', 'd'].map((data) => ({ data }))
      const order = [0, 2, 1, 3]
      await append(subject.log, entries, 1_000, { order, from: 0, count: 2 })
      await append(other, entries, 1_000, { order, from: 2, count: 2 })
      expect(texts(await readEverything(subject.log))).toEqual(['a', 'c'])
      expect(texts(await readEverything(other))).toEqual(['b', 'd'])
    })

    it('stores nothing for an empty selection', async () => {
      const { count, offsets } = await append(subject.log, [{ data: 'unselected' }], 1_000, {
        from: 1,
        count: 0,
      })
      expect([count, offsets]).toEqual([0, [Number.NaN]])
      expect(await readEverything(subject.log)).toEqual([])
    })

    it('keeps what it stored when the caller reuses the buffers of the batch', async () => {
      const bytes = Buffer.from('keyvalue')
      const columns = Uint32Array.of(0, 3, 3, 5, 0xffff_ffff, 0)
      const batch = { bytes, columns, order: Uint32Array.of(0), from: 0, count: 1, timeMs: 1_000 }
      await subject.log.append(batch, { offsets: new Float64Array(1), timesMs: new Float64Array(1) })
      bytes.fill('x')
      columns.fill(1)
      const [record] = await readEverything(subject.log)
      expect([record?.key.toString(), record?.data.toString()]).toEqual(['key', 'value'])
    })

    it('stores an empty payload and an empty key', async () => {
      await append(subject.log, [
        { key: 'k', data: '' },
        { key: '', data: 'd' },
        { key: '', data: '' },
      ])
      const stored = await readEverything(subject.log)
      expect(stored.map(({ key, data }) => [key.toString(), data.toString()])).toEqual([
        ['k', ''],
        ['', 'd'],
        ['', ''],
      ])
    })

    it('stores a key of 1024 bytes of UTF-8 beside a payload, together 10 MiB', async () => {
      const key = '\u{1F30A}'.repeat(256)
      const data = Buffer.alloc(10 * mebibyte - 1024)
      for (let at = 0; at < data.length; at += 4096) data.writeUInt32LE(at, at)
      await append(subject.log, [{ data: 'before' }, { key, data }, { data: 'after' }])
      const stored = await readEverything(subject.log)
      expect(stored.map((record) => record.data.length)).toEqual([6, data.length, 5])
      expect(stored[1]?.key.toString()).toBe(key)
      expect(stored[1]?.data.equals(data)).toBe(true)
    })

    it('stores several payloads of 10 MiB in one log', async () => {
      for (const fill of [1, 2, 3]) {
        await append(subject.log, [{ key: 'k', data: Buffer.alloc(10 * mebibyte - 1, fill) }])
      }
      const stored = await readEverything(subject.log)
      expect(stored.map(({ data }) => [data.length, data.at(0), data.at(-1)])).toEqual(
        [1, 2, 3].map((fill) => [10 * mebibyte - 1, fill, fill]),
      )
    })

    it('refuses a record above its limit and stores nothing of the batch', async (test) => {
      const { maxRecordBytes } = subject.engine.caps
      test.skip(maxRecordBytes > 64 * mebibyte, 'the limit is too large to exceed in a test')
      const large = { key: 'k', data: Buffer.alloc(maxRecordBytes) }
      const refusal = await refusalOf(() => append(subject.log, [{ data: 'small' }, large]))
      expect(refusal).toBe('ERR_MILLRACE_RECORD_TOO_LARGE')
      expect(await readEverything(subject.log)).toEqual([])
    })

    it('returns explicit hash keys and flags as they were given', async () => {
      const entries = [
        { hashKey: 0n, flags: 0 },
        { hashKey: 2n ** 128n - 1n, flags: RecordFlag.compressed },
        { hashKey: 0x0102_0304_0506_0708_090a_0b0c_0d0e_0f10n, flags: RecordFlag.kms, data: 'x' },
        { flags: RecordFlag.compressed | RecordFlag.kms, data: 'y' },
      ]
      await append(subject.log, entries)
      const stored = await readEverything(subject.log)
      expect(stored.map((record) => record.flags)).toEqual([0, 2, 4, 6])
      expect(stored.map((record) => record.hashKey)).toEqual(
        entries.map((entry) => (entry.hashKey === undefined ? undefined : hashKeyBytes(entry.hashKey))),
      )
      expect(texts(stored)).toEqual(['', '', 'x', 'y'])
    })

    it('makes records readable before it answers', async () => {
      const { offsets } = await append(subject.log, [{ data: 'now' }])
      const { records } = await readPage(subject.log, offsets[0] ?? Number.NaN)
      expect(texts(records)).toEqual(['now'])
    })
  })

  describe('arrival times', () => {
    it('stores the time of the batch for each of its records', async () => {
      const answer = await append(subject.log, [{ data: 'a' }, { data: 'b' }], 1_234_567_890_123)
      expect(answer.timesMs).toEqual([1_234_567_890_123, 1_234_567_890_123])
      const stored = await readEverything(subject.log)
      expect(stored.map((record) => record.timeMs)).toEqual(answer.timesMs)
    })

    it('clamps a time that goes back to the last one, and says so', async () => {
      const times: number[] = []
      for (const timeMs of [1_000, 900, 1_000, 1_001, 5, 1_002]) {
        times.push(...(await append(subject.log, [{}], timeMs)).timesMs)
      }
      expect(times).toEqual([1_000, 1_000, 1_000, 1_001, 1_001, 1_002])
      const stored = await readEverything(subject.log)
      expect(stored.map((record) => record.timeMs)).toEqual(times)
    })

    it('clamps to the last record even when it is trimmed', async () => {
      const offset = await appendOne(subject.log, 'old', 5_000)
      await subject.log.trim(offset + 1)
      expect((await append(subject.log, [{ data: 'new' }], 4_000)).timesMs).toEqual([5_000])
    })
  })

  describe('a full device', () => {
    it('stores a prefix of the batch, then refuses, and nothing of the refused records is there', async (test) => {
      const { makeFull } = subject.options
      if (makeFull === undefined) return test.skip('this engine cannot be made full')
      await subject.end()
      await subject.begin((clock) => makeFull(clock, mebibyte))
      const entries = Array.from({ length: 40 }, (_, index) => ({ data: Buffer.alloc(50_000, index) }))
      let stored = 0
      let answer = await append(subject.log, entries)
      while (answer.count > 0) {
        stored += answer.count
        expect(answer.offsets.map(Number.isNaN)).toEqual(entries.map((_, index) => index >= answer.count))
        answer = await append(subject.log, entries)
      }
      expect(answer.count).toBe(Refusal.full)
      expect(answer.offsets.every(Number.isNaN)).toBe(true)
      expect(stored).toBeGreaterThan(0)
      expect(await readEverything(subject.log)).toHaveLength(stored)
      expect(await readEverything(await subject.reopenLog())).toHaveLength(stored)
    })
  })
}
