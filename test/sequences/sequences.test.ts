import { appendFileSync } from 'node:fs'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Patience } from './patience.ts'
import { anyMode, anyStep, create, type Mode, type Step } from './step.ts'
import type { Habits } from './subject.ts'
import { Tally } from './tally.ts'
import { Trial } from './trial.ts'

/** One sequence: where the store is, how it is opened first, and what happens to it. */
interface Sequence {
  readonly habits: Habits
  readonly mode: Mode
  readonly first: Step
  readonly steps: readonly Step[]
}

const anySequence: fc.Arbitrary<Sequence> = fc.record({
  habits: fc.record({
    inMemory: fc.integer({ min: 0, max: 7 }).map((n) => n === 7),
    limited: fc.integer({ min: 0, max: 2 }).map((n) => n === 2),
    slow: fc.integer({ min: 0, max: 2 }).map((n) => n === 2),
  }),
  mode: anyMode,
  first: create,
  steps: fc.array(anyStep, { minLength: 1, maxLength: 40, size: 'max' }),
})

const setting = (name: string): string | undefined => process.env[`MILLRACE_SEQUENCES_${name}`]
const count = Number(setting('COUNT') ?? 300)
/** The same ones each time, unless the command asks for others. */
const seed = Number(setting('SEED') ?? 7)
const path = setting('PATH')
const tallyFile = setting('TALLY')
/** A counterexample is short enough after so many failures; each costs as much as a sequence. */
const shrinksMax = Number(setting('SHRINKS') ?? 200)

describe('a store', () => {
  it(
    `shows what its model shows, for ${count} sequences from seed ${seed}`,
    // Each step has its own limit: thousands of sequences take long on a machine that is busy.
    { timeout: 3_600_000 },
    async () => {
      const tally = new Tally()
      const patience = new Patience()
      let failures = 0
      const property = fc.asyncProperty(anySequence, async (sequence) => {
        // What stands still depends on the moment: a shorter sequence would seldom show it, and take as long.
        if (failures > shrinksMax || patience.ranOut) return
        await run(sequence, tally, patience).catch((error: unknown) => {
          failures += 1
          throw error
        })
      })
      const result = await fc.check(property, {
        numRuns: count,
        seed,
        ...(path === undefined ? {} : { path }),
      })
      if (tallyFile !== undefined) appendFileSync(tallyFile, `${JSON.stringify(tally.counts)}\n`)
      if (result.failed) throw reported(result)
      expect(failures).toBe(0)
    },
  )
})

/** What failed, in short, and how to see it again. */
function reported(result: fc.RunDetails<[Sequence]>): Error {
  const replay = `npm run test:sequences -- --seed ${result.seed} --path ${result.counterexamplePath}`
  const report = `${fc.defaultReportMessage(result)}\n\nReplay it with:\n  ${replay}\n`
  return new Error(report, { cause: result.errorInstance })
}

async function run(sequence: Sequence, tally: Tally, patience: Patience): Promise<void> {
  const { habits, mode, first, steps } = sequence
  const trial = new Trial(habits)
  const waitFor = async <T>(what: string, work: Promise<T>): Promise<T> => {
    try {
      return await patience.with(work)
    } catch (error) {
      throw new Error(`${what}: ${String(error)}`, { cause: error })
    }
  }
  try {
    await waitFor('the opening', trial.begin(mode))
    for (const [index, step] of [first, ...steps].entries()) {
      const taken = await waitFor(`step ${index}, ${JSON.stringify(step)}`, trial.take(step))
      tally.count(taken ? step.do : `${step.do}: nothing to do`)
    }
    await waitFor('a read of everything', trial.everything())
    tally.count('sequence')
  } finally {
    // Stores that stand still may not close either, and what came first is what is to be told.
    const ended = trial.end()
    if (patience.ranOut) ended.catch(() => {})
    else await waitFor('the end', ended)
  }
}
