// Builds with sanitizers, each configuration in a folder of its own, and runs the tests there.
//   node scripts/sanitized.mjs address   C++ tests under AddressSanitizer and UndefinedBehaviorSanitizer
//   node scripts/sanitized.mjs thread    C++ tests under ThreadSanitizer
//   node scripts/sanitized.mjs addon     TypeScript tests with an addon under both of the first two;
//                                        --short runs those that tell most; other arguments reach vitest
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, readdirSync, realpathSync, rmSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { BuildFailure, exitOnFailure, run } from './build-native.mjs'
import { root } from './native-sources.mjs'

const sanitizers = { address: 'address,undefined', thread: 'thread' }
const parallel = ['--parallel', String(availableParallelism())]

/**
 * Tests with one thread have nothing to race with, and these flip every bit of a store: ten minutes under
 * ThreadSanitizer, seconds without.
 */
const singleThreaded = 'verify every flipped bit'

/**
 * What calls into the addon. Left out: what never loads it (tidy, docs, package, model, bench), what starts programs
 * by the command line (cli, demo), and trials that are about memory or time (kills, lifetimes, soak, tails).
 */
const addonTests = [
  ...['contract', 'log', 'meta', 'native', 'processes', 'streams', 'workers'].map((name) => `test/${name}/`),
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

const [kind, ...rest] = process.argv.slice(2)

await exitOnFailure(async () => {
  if (kind === 'address' || kind === 'thread') await testCore(kind)
  else if (kind === 'addon') await testAddon(rest)
  else throw new BuildFailure('scripts/sanitized.mjs takes one of: address, thread, addon')
})

async function testCore(name) {
  const folder = join(root, 'build', name === 'address' ? 'asan' : 'tsan')
  if (!existsSync(join(folder, 'CMakeCache.txt'))) {
    const settings = [
      '-DCMAKE_BUILD_TYPE=Debug',
      '-DMILLRACE_TESTS=ON',
      `-DMILLRACE_SANITIZE=${sanitizers[name]}`,
    ]
    await run('cmake', ['-S', '.', '-B', folder, ...settings])
  }
  await run('cmake', ['--build', folder, ...parallel])
  const except = name === 'thread' ? [`--except=${singleThreaded}`] : []
  if ((await show(join(folder, 'millrace_core_tests'), except, { cwd: folder })) !== 0)
    throw new BuildFailure('tests failed')
}

async function testAddon(args) {
  const folder = join(root, 'build', 'addon-asan')
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

/** Runs a program whose output is for whoever asked; its exit code, 1 for a signal. */
function show(program, args, { cwd = root, env = process.env }) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, env, stdio: ['ignore', 'inherit', 'inherit'] })
    child.on('error', reject)
    child.on('close', (code) => resolve(code ?? 1))
  })
}
