import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { questions } from '../../bench/compare/questions.ts'
import { answeredBy, type Course, type Results } from '../../bench/compare/results.ts'
import { summary, withSummary } from '../../bench/compare/summary.ts'
import { filesBelow, root, textOf } from '../tidy/checkout.ts'

const peers = JSON.parse(textOf('bench/compare/peers/package.json')) as {
  readonly dependencies: Readonly<Record<string, string>>
  readonly devDependencies: Readonly<Record<string, string>>
}
const installed = { ...peers.dependencies, ...peers.devDependencies }

describe('benches', () => {
  it('are all type-checked', () => {
    const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
    const listed = execFileSync(
      process.execPath,
      [compiler, '-p', 'tsconfig.check.json', '--listFilesOnly'],
      {
        cwd: root,
        encoding: 'utf8',
      },
    )
    const checked = new Set(listed.split('\n'))
    const sources = filesBelow('bench').filter(({ path }) => path.endsWith('.ts'))
    expect(sources.length).toBeGreaterThan(20)
    expect(sources.filter(({ path }) => !checked.has(join(root, path)))).toEqual([])
  })

  it('of the comparison fit 300 lines each', () => {
    const long = filesBelow('bench/compare').filter(({ text }) => text.split('\n').length > 300)
    expect(long.map(({ path }) => path)).toEqual([])
  })
})

describe('peers', () => {
  it('have exact versions', () => {
    for (const version of Object.values(installed)) expect(version).toMatch(/^\d+\.\d+\.\d+$/)
  })

  it('are not installed with the project', () => {
    const { packages } = JSON.parse(textOf('package-lock.json')) as { readonly packages: object }
    const ours = Object.keys(installed).filter((name) => `node_modules/${name}` in packages)
    expect(ours).toEqual([])
  })
})

describe.each(questions.map((question) => ({ name: question.id, question })))(
  'the question $name',
  ({ question }) => {
    it('is asked of millrace first, and of everybody whom a bar names', () => {
      expect(question.contestants[0]).toBe('millrace')
      const named = question.bars.flatMap(({ of, against }) => [of ?? 'millrace', against ?? 'millrace'])
      expect(question.contestants).toEqual(expect.arrayContaining(named))
    })

    it('has goals behind its floors', () => {
      for (const { against, floor, goal } of question.bars) {
        if (floor === undefined) continue
        const smallerIsBetter = against === undefined && question.better === 'less'
        expect(smallerIsBetter ? floor - goal : goal - floor).toBeGreaterThan(0)
      }
    })
  },
)

const course = (name: Course['name'], ...figures: readonly number[]): Course => ({
  name,
  rounds: figures.map((figure) => ({ figure })),
  notBuilt: undefined,
})
const asked = (better: 'more' | 'less') =>
  ({
    id: 'x',
    title: 'x',
    terms: [],
    unit: 'x',
    better,
    bars: [
      { against: 'lmdb', floor: 2, goal: 3 },
      { against: undefined, floor: 15, goal: 5 },
    ],
  }) as const

describe('comparing', () => {
  it('takes ratios within a round, and then their median', () => {
    const answered = answeredBy(asked('more'), [course('millrace', 10, 40, 90), course('lmdb', 10, 20, 30)])
    expect(answered.contestants[1]?.ratio).toEqual({ median: 2, least: 1, most: 3 })
    expect(answered.bars[0]).toMatchObject({ reached: { median: 2 }, verdict: 'floor' })
  })

  it('turns ratios around where less is better, and not bounds', () => {
    const answered = answeredBy(asked('less'), [course('millrace', 10), course('lmdb', 40)])
    expect(answered.bars.map(({ reached, verdict }) => [reached?.median, verdict])).toEqual([
      [4, 'goal'],
      [10, 'floor'],
    ])
  })

  it('says which bar was missed', () => {
    const answered = answeredBy(asked('less'), [course('millrace', 16), course('lmdb', 16)])
    expect(answered.bars.map(({ verdict }) => verdict)).toEqual(['below', 'below'])
  })

  it('gives no figure for what is not built', () => {
    const ours: Course = { name: 'millrace', rounds: [], notBuilt: 'not yet' }
    const answered = answeredBy(asked('more'), [ours, course('lmdb', 1)])
    expect(answered.bars.map(({ reached, verdict }) => [reached, verdict])).toEqual([
      [undefined, 'not built'],
      [undefined, 'not built'],
    ])
    expect(answered.contestants[1]).not.toHaveProperty('ratio')
  })
})

describe('docs/benchmarks.md', () => {
  it('has the figures of the kept run', () => {
    const kept = JSON.parse(textOf('bench/results/compare.json')) as Results
    expect(kept.scale).toBe(1)
    const page = textOf('docs/benchmarks.md')
    expect(withSummary(page, summary(kept))).toBe(page)
  })
})
