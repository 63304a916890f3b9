import { columns } from '../columns.ts'
import type { Spread } from '../spread.ts'
import type { Answered, Results, Standing, Verdict } from './results.ts'

/** The whole text: where it was measured, what was aimed at, and everybody's figures. */
export function report(results: Results): string[] {
  const versions = Object.entries(results.versions).map(([name, version]) => `${name} ${version}`)
  return [
    'millrace beside others: what each does in a second, in turn, at equal durability (docs/benchmarks.md)',
    '',
    ...results.machine,
    `Peers:   ${versions.join(', ')}`,
    `Date:    ${results.date}`,
    `Rounds:  ${results.rounds} counted of each, in turn; median (least – most) of the rounds`,
    ...(results.scale === 1
      ? []
      : [`Scale:   ${results.scale} of the data, for a look: not figures to keep`]),
    '',
    ...bars(results.questions),
    ...results.questions.flatMap(details),
  ]
}

/** What is aimed at, and what was reached: a line a bar. */
function bars(questions: readonly Answered[]): string[] {
  const header = ['what is aimed at', 'measured', 'floor', 'goal', 'reached']
  const rows = questions.flatMap((question) => question.bars.map((bar) => barRow(question, bar)))
  return columns(header, rows)
}

function barRow({ title, unit }: Answered, bar: Verdict): string[] {
  const show = (value: number): string =>
    bar.against === undefined ? `${figure(value)} ${unit}` : `${value} ×`
  const of = bar.of === 'millrace' ? '' : `, ${bar.of.replace('millrace ', '')}`
  const against = bar.against === undefined ? '' : `, of ${bar.against}`
  return [
    `${title}${of}${against}`,
    bar.reached === undefined ? '' : spread(bar.reached, bar.against === undefined ? figure : ratioText),
    bar.floor === undefined ? '' : show(bar.floor),
    show(bar.goal),
    bar.verdict,
  ]
}

function details(question: Answered): string[] {
  const { title, terms, unit, contestants } = question
  const also = Object.keys(contestants[0]?.also ?? {})
  const header = ['', unit, 'millrace is', ...also]
  return [
    '',
    `${title}`,
    '',
    ...terms,
    '',
    ...columns(
      header,
      contestants.map((each) => row(each, also)),
    ),
  ]
}

function row(standing: Standing, also: readonly string[]): string[] {
  const { name, notBuilt, spread: figures } = standing
  if (notBuilt !== undefined || figures === undefined) return [name, 'not built', '']
  return [
    name,
    spread(figures, figure),
    standing.ratio === undefined ? '' : `${spread(standing.ratio, ratioText)} ×`,
    ...also.map((what) => figure(standing.also[what] ?? Number.NaN)),
  ]
}

function spread({ median, least, most }: Spread, show: (value: number) => string): string {
  return `${show(median)} (${show(least)} – ${show(most)})`
}

/** A ratio with three digits, or so. */
export function ratioText(value: number): string {
  return value.toFixed(value < 10 ? 2 : 1)
}

/** Three digits that matter, and k or M where they help. */
export function figure(value: number): string {
  const size = Math.abs(value)
  if (size >= 1e6) return `${three(value / 1e6)} M`
  if (size >= 1e4) return `${three(value / 1e3)} k`
  return three(value)
}

function three(value: number): string {
  const size = Math.abs(value)
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : 2)
}
