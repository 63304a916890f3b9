import { type Spread, spreadOf } from '../spread.ts'
import type { ContestantName } from './contestants.ts'
import type { Bar, Measured, Question } from './question.ts'

/** What a run leaves in bench/results/compare.json. */
export interface Results {
  readonly date: string
  readonly machine: readonly string[]
  readonly versions: Readonly<Record<string, string>>
  readonly rounds: number
  /** 1 for a whole run. */
  readonly scale: number
  readonly questions: readonly Answered[]
}

/** What one contestant did in all rounds of a question. */
export interface Course {
  readonly name: ContestantName
  readonly rounds: readonly Measured[]
  /** Why there are no rounds: what is asked for does not exist in this version. */
  readonly notBuilt: string | undefined
}

/** One question with everybody's answers. */
export interface Answered {
  readonly id: string
  readonly title: string
  readonly terms: readonly string[]
  readonly unit: string
  readonly better: 'more' | 'less'
  readonly contestants: readonly Standing[]
  readonly bars: readonly Verdict[]
}

/** One contestant's figures. */
export interface Standing {
  readonly name: ContestantName
  /** `undefined`: all is there. Otherwise what is not, and then there are no figures. */
  readonly notBuilt?: string
  /** Of all rounds, in order. */
  readonly figures: readonly number[]
  readonly spread?: Spread
  /** How many times as good millrace was in the same round; of each round, then their spread. */
  readonly ratio?: Spread
  /** Medians of the further figures. */
  readonly also: Readonly<Record<string, number>>
}

/** A bar, and what was reached. */
export interface Verdict {
  readonly of: ContestantName
  readonly against?: ContestantName
  readonly floor?: number
  readonly goal: number
  /** A ratio, or without a peer the figure itself. */
  readonly reached?: Spread
  readonly verdict: 'goal' | 'floor' | 'below' | 'not built'
}

/** What comparing needs of a question. */
type Asked = Pick<Question, 'id' | 'title' | 'terms' | 'unit' | 'better' | 'bars'>

/** Compares what all did; `lanes` begins with millrace. */
export function answeredBy(question: Asked, lanes: readonly Course[]): Answered {
  const { id, title, terms, unit, better } = question
  const [ours] = lanes
  const contestants = lanes.map((lane) => standing(lane, lane === ours ? undefined : ours, better))
  const bars = question.bars.map((bar) => judge(bar, lanes, better))
  return { id, title, terms, unit, better, contestants, bars }
}

function standing(lane: Course, ours: Course | undefined, better: Question['better']): Standing {
  const { name, notBuilt } = lane
  const figures = lane.rounds.map(({ figure }) => figure)
  if (notBuilt !== undefined) return { name, notBuilt, figures: [], also: {} }
  const ratio =
    ours === undefined || ours.notBuilt !== undefined ? {} : { ratio: ratioOf(ours, lane, better) }
  const names = Object.keys(lane.rounds[0]?.also ?? {})
  const medians = names.map((what) => [
    what,
    spreadOf(lane.rounds.map(({ also }) => also?.[what] ?? NaN)).median,
  ])
  return { name, figures, spread: spreadOf(figures), ...ratio, also: Object.fromEntries(medians) }
}

function judge(bar: Bar, lanes: readonly Course[], better: Question['better']): Verdict {
  const { of = 'millrace', against, floor, goal } = bar
  const told = { of, ...(against && { against }), ...(floor !== undefined && { floor }), goal }
  const ours = lanes.find(({ name }) => name === of)
  const peer = lanes.find(({ name }) => name === against)
  if (ours === undefined || ours.notBuilt !== undefined) return { ...told, verdict: 'not built' }
  const reached =
    peer === undefined ? spreadOf(ours.rounds.map(({ figure }) => figure)) : ratioOf(ours, peer, better)
  const keeps = (bound: number): boolean =>
    peer === undefined && better === 'less' ? reached.median <= bound : reached.median >= bound
  const verdict = keeps(goal) ? 'goal' : floor === undefined || keeps(floor) ? 'floor' : 'below'
  return { ...told, reached, verdict }
}

function ratioOf(ours: Course, peer: Course, better: Question['better']): Spread {
  const ratios = ours.rounds.map(({ figure }, round) => {
    const other = peer.rounds[round]?.figure ?? Number.NaN
    return better === 'more' ? figure / other : other / figure
  })
  return spreadOf(ratios)
}
