import { columns } from './columns.ts'
import { type Spread, showSpread, spreadOf } from './spread.ts'

/** What one round of a contender took, set-up and tear-down left out. */
export interface Timing {
  /** Wall-clock time. Nanoseconds. */
  readonly ns: number
  /** Processor time of all threads, also of helpers. Nanoseconds. */
  readonly cpuNs: number
  /** Of single operations, if the contender timed them: in the order of `percentileNames`. Nanoseconds. */
  readonly latencyNs?: readonly number[]
}

/** One of those who do the same work. */
export interface Contender {
  readonly name: string
  /** Does all the work once. */
  round(): Promise<Timing>
}

/** All rounds of one contender. */
export interface Outcome {
  readonly name: string
  readonly timings: readonly Timing[]
}

/** Called before each round, outside of the time. */
export type BeforeRound = (what: string) => Promise<void>

/**
 * Lets contenders do the same work in turn, A B C A B C …, so that whatever else the machine does meets them
 * alike. A first round of each is not counted: it warms caches and the compiler up.
 */
export async function contest(
  contenders: readonly Contender[],
  rounds: number,
  beforeRound: BeforeRound,
): Promise<Outcome[]> {
  const timings = contenders.map((): Timing[] => [])
  for (let round = 0; round <= rounds; round++) {
    for (const [index, contender] of contenders.entries()) {
      await beforeRound(`round ${round} of ${rounds}, ${contender.name}`)
      const timing = await contender.round()
      if (round > 0) timings[index]?.push(timing)
    }
  }
  return contenders.map(({ name }, index) => ({ name, timings: timings[index] ?? [] }))
}

/** How many times as fast one was as the other: of each round, then the spread of these. */
export function speedRatio(fast: Outcome, slow: Outcome): Spread {
  return spreadOf(fast.timings.map(({ ns }, round) => (slow.timings[round]?.ns ?? Number.NaN) / ns))
}

/** The one of that name. */
export function outcomeOf(outcomes: readonly Outcome[], name: string): Outcome {
  const found = outcomes.find((outcome) => outcome.name === name)
  if (found === undefined) throw new Error(`nobody is called ${name}`)
  return found
}

/**
 * A line for each contender: time a record, rates, and its speed as a share of the baselines' in the same round.
 *
 * @param work what one round does
 */
export function showContest(
  outcomes: readonly Outcome[],
  work: { readonly records: number; readonly payloadBytes: number },
  baselines: readonly string[],
): string[] {
  const header = [
    '',
    'ns a record',
    'M records/s',
    'GB/s',
    'CPU ns',
    ...baselines.map((name) => `of ${name}`),
  ]
  const rows = outcomes.map((outcome) => {
    const ns = spreadOf(outcome.timings.map((timing) => timing.ns / work.records))
    const cpuNs = spreadOf(outcome.timings.map((timing) => timing.cpuNs / work.records))
    const ratios = baselines.map((name) => showSpread(speedRatio(outcome, outcomeOf(outcomes, name)), 2))
    return [
      outcome.name,
      showSpread(ns, 0),
      (1000 / ns.median).toFixed(2),
      (work.payloadBytes / ns.median).toFixed(2),
      cpuNs.median.toFixed(0),
      ...ratios,
    ]
  })
  return columns(header, rows)
}
