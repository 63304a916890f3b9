import { describe, expect, it } from 'vitest'
import { ReadBlock } from '../../../src/log/read-block.ts'
import { answersFor, batchOf } from '../../model/batch.ts'
import { refusalOf, type Subject } from '../subject.ts'
import { append, appendOne, readEverything, texts, variedEntries } from '../traffic.ts'

export function lifetimeClaims(subject: Subject): void {
  describe('stats', () => {
    it('describes an empty log', async () => {
      expect(await subject.log.stats()).toMatchObject({
        first: 1,
        next: 1,
        bytes: 0,
        firstTimeMs: 0,
        lastTimeMs: 0,
        sealed: false,
      })
    })

    it('describes what the log holds', async () => {
      const entries = variedEntries(40)
      await append(subject.log, entries.slice(0, 20), 1_000)
      await append(subject.log, entries.slice(20), 2_000)
      const stats = await subject.log.stats()
      const payloads = entries.reduce((sum, { key, data }) => sum + `${key}${data}`.length, 0)
      expect(stats).toMatchObject({
        first: 1,
        next: 41,
        firstTimeMs: 1_000,
        lastTimeMs: 2_000,
        sealed: false,
      })
      expect(stats.bytes).toBeGreaterThanOrEqual(payloads)
      expect(stats.durable).toBeLessThanOrEqual(stats.next)
      await subject.log.trim(31)
      expect(await subject.log.stats()).toMatchObject({
        first: 31,
        next: 41,
        firstTimeMs: 2_000,
        lastTimeMs: 2_000,
      })
    })
  })

  describe('flush', () => {
    it('makes durable what was appended before', async (test) => {
      test.skip(subject.engine.caps.durability === 'memory', 'memory does not survive power loss')
      await append(subject.log, variedEntries(10))
      await subject.log.flush()
      const { durable, next } = await subject.log.stats()
      expect(durable).toBe(next)
    })

    it('is allowed on an empty, an unchanged and a sealed log', async () => {
      await subject.log.flush()
      await appendOne(subject.log, 'a')
      await subject.log.flush()
      await subject.log.flush()
      await subject.log.seal()
      await subject.log.flush()
      expect(texts(await readEverything(subject.log))).toEqual(['a'])
    })
  })

  describe('close', () => {
    it('may be called again', async () => {
      await subject.log.close()
      expect(await refusalOf(() => subject.log.close())).toBe('none')
    })

    it('makes every later call fail', async () => {
      const batch = batchOf([{}], 1_000)
      const { log } = subject
      await log.close()
      const calls = [
        () => log.append(batch, answersFor(batch)),
        () => log.read(1, 1, 1, new ReadBlock(1, 1)),
        () => log.seek(0),
        () => log.wait(1, 0),
        () => log.trim(1),
        () => log.seal(),
        () => log.flush(),
        () => log.stats(),
      ]
      expect(await Promise.all(calls.map(refusalOf))).toEqual(calls.map(() => 'ERR_MILLRACE_CLOSED'))
    })

    it('keeps the records for the next who opens the log', async () => {
      await append(subject.log, [{ data: 'a' }, { key: 'k', hashKey: 5n, flags: 2, data: 'b' }])
      const stored = await readEverything(subject.log)
      expect(await readEverything(await subject.reopenLog())).toEqual(stored)
    })

    it('lets offsets and times go on where they were', async () => {
      await append(subject.log, variedEntries(5), 9_000)
      const log = await subject.reopenLog()
      const { offsets, timesMs } = await append(log, [{ data: 'later' }], 8_000)
      expect(offsets[0]).toBeGreaterThan(5)
      expect(timesMs).toEqual([9_000])
    })

    it('never gives an offset twice, even when all records were trimmed', async () => {
      await append(subject.log, variedEntries(5))
      await subject.log.trim(6)
      expect(await appendOne(await subject.reopenEngine(), 'later')).toBeGreaterThan(5)
    })
  })

  describe('a closed engine that is opened again', () => {
    it('has every record', async (test) => {
      test.skip(subject.options.reopen === undefined, 'nothing outlives this engine')
      await append(subject.log, variedEntries(500), 7_000)
      const stored = await readEverything(subject.log)
      const log = await subject.reopenEngine()
      expect(await readEverything(log)).toEqual(stored)
      expect(await log.stats()).toMatchObject({ first: 1, next: 501, firstTimeMs: 7_000, lastTimeMs: 7_000 })
      expect((await append(log, [{ data: 'later' }], 6_000)).timesMs).toEqual([7_000])
    })
  })
}
