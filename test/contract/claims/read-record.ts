import { beforeEach, describe, expect, it } from 'vitest'
import { Column, type Offset, type ShardLog } from '../../../src/log/log.ts'
import { RecordAnswer, RecordField, RecordSlab } from '../../../src/log/record-slab.ts'
import { type PlainRecord, unpack } from '../../model/record.ts'
import type { Subject } from '../subject.ts'
import { append, appendOne, readEverything, variedEntries } from '../traffic.ts'

/** Reads one record behind what the slab keeps; the record, or the answer. */
function readRecord(log: ShardLog, offset: Offset, slab: RecordSlab, mayWait = true): PlainRecord | number {
  const answer = log.readRecord?.(offset, slab, mayWait) ?? RecordAnswer.notInMemory
  if (answer <= 0) return answer
  const columns = slab.words.subarray((slab.at + RecordField.columns) / 4).subarray(0, Column.stride)
  const record = { offset, timeMs: slab.timeMs, ...unpack({ bytes: slab.buffer, columns }, 0) }
  slab.end = answer
  slab.keep()
  return record
}

export function readRecordClaims(subject: Subject): void {
  describe('readRecord', () => {
    beforeEach((context) => {
      context.skip(subject.log.readRecord === undefined, 'this engine answers by promises only')
    })

    it('finds every record as a page has it, one behind the other in a slab', async () => {
      await append(subject.log, variedEntries(150))
      const stored = await readEverything(subject.log)
      const slab = new RecordSlab(1_000_000)
      for (const record of stored.toReversed()) {
        expect(readRecord(subject.log, record.offset, slab)).toEqual(record)
        expect(readRecord(subject.log, record.offset, slab, false)).toEqual(record)
      }
    })

    it('knows no record in front of the log, behind it, or in an empty one', async () => {
      const slab = new RecordSlab(1000)
      expect(readRecord(subject.log, 1, slab)).toBe(RecordAnswer.none)
      const [first, second] = [await appendOne(subject.log, 'a'), await appendOne(subject.log, 'b')]
      for (const offset of [0, second + 1, second + 1_000_000, Number.MAX_SAFE_INTEGER]) {
        expect(readRecord(subject.log, offset, slab)).toBe(RecordAnswer.none)
      }
      await subject.log.trim(second)
      expect(readRecord(subject.log, first, slab)).toBe(RecordAnswer.none)
      expect(readRecord(subject.log, second, slab)).toMatchObject({ offset: second })
    })

    it('says how much room a record wants, and leaves alone what the slab keeps', async () => {
      const small = await appendOne(subject.log, 'small')
      await append(subject.log, [{ key: 'k', data: Buffer.alloc(20_000, 7) }])
      const slab = new RecordSlab(300)
      const kept = readRecord(subject.log, small, slab)
      const before = Buffer.from(slab.buffer.subarray(0, slab.at))
      expect(readRecord(subject.log, small + 1, slab)).toBe(RecordAnswer.noRoom)
      expect(slab.buffer.subarray(0, slab.at)).toEqual(before)
      const large = readRecord(subject.log, small + 1, new RecordSlab(slab.wantedBytes))
      expect(large).toMatchObject({ data: Buffer.alloc(20_000, 7) })
      expect(kept).toMatchObject({ data: Buffer.from('small') })
    })

    it('does not disturb a scan', async () => {
      await append(subject.log, variedEntries(60))
      const stored = await readEverything(subject.log)
      const slab = new RecordSlab(1_000_000)
      for (const record of stored) {
        readRecord(subject.log, stored[0]?.offset ?? 1, slab)
        expect((await readEverything(subject.log, { maxRecords: 7 })).length).toBe(stored.length)
        expect(readRecord(subject.log, record.offset, slab)).toEqual(record)
      }
    })
  })
}
