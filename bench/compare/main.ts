// npm run bench:compare -- [--rounds 5] [--only put-batch,seek] [--quick] [--json] [--dir <folder>]
//
// millrace beside other stores and a log written by hand. Without --only and --quick the tables are kept in
// bench/results/compare.txt and .json, otherwise in build/.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { describeMachine } from '../machine.ts'
import { installPeers, peerVersions } from './peers.ts'
import { questions } from './questions.ts'
import { report } from './report.ts'
import type { Results } from './results.ts'
import { askInTurn } from './turns.ts'

const roundsMin = 5
/** Of the data of a whole run. */
const quickScale = 0.1

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: String(roundsMin) },
      only: { type: 'string' },
      quick: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      dir: { type: 'string', default: tmpdir() },
    },
  })
  const rounds = Number(values.rounds)
  if (!Number.isInteger(rounds) || (rounds < roundsMin && !values.quick)) {
    throw new RangeError(`--rounds must be a whole number, at least ${roundsMin} without --quick`)
  }
  const words = values.only?.split(',')
  const chosen = questions.filter(({ id }) => words?.some((word) => id.includes(word)) ?? true)
  if (chosen.length === 0) {
    throw new RangeError(`--only names none of ${questions.map(({ id }) => id).join(', ')}`)
  }
  installPeers(progress)
  const folder = mkdtempSync(join(values.dir, 'millrace-compare-'))
  process.once('SIGINT', () => {
    rmSync(folder, { recursive: true, force: true })
    process.exit(130)
  })
  try {
    const machine = describeMachine(folder)
    const date = new Date().toISOString().slice(0, 10)
    const scale = values.quick ? quickScale : 1
    const answered: Results['questions'][number][] = []
    for (const question of chosen)
      answered.push(await askInTurn(question, { rounds, scale, folder, progress }))
    progress('')
    const results: Results = { date, machine, versions: peerVersions(), rounds, scale, questions: answered }
    const text = `${report(results).join('\n')}\n`
    const json = `${JSON.stringify(results, undefined, 1)}\n`
    const kept = join(
      ...(chosen.length === questions.length && scale === 1 ? ['bench', 'results'] : ['build']),
    )
    writeFileSync(join(kept, 'compare.txt'), text)
    writeFileSync(join(kept, 'compare.json'), json)
    process.stdout.write(values.json ? json : text)
    process.stderr.write(`compare: kept in ${join(kept, 'compare.txt')} and .json\n`)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** One line that overwrites itself, on a terminal only. */
function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001B[K${text}`)
}

await main().catch((error: unknown) => {
  process.stderr.write(
    `compare: ${error instanceof RangeError ? error.message : String((error as Error).stack)}\n`,
  )
  process.exitCode = 1
})
