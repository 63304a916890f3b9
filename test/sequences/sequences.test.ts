import { appendFileSync } from 'node:fs'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { anyMode, anyStep, create, type Mode, type Step } from './step.ts'
import { Tally } from './tally.ts'
import { Trial } from './trial.ts'

/** One sequence: where the store is, how it is opened first, and what happens to it. */
interface Sequence {
  readonly inMemory: boolean
  readonly mode: Mode
  readonly first: Step
  readonly steps: readonly Step[]
}

const anySequence: fc.Arbitrary<Sequence> = fc.record({
  inMemory: fc.integer({ min: 0, max: 7 }).map((n) => n === 7),
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
    { timeout: 600_000 },
    async () => {
      const tally = new Tally()
      let failures = 0
      const property = fc.asyncProperty(anySequence, async (sequence) => {
        if (failures > shrinksMax) return
        await run(sequence, tally).catch((error: unknown) => {
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

async function run({ inMemory, mode, first, steps }: Sequence, tally: Tally): Promise<void> {
  const trial = new Trial(inMemory)
  try {
    await trial.begin(mode)
    for (const [index, step] of [first, ...steps].entries()) {
      const taken = await trial.take(step).catch((error: unknown) => {
        throw new Error(`step ${index}, ${JSON.stringify(step)}: ${String(error)}`, { cause: error })
      })
      tally.count(taken ? step.do : `${step.do}: nothing to do`)
    }
    await trial.everything()
    tally.count('sequence')
  } finally {
    await trial.end()
  }
}
