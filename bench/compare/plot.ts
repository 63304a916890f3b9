// npm run bench:plot
//
// Draws bench/results/compare.json as docs/benchmarks.svg (how many times as good millrace is as each peer), and
// puts its figures into docs/benchmarks.md.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { chartOf } from './chart.ts'
import { installPeers, peerModule } from './peers.ts'
import type { Results } from './results.ts'
import { summary, withSummary } from './summary.ts'

/** What is used of vega and vega-lite. */
interface Vega {
  parse(spec: unknown): unknown
  readonly View: new (
    dataflow: unknown,
    options: { readonly renderer: 'none' },
  ) => { toSVG(): Promise<string> }
}
interface VegaLite {
  compile(spec: unknown): { readonly spec: unknown }
}

/** Colours of the drawing, and what stands for them where the page is dark. */
const darkColours: Readonly<Record<string, string>> = { '#24292f': '#e6edf3', '#d0d7de': '#3d444d' }

async function main(): Promise<void> {
  installPeers((text) => process.stderr.write(`plot: ${text}\n`))
  const results = JSON.parse(readFileSync(join('bench', 'results', 'compare.json'), 'utf8')) as Results
  const vega = peerModule<Vega>('vega')
  const { spec } = peerModule<VegaLite>('vega-lite').compile(chartOf(results))
  const svg = await new vega.View(vega.parse(spec), { renderer: 'none' }).toSVG()
  const file = join('docs', 'benchmarks.svg')
  writeFileSync(file, `${readableInTheDark(svg)}\n`)
  const page = join('docs', 'benchmarks.md')
  writeFileSync(page, withSummary(readFileSync(page, 'utf8'), summary(results)))
  process.stderr.write(`plot: drawn in ${file}, figures in ${page}\n`)
}

/** Attributes give way to style sheets, so a rule for each colour is enough. */
function readableInTheDark(svg: string): string {
  const rules = Object.entries(darkColours).flatMap(([light, dark]) =>
    ['fill', 'stroke'].map((attribute) => `[${attribute}="${light}"]{${attribute}:${dark}}`),
  )
  return svg.replace(
    /<svg[^>]*>/,
    (tag) => `${tag}<style>@media (prefers-color-scheme:dark){${rules.join('')}}</style>`,
  )
}

await main().catch((error: unknown) => {
  process.stderr.write(`plot: ${String((error as Error).stack)}\n`)
  process.exitCode = 1
})
