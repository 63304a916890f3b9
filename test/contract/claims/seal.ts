import { describe, expect, it } from 'vitest'
import { Refusal } from '../../../src/log/log.ts'
import type { Subject } from '../subject.ts'
import { append, appendOne, readEverything, readPage, texts } from '../traffic.ts'

export function sealClaims(subject: Subject): void {
  describe('seal', () => {
    it('answers an offset past the last record, and the same one again', async () => {
      const last = await appendOne(subject.log, 'a')
      const offset = await subject.log.seal()
      expect(offset).toBeGreaterThan(last)
      expect(await subject.log.seal()).toBe(offset)
      expect((await subject.log.stats()).sealed).toBe(true)
    })

    it('refuses every later record and keeps the earlier ones', async () => {
      await appendOne(subject.log, 'a')
      await subject.log.seal()
      const answer = await append(subject.log, [{ data: 'b' }, { data: 'c' }])
      expect(answer.count).toBe(Refusal.sealed)
      expect(answer.offsets).toEqual([Number.NaN, Number.NaN])
      expect(texts(await readEverything(subject.log))).toEqual(['a'])
    })

    it('shows as ended to the reader of the last record, not before', async () => {
      await append(subject.log, [{ data: 'a' }, { data: 'b' }])
      const open = (await readPage(subject.log, 1)).block
      await subject.log.seal()
      const half = (await readPage(subject.log, 1, { maxRecords: 1 })).block
      const whole = (await readPage(subject.log, half.next)).block
      const past = (await readPage(subject.log, whole.next)).block
      expect([open.ended, half.ended, whole.ended, past.ended]).toEqual([false, false, true, true])
      expect([open.atTail, half.atTail, whole.atTail, past.atTail]).toEqual([true, false, true, true])
      expect([whole.count, past.count]).toEqual([1, 0])
    })

    it('ends the wait of a reader who had read everything before', async () => {
      await appendOne(subject.log, 'a')
      const { block } = await readPage(subject.log, 1)
      await subject.log.seal()
      expect((await readPage(subject.log, block.next)).block).toMatchObject({
        count: 0,
        atTail: true,
        ended: true,
      })
    })

    it('ends an empty log', async () => {
      await subject.log.seal()
      expect((await readPage(subject.log, 1)).block).toMatchObject({
        count: 0,
        first: 1,
        atTail: true,
        ended: true,
      })
      expect((await append(subject.log, [{}])).count).toBe(Refusal.sealed)
    })

    it('stays when the log is closed and opened again', async () => {
      await appendOne(subject.log, 'a')
      const offset = await subject.log.seal()
      const log = await subject.reopenEngine()
      expect(await log.seal()).toBe(offset)
      expect((await append(log, [{ data: 'b' }])).count).toBe(Refusal.sealed)
      expect((await readPage(log, 1)).block).toMatchObject({ count: 1, atTail: true, ended: true })
    })
  })
}
