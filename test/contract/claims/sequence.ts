import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Subject } from '../subject.ts'
import { Comparison } from './comparison.ts'
import { anyStep } from './step.ts'

export function sequenceClaims(subject: Subject): void {
  describe('any sequence of calls', () => {
    it('shows what the model shows', { timeout: 120_000 }, async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(anyStep, { maxLength: 30 }), async (steps) => {
          const comparison = new Comparison(subject, await subject.freshLog())
          for (const [index, step] of steps.entries()) {
            const { actual, expected } = await comparison.take(step)
            expect({ index, step, shows: actual }).toEqual({ index, step, shows: expected })
          }
          const { actual, expected } = await comparison.everything()
          expect(actual).toEqual(expected)
        }),
        { numRuns: subject.options.runs ?? 100 },
      )
    })
  })
}
