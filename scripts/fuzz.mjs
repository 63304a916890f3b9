// Builds the fuzzers of native/fuzz and runs them side by side, each for a while; the first finding of each is
// kept and fails the command.
//   npm run fuzz -- [target …] [--seconds 60 | --runs N] [--seed N] [--keep]
//   --runs    so many inputs, in place of a time: with a seed, the same ones on every machine
//   --seed    the same mutations in the same order, from the same corpus; drawn if left out
//   --keep    puts what was learnt into native/fuzz/corpus, minimised
//   --build   compiles them and runs nothing
import { spawn } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { flag, oneOf, seedNumber, trialOptions, wholeNumber } from '../test/trials/trial-options.mjs'
import { BuildFailure, exitOnFailure, isConfigured, run } from './build-native.mjs'
import { root } from './native-sources.mjs'

const buildFolder = join(root, 'build', 'fuzz')
const keptFolder = join(root, 'native', 'fuzz', 'corpus')
const fixedFolder = join(root, 'native', 'fuzz', 'regressions')
/** Of one input. More is a finding: memory that grows with what a file says, or a loop. */
const limits = ['-rss_limit_mb=512', '-timeout=10', '-max_len=2048', '-len_control=20']
const environment = {
  ...process.env,
  // Segments are of a megabyte: keeping hundreds of freed ones would cost more than it finds.
  ASAN_OPTIONS: 'quarantine_size_mb=16:allocator_release_to_os_interval_ms=-1',
  UBSAN_OPTIONS: 'print_stacktrace=1',
}

const fuzzers = readdirSync(join(root, 'native', 'fuzz'))
  .filter((file) => file.endsWith('_fuzz.cc'))
  .map((file) => file.replace(/_fuzz\.cc$/, ''))
const { values: options, words } = trialOptions(
  {
    // Of a part of one libFuzzer would make 0, which is without end; of the seed 0, one that is drawn.
    seconds: wholeNumber(60),
    runs: wholeNumber(undefined),
    seed: seedNumber(0, { most: 2 ** 32 - 1 }),
    keep: flag(),
    build: flag(),
  },
  oneOf(fuzzers),
)

await exitOnFailure(async () => {
  const targets = words.length === 0 ? fuzzers : words
  await build(targets)
  if (options.build) return
  const findings = await runAll(targets, options)
  if (options.keep) for (const target of targets) await keep(target)
  if (findings.length > 0) throw new BuildFailure(`${findings.join(', ')} found something`)
})

async function build(targets) {
  if (!isConfigured(buildFolder)) {
    const compiler = process.env['CXX'] ?? 'clang++-19'
    const settings = ['-DCMAKE_BUILD_TYPE=Debug', `-DCMAKE_CXX_COMPILER=${compiler}`, '-DMILLRACE_FUZZ=ON']
    await run('cmake', ['-S', '.', '-B', buildFolder, ...settings])
  }
  const parallel = ['--parallel', String(availableParallelism())]
  await run('cmake', [
    '--build',
    buildFolder,
    ...parallel,
    '--target',
    ...targets.map((name) => `${name}_fuzz`),
  ])
}

/** As many at a time as there are cores. Answers those that found something. */
async function runAll(targets, { seconds, runs, seed }) {
  const extent = runs === undefined ? `-max_total_time=${seconds}` : `-runs=${runs}`
  const queue = [...targets]
  const findings = []
  const worker = async () => {
    for (let target = queue.shift(); target !== undefined; target = queue.shift()) {
      if (!(await fuzz(target, extent, seed, runs === undefined))) findings.push(target)
    }
  }
  await Promise.all(Array.from({ length: availableParallelism() }, worker))
  return findings
}

async function fuzz(target, extent, seed, goesOn) {
  // What earlier runs have learnt would make other mutations of the same seed.
  const learnt = goesOn ? folder(buildFolder, 'corpus', target) : mkdtempSync(join(buildFolder, 'learnt-'))
  const found = folder(buildFolder, 'found', target)
  const seeds = [join(keptFolder, target), join(fixedFolder, target)].filter((path) => existsSync(path))
  const log = join(buildFolder, 'found', `${target}.log`)
  const beganAt = performance.now()
  const { code, said } = await libFuzzer(target, [
    extent,
    `-seed=${seed}`,
    `-artifact_prefix=${found}/`,
    ...limits,
    learnt,
    ...seeds,
  ])
  const seconds = Math.max(1, Math.round((performance.now() - beganAt) / 1000))
  if (!goesOn) rmSync(learnt, { recursive: true })
  writeFileSync(log, said)
  const [, runs, features] = /#(\d+)\s+DONE\s+(cov: \d+ ft: \d+ corp: \d+)/.exec(said) ?? []
  if (code === 0 && Number(runs) > 0) {
    process.stdout.write(
      `${target}: ${runs} runs in ${seconds} s, ${Math.round(runs / seconds)}/s, ${features}\n`,
    )
    return true
  }
  const what = /what\(\): .*|runtime error: .*|SUMMARY: .*|Assertion .*/.exec(said)?.[0] ?? `exit ${code}`
  process.stdout.write(`${target}: ${what}\n  its output is ${log}, its input is in ${found}\n`)
  return false
}

/** Everything that adds coverage, and no more: merged anew, so that what became useless goes. */
async function keep(target) {
  const merged = folder(buildFolder, 'merged', target)
  rmSync(merged, { recursive: true })
  mkdirSync(merged)
  const sources = [join(keptFolder, target), folder(buildFolder, 'corpus', target)]
  const { code, said } = await libFuzzer(target, [
    '-set_cover_merge=1',
    ...limits,
    merged,
    ...sources.filter((path) => existsSync(path)),
  ])
  if (code !== 0) throw new BuildFailure(`merging the corpus of ${target} failed:\n${said.slice(-2000)}`)
  rmSync(join(keptFolder, target), { recursive: true, force: true })
  mkdirSync(keptFolder, { recursive: true })
  renameSync(merged, join(keptFolder, target))
  const files = readdirSync(join(keptFolder, target))
  const bytes = files.reduce((sum, file) => sum + readFileSync(join(keptFolder, target, file)).length, 0)
  process.stdout.write(`${target}: keeps ${files.length} inputs, ${bytes} bytes\n`)
}

function folder(...parts) {
  const path = join(...parts)
  mkdirSync(path, { recursive: true })
  return path
}

function libFuzzer(target, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(join(buildFolder, `${target}_fuzz`), args, {
      env: environment,
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    const said = []
    child.stderr.on('data', (chunk) => said.push(chunk))
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, said: Buffer.concat(said).toString() }))
  })
}
