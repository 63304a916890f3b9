import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Subject } from '../subject.ts'
import { append, appendOne, readEverything, readPage } from '../traffic.ts'

export function seekClaims(subject: Subject): void {
  describe('seek', () => {
    it('answers the tail of an empty log', async () => {
      expect(await subject.log.seek(0)).toBe(1)
      expect(await subject.log.seek(Number.MAX_SAFE_INTEGER)).toBe(1)
    })

    it('answers the first of several records of one millisecond', async () => {
      await appendOne(subject.log, 'before', 999)
      const first = await appendOne(subject.log, 'a', 1_000)
      await append(subject.log, [{ data: 'b' }, { data: 'c' }], 1_000)
      await appendOne(subject.log, 'after', 1_001)
      expect(await subject.log.seek(1_000)).toBe(first)
    })

    it('answers the tail for a time after the last record', async () => {
      await appendOne(subject.log, 'a', 1_000)
      expect(await subject.log.seek(1_001)).toBe((await readPage(subject.log, 1)).block.tail)
    })

    it('never answers a trimmed record', async () => {
      for (const timeMs of [1, 2, 3, 4, 5]) await appendOne(subject.log, `${timeMs}`, timeMs)
      await subject.log.trim(3)
      expect(await Promise.all([0, 1, 2, 3, 4].map((timeMs) => subject.log.seek(timeMs)))).toEqual([
        3, 3, 3, 3, 4,
      ])
    })

    it('agrees with a linear scan for every time', async () => {
      const steps = fc.array(fc.tuple(fc.integer({ min: -2, max: 5 }), fc.integer({ min: 1, max: 40 })), {
        minLength: 1,
        maxLength: 12,
      })
      const payload = Buffer.alloc(1_500, 1)
      await fc.assert(
        fc.asyncProperty(steps, async (batches) => {
          const log = await subject.freshLog()
          let timeMs = 1_000
          for (const [stepMs, count] of batches) {
            timeMs += stepMs
            await append(
              log,
              Array.from({ length: count }, () => ({ data: payload })),
              timeMs,
            )
          }
          const stored = await readEverything(log)
          const tail = (stored.at(-1)?.offset ?? 0) + 1
          for (let at = 990; at <= 1_070; at++) {
            const expected = stored.find((record) => record.timeMs >= at)?.offset ?? tail
            expect(await log.seek(at)).toBe(expected)
          }
        }),
        { numRuns: Math.ceil((subject.options.runs ?? 100) / 4) },
      )
    })
  })
}
