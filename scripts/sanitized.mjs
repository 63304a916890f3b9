// Builds with sanitizers, each configuration in a folder of its own, and runs the tests there.
//   node scripts/sanitized.mjs address   C++ tests under AddressSanitizer and UndefinedBehaviorSanitizer
//   node scripts/sanitized.mjs thread    C++ tests under ThreadSanitizer
//                                        both leave out what is repetitive, unless they are given --all
//   node scripts/sanitized.mjs addon     TypeScript tests with an addon under both of the first two;
//                                        --short runs those that tell most; other arguments reach vitest
//   --build                              each of them only compiles, and runs nothing
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, readdirSync, realpathSync, rmSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { flag, oneOf, trialOptions } from '../test/trials/trial-options.mjs'
import { BuildFailure, exitOnFailure, isConfigured, run } from './build-native.mjs'
import { root } from './native-sources.mjs'

const sanitizers = { address: 'address,undefined', thread: 'thread' }
const parallel = ['--parallel', String(availableParallelism())]

/**
 * What is passed over without --all, by a part of its name: tests that do one thing thousands of times over, whose
 * first times go where the other tests go. Under ThreadSanitizer that is also what damages files, as verifying,
 * repairing and recovering them has one thread; failing each call in turn uses the threads that failed_sync uses,
 * which is not left out.
 */
const repetitive = {
  address: [
    'cut and flip: ',
    'engine_fault: loses nothing and hides nothing, whichever call fails',
    'verify every flipped bit: ',
  ],
  thread: [
    'a repair on a device that fails once: ',
    'crash replay: ',
    'cut and flip: ',
    'engine_fault: loses nothing and hides nothing, whichever call fails',
    'fuzz inputs: ',
    'log_fault: loses nothing ',
    'repair: ',
    'verify every flipped bit: ',
    'verify every truncated file: ',
  ],
}

/** Of the C++ tests: enough for the cores to end at about the same time. */
const parts = 4 * availableParallelism()

/**
 * What calls into the addon. Left out: what never loads it (tidy, docs, package, model, bench), what starts programs
 * by the command line (cli, demo), and trials that are about memory or time (kills, lifetimes, soak, tails).
 */
const addonTests = [
  ...['contract', 'golden', 'log', 'meta', 'native', 'processes', 'sequences', 'streams', 'workers'].map(
    (name) => `test/${name}/`,
  ),
  ...readdirSync(join(root, 'test'))
    .filter((file) => file.endsWith('.test.ts'))
    .map((file) => `test/${file}`),
]

/** Those where the addon is given the most to do wrong, for when there are minutes and not a quarter of an hour. */
const tellingTests = [
  'test/native',
  'test/contract',
  'test/workers',
  'test/lease.test.ts',
  'test/misuse.test.ts',
]

/** Instrumented code takes a few times as long. */
const slowTestMs = 120_000

const [first, ...rest] = process.argv.slice(2)

// What follows is for vitest, which knows its own options.
if (first === 'addon' && !rest.includes('--help')) {
  await exitOnFailure(() => testAddon(rest))
} else {
  const name = {
    ...oneOf(['address', 'thread']),
    says: 'address, thread, or addon before all else',
    count: 1,
  }
  const { values, words } = trialOptions({ all: flag(), build: flag() }, name)
  await exitOnFailure(() => testCore(words[0], values))
}

async function testCore(name, { all, build }) {
  const folder = join(root, 'build', name === 'address' ? 'asan' : 'tsan')
  if (!isConfigured(folder)) {
    const compiler = process.env['CXX'] ?? 'clang++-19'
    // Ninja compiles the tests beside the engine, make one after the other.
    const generator = spawnSync('ninja', ['--version']).status === 0 ? ['-G', 'Ninja'] : []
    const settings = [
      ...generator,
      '-DCMAKE_BUILD_TYPE=Debug',
      '-DMILLRACE_TESTS=ON',
      `-DCMAKE_CXX_COMPILER=${compiler}`,
      `-DMILLRACE_SANITIZE=${sanitizers[name]}`,
    ]
    await run('cmake', ['-S', '.', '-B', folder, ...settings])
  }
  await run('cmake', ['--build', folder, ...parallel, '--target', 'millrace_core_tests'])
  if (build) return
  const counts = await runParts(folder, all ? [] : repetitive[name])
  process.stdout.write(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped\n`)
  if (counts.failed > 0) throw new BuildFailure('tests failed')
  if (counts.passed === 0) throw new BuildFailure('no test was run')
}

/** The tests in many parts, each a process, as many at a time as there are cores. */
async function runParts(folder, excepted) {
  const counts = { passed: 0, failed: 0, skipped: 0 }
  const program = join(folder, 'millrace_core_tests')
  const queue = Array.from({ length: parts }, (_, part) => [
    `--part=${part + 1}/${parts}`,
    ...excepted.map((name) => `--except=${name}`),
  ])
  const worker = async () => {
    for (let args = queue.shift(); args !== undefined; args = queue.shift()) {
      const { code, said } = await hear(program, args, folder)
      const ended = /^(\d+) passed, (\d+) failed, (\d+) skipped$/m.exec(said)
      const [passed, failed, skipped] = (ended?.slice(1) ?? ['0', '1', '0']).map(Number)
      counts.passed += passed
      counts.skipped += skipped
      // What a sanitizer reports at the end, such as a leak, counts as one more.
      counts.failed += code === 0 ? 0 : Math.max(1, failed)
      if (code !== 0 || skipped > 0) process.stdout.write(`${args[0]}:\n${said}`)
    }
  }
  await Promise.all(Array.from({ length: availableParallelism() }, worker))
  return counts
}

async function testAddon(args) {
  const folder = join(root, 'build', 'addon-asan')
  if (!isConfigured(folder)) rmSync(join(folder, 'CMakeCache.txt'), { force: true })
  await run(process.execPath, [
    join(root, 'node_modules', 'cmake-js', 'bin', 'cmake-js'),
    'build',
    '--debug',
    '--out',
    folder,
    `--CDMILLRACE_SANITIZE=${sanitizers.address}`,
    '--target',
    'millrace',
    ...parallel,
  ])
  if (args.includes('--build')) return
  const reports = join(folder, 'reports')
  rmSync(reports, { recursive: true, force: true })
  mkdirSync(reports)
  const short = args.includes('--short')
  const passed = args.filter((argument) => argument !== '--short')
  const files = passed.length > 0 ? passed : short ? tellingTests : addonTests
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs')
  const ended = await show(process.execPath, [vitest, 'run', `--testTimeout=${slowTestMs}`, ...files], {
    env: {
      ...process.env,
      LD_PRELOAD: asanRuntime(),
      MILLRACE_NATIVE: join(folder, 'Debug', 'millrace.node'),
      // Node keeps what it allocated when it ends, so leaks are looked for in the C++ tests. SIGBUS belongs to the
      // engine's own guard. Reports go to files: children that a test expects to die would swallow them.
      ASAN_OPTIONS: `detect_leaks=0:handle_sigbus=0:log_path=${join(reports, 'asan')}`,
      UBSAN_OPTIONS: `print_stacktrace=1:log_path=${join(reports, 'ubsan')}`,
    },
  })
  for (const report of readdirSync(reports)) {
    process.stderr.write(`${report}:\n${readFileSync(join(reports, report), 'utf8').slice(0, 8000)}\n`)
  }
  if (readdirSync(reports).length > 0)
    throw new BuildFailure(`the sanitizers have reported something, see ${reports}`)
  if (ended !== 0) throw new BuildFailure('tests failed')
}

/** The runtime of the compiler that builds the addon; Node itself has none. */
function asanRuntime() {
  const compiler = process.env['CXX'] ?? 'g++'
  const path = spawnSync(compiler, ['-print-file-name=libasan.so'], { encoding: 'utf8' }).stdout.trim()
  if (!existsSync(path)) throw new BuildFailure(`${compiler} names no libasan.so`)
  return realpathSync(path)
}

/** Runs a program and answers what it wrote, and its exit code. */
function hear(program, args, cwd) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] })
    const said = []
    child.stdout.on('data', (chunk) => said.push(chunk))
    child.stderr.on('data', (chunk) => said.push(chunk))
    child.on('error', reject)
    child.on('close', (code) => resolve({ code: code ?? 1, said: Buffer.concat(said).toString() }))
  })
}

/** Runs a program whose output is for whoever asked; its exit code, 1 for a signal. */
function show(program, args, { cwd = root, env = process.env }) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, env, stdio: ['ignore', 'inherit', 'inherit'] })
    child.on('error', reject)
    child.on('close', (code) => resolve(code ?? 1))
  })
}
