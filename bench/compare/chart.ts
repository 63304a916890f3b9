import type { ContestantName } from './contestants.ts'
import type { Results } from './results.ts'

/** Peers in the order of the legend, with colours that can be seen on white and on black. */
const colours: Readonly<Partial<Record<ContestantName, string>>> = {
  lmdb: '#d9634c',
  'lmdb by gets': '#e0a08f',
  'classic-level': '#b8860b',
  sqlite: '#8b6fd8',
  'hand-written log': '#2f81f7',
  arrays: '#7d8590',
}

const ink = '#24292f'
const faint = '#d0d7de'

interface Dot {
  readonly question: string
  readonly peer: ContestantName
  readonly ratio: number
  readonly least: number
  readonly most: number
}

/** A Vega-Lite drawing: a line a question, a dot a peer, on a logarithmic scale around "the same". */
export function chartOf({ questions }: Results): unknown {
  const dots = questions.flatMap(({ title, contestants }) =>
    contestants.flatMap(({ name, ratio }): Dot[] =>
      ratio === undefined
        ? []
        : [{ question: title, peer: name, ratio: ratio.median, least: ratio.least, most: ratio.most }],
    ),
  )
  const lines = [...new Set(dots.map(({ question }) => question))]
  const peers = (Object.keys(colours) as ContestantName[]).filter((peer) =>
    dots.some((dot) => dot.peer === peer),
  )
  const y = { field: 'question', type: 'nominal', sort: lines, title: null }
  const colour = {
    field: 'peer',
    type: 'nominal',
    scale: { domain: peers, range: peers.map((peer) => colours[peer]) },
    legend: { title: null, orient: 'top', columns: peers.length },
  }
  const x = {
    type: 'quantitative',
    scale: { type: 'log' },
    title: 'times as fast as this peer (slower left of 1, faster right of it)',
    axis: { values: [0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300], format: '~g', tickCount: 5 },
  }
  return {
    width: 460,
    height: { step: 30 },
    background: 'transparent',
    data: { values: dots },
    layer: [
      {
        mark: { type: 'rule', color: ink },
        encoding: { x: { datum: 1, type: 'quantitative', scale: { type: 'log' } } },
      },
      {
        mark: { type: 'rule', strokeWidth: 2, opacity: 0.6 },
        encoding: { y, x: { ...x, field: 'least' }, x2: { field: 'most' }, color: colour },
      },
      {
        mark: { type: 'point', filled: true, size: 70, opacity: 1 },
        encoding: {
          y,
          x: { ...x, field: 'ratio' },
          color: colour,
          shape: { ...colour, scale: { domain: peers } },
        },
      },
    ],
    config: {
      font: 'system-ui, sans-serif',
      axis: {
        labelColor: ink,
        titleColor: ink,
        domainColor: faint,
        gridColor: faint,
        tickColor: faint,
        labelLimit: 400,
        titleFontWeight: 'normal',
      },
      legend: { labelColor: ink },
      view: { stroke: null },
    },
  }
}
