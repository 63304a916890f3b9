import { describe, expect, it } from 'vitest'
import { Refusal } from '../../../src/log/log.ts'
import type { Subject } from '../subject.ts'
import { append, appendOne, readEverything, readPage, texts, variedEntries } from '../traffic.ts'

export function trimClaims(subject: Subject): void {
  describe('trim', () => {
    it('hides exactly the records before the offset, at once', async () => {
      await append(subject.log, variedEntries(50))
      const stored = await readEverything(subject.log)
      for (const before of [2, 3, 17, 50]) {
        await subject.log.trim(before)
        expect(await readEverything(subject.log)).toEqual(stored.filter((record) => record.offset >= before))
        expect((await readPage(subject.log, before - 1)).answer).toBe(Refusal.trimmed)
        expect((await subject.log.stats()).first).toBe(before)
      }
    })

    it('never moves back', async () => {
      await append(subject.log, variedEntries(10))
      await subject.log.trim(6)
      await subject.log.trim(2)
      await subject.log.trim(1)
      expect((await subject.log.stats()).first).toBe(6)
      expect((await readPage(subject.log, 5)).answer).toBe(Refusal.trimmed)
    })

    it('counts an offset past the tail as the tail', async () => {
      await append(subject.log, variedEntries(5))
      await subject.log.trim(1_000_000)
      expect(await readEverything(subject.log)).toEqual([])
      const offset = await appendOne(subject.log, 'later')
      expect(offset).toBeGreaterThan(5)
      expect(texts(await readEverything(subject.log))).toEqual(['later'])
    })

    it('leaves a log that goes on behind what was hidden', async () => {
      await append(subject.log, variedEntries(5))
      const { next } = await subject.log.stats()
      await subject.log.trim(next)
      expect(await subject.log.stats()).toMatchObject({ first: next, next, firstTimeMs: 0, lastTimeMs: 0 })
      expect((await readPage(subject.log, next)).block).toMatchObject({
        count: 0,
        next,
        tail: next,
        atTail: true,
      })
      expect(await appendOne(subject.log, 'later')).toBeGreaterThanOrEqual(next)
    })

    it('stays when the log is closed and opened again', async () => {
      await append(subject.log, variedEntries(9))
      await subject.log.trim(5)
      const log = await subject.reopenEngine()
      expect((await log.stats()).first).toBe(5)
      expect((await readEverything(log)).map((record) => record.offset)).toEqual([5, 6, 7, 8, 9])
    })

    it('hides records of a sealed log', async () => {
      await append(subject.log, variedEntries(3))
      await subject.log.seal()
      await subject.log.trim(3)
      expect((await readEverything(subject.log)).map((record) => record.offset)).toEqual([3])
      await subject.log.trim(4)
      const { first } = await subject.log.stats()
      expect((await readPage(subject.log, first)).block).toMatchObject({
        count: 0,
        atTail: true,
        ended: true,
      })
    })
  })
}
