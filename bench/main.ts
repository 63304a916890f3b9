// npm run bench -- [name …] [--rounds 7] [--folder build] [--save]
//
// Runs the benches whose names contain one of the words, or all of them.
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Bench } from './bench.ts'
import { describeMachine } from './machine.ts'

const roundsMin = 5
const suffix = '.bench.js'

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      rounds: { type: 'string', default: '7' },
      folder: { type: 'string', default: 'build' },
      save: { type: 'boolean', default: false },
    },
  })
  const rounds = Number(values.rounds)
  if (!Number.isInteger(rounds) || rounds < roundsMin) {
    throw new RangeError(`--rounds must be a whole number, at least ${roundsMin}`)
  }
  const known = benchNames()
  const chosen = known.filter(
    (name) => positionals.length === 0 || positionals.some((word) => name.includes(word)),
  )
  if (chosen.length === 0) throw new RangeError(`no bench has such a name; there are ${known.join(', ')}`)
  for (const name of chosen) await runBench(name, rounds, values.folder, values.save)
}

function benchNames(): string[] {
  const files = readdirSync(import.meta.dirname).filter((file) => file.endsWith(suffix))
  return files.map((file) => basename(file, suffix)).toSorted()
}

async function runBench(name: string, rounds: number, parent: string, save: boolean): Promise<void> {
  const { bench } = (await import(`./${name}${suffix}`)) as { readonly bench: Bench }
  const folder = mkdtempSync(join(parent, `bench-${name}-`))
  const report: string[] = []
  const say = (...lines: readonly string[]): void => {
    progress('')
    report.push(...lines)
    for (const line of lines) process.stdout.write(`${line}\n`)
  }
  try {
    say(`${name}: ${bench.question}`, '', ...bench.terms, '', ...describeMachine(folder))
    say(`Rounds:  ${rounds} counted of each contender, in turn; median (least – most)`)
    await bench.run({ rounds, folder, say, progress })
    say('')
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  if (save) writeFileSync(join('bench', 'results', `${name}.txt`), report.join('\n'))
}

/** One line that overwrites itself, on a terminal only. */
function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001B[K${text}`)
}

await main().catch((error: unknown) => {
  process.stderr.write(
    `bench: ${error instanceof RangeError ? error.message : String((error as Error).stack)}\n`,
  )
  process.exitCode = 1
})
