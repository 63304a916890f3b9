import { columns } from '../columns.ts'
import type { ContestantName } from './contestants.ts'
import { figure, ratioText } from './report.ts'
import type { Results, Standing } from './results.ts'

/** Columns of the table in docs/benchmarks.md, behind the question. */
const shown: readonly ContestantName[] = [
  'millrace',
  'lmdb',
  'lmdb by gets',
  'classic-level',
  'sqlite',
  'hand-written log',
  'arrays',
]

/** The results on one screen: the median of everybody, and in brackets how many times as good millrace is. */
export function summary({ questions, machine, versions, date, rounds }: Results): string[] {
  const rows = questions
    .map(({ title, unit, contestants }) => [
      `${title}, ${unit}`,
      ...shown.map((name) => cell(contestants.find((each) => each.name === name))),
    ])
    .filter(([, millrace]) => millrace !== '')
  const peers = Object.entries(versions).map(([name, version]) => `${name} ${version}`)
  return [
    ...columns(['', ...shown], rows),
    '',
    `Medians of ${rounds} rounds; in brackets, how many times as good millrace was in the same round. ${date}; ${peers.join(', ')}.`,
    '',
    ...machine.map((line) => `- ${line.replace(/: +/, ': ')}`),
  ]
}

function cell(standing: Standing | undefined): string {
  if (standing?.spread === undefined) return ''
  const { spread, ratio } = standing
  return figure(spread.median) + (ratio === undefined ? '' : ` (${ratioText(ratio.median)} ×)`)
}

/** The page with everything between the two marks replaced. */
export function withSummary(page: string, lines: readonly string[]): string {
  const marked = /(<!-- results -->\n)[^]*(<!-- \/results -->)/
  if (!marked.test(page)) throw new Error('the page has no marks for results')
  return page.replace(
    marked,
    (_, before: string, after: string) => `${before}\n${lines.join('\n')}\n\n${after}`,
  )
}
