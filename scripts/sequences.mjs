// Runs random sequences of calls against the model (test/sequences) in several processes, and counts what was done.
//   --sequences 10000   how many
//   --processes 2       side by side
//   --seed 7            the first process's; others count on. Drawn if left out
//   --path 24:0:2       with --seed: replays one failure
//   --folder /tmp       where the stores are. Left out: in memory where there is /dev/shm
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  existingFolder,
  seedNumber,
  shapedText,
  trialOptions,
  wholeNumber,
} from '../test/trials/trial-options.mjs'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const { values } = trialOptions({
  sequences: wholeNumber(10_000),
  processes: wholeNumber(2),
  // Failures are printed with one of 32 bits that has a sign.
  seed: seedNumber(Math.floor(Math.random() * 2 ** 30), { least: -(2 ** 31), most: 2 ** 31 - 1 }),
  path: shapedText('the path of a failure, such as 24:0:2', /^\d+(:\d+)*$/),
  folder: existingFolder(),
})
const processes = values.path === undefined ? values.processes : 1
const { seed } = values
const scratch = mkdtempSync(join(tmpdir(), 'millrace-sequences-'))
const startedAt = performance.now()

try {
  const codes = await Promise.all(Array.from({ length: processes }, (_, index) => runOne(index)))
  const didAny = report()
  process.exitCode = didAny && codes.every((code) => code === 0) ? 0 : 1
} finally {
  rmSync(scratch, { recursive: true, force: true })
}

/** One process with its part of the sequences; answers how it ended. */
async function runOne(index) {
  const env = {
    ...process.env,
    MILLRACE_SEQUENCES_COUNT: String(Math.ceil(values.sequences / processes)),
    MILLRACE_SEQUENCES_SEED: String(seed + index),
    MILLRACE_SEQUENCES_TALLY: join(scratch, `tally-${index}`),
    ...(values.path === undefined ? {} : { MILLRACE_SEQUENCES_PATH: values.path }),
    ...(values.folder === undefined ? {} : { MILLRACE_SEQUENCES_FOLDER: values.folder }),
  }
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs')
  const child = spawn(process.execPath, [vitest, 'run', 'test/sequences'], {
    cwd: root,
    env,
    stdio: 'inherit',
  })
  const [code] = await once(child, 'exit')
  return code
}

/** What all processes did, by name. Answers whether that was anything. */
function report() {
  const sums = new Map()
  for (let index = 0; index < processes; index++) {
    for (const [what, count] of Object.entries(tallyOf(index))) sums.set(what, (sums.get(what) ?? 0) + count)
  }
  for (const [what, count] of [...sums].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    process.stdout.write(`${String(count).padStart(9)}  ${what}\n`)
  }
  const seconds = (performance.now() - startedAt) / 1000
  process.stdout.write(`seeds ${seed} to ${seed + processes - 1}, ${seconds.toFixed(1)} s\n`)
  return sums.size > 0
}

function tallyOf(index) {
  try {
    return JSON.parse(readFileSync(join(scratch, `tally-${index}`), 'utf8'))
  } catch {
    return {} // it ended before it counted anything
  }
}
