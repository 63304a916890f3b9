// Compiles the addon into build/Release/millrace.node: with cmake-js in a clone, where it is a development
// dependency and the C++ tests and benches can be wanted too, else with node-gyp, which comes inside npm.
// Shipped with the package, so it may import nothing but Node; scripts/setup.mjs calls it as a function.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readFileSync, realpathSync, rmSync, statSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const buildFolder = join(root, 'build')
const addon = join(buildFolder, 'Release', 'millrace.node')

/** A build that cannot start or did not finish. The message is for a person and says what to do. */
export class BuildFailure extends Error {}

/**
 * Builds what is out of date: the addon, and whatever else CMakeLists.txt calls a target.
 * Returns whether anything was compiled.
 */
export async function buildNative({ alsoTargets = [] } = {}) {
  requireCompiler()
  const before = builtAtMs()
  const cmakeJs = join(root, 'node_modules', 'cmake-js', 'bin', 'cmake-js')
  if (answers('cmake') && existsSync(cmakeJs)) await buildWithCmake(cmakeJs, alsoTargets)
  else if (alsoTargets.length === 0) await buildWithNodeGyp()
  else throw new BuildFailure(`the C++ tests and benches need CMake 3.20 or newer. ${howToInstall('cmake')}`)
  return builtAtMs() !== before
}

async function buildWithCmake(cmakeJs, alsoTargets) {
  // What was configured elsewhere (a moved checkout) or by node-gyp cannot be built on.
  const cache = join(buildFolder, 'CMakeCache.txt')
  // cmake-js takes the cache for a configuration.
  if (!isConfigured(buildFolder)) rmSync(cache, { force: true })
  if (existsSync(cache) && !configuredHere(cache)) rmSync(buildFolder, { recursive: true })
  if (existsSync(join(buildFolder, 'config.gypi'))) rmSync(buildFolder, { recursive: true })

  // The tests are always configured and only compiled when asked for, so that one build folder serves both.
  const parallel = ['--parallel', String(availableParallelism())]
  await run(process.execPath, [
    cmakeJs,
    'build',
    '--CDMILLRACE_TESTS=ON',
    '--target',
    'millrace',
    ...parallel,
  ])
  if (alsoTargets.length === 0) return
  await run('cmake', ['--build', buildFolder, '--config', 'Release', ...parallel, '--target', ...alsoTargets])
}

async function buildWithNodeGyp() {
  if (!answers('python3')) throw new BuildFailure(`node-gyp needs Python 3. ${howToInstall('python3')}`)
  if (!answers('make')) throw new BuildFailure(`node-gyp needs make. ${howToInstall('make')}`)
  if (existsSync(join(buildFolder, 'CMakeCache.txt'))) rmSync(buildFolder, { recursive: true })

  const environment = { ...process.env }
  environment['npm_config_nodedir'] ??= nodeHeaders()
  const nodeGyp = process.env['npm_config_node_gyp']
  if (nodeGyp !== undefined && existsSync(nodeGyp)) {
    await run(process.execPath, [nodeGyp, 'configure', 'build', '--jobs=max'], environment)
  } else {
    // node-gyp 13 does not run on Node 20.
    await run('npx', ['--yes', 'node-gyp@12', 'configure', 'build', '--jobs=max'], environment)
  }
}

/** The prefix of the running Node when its headers are beside it; node-gyp would otherwise download them. */
function nodeHeaders() {
  const prefix = join(dirname(realpathSync(process.execPath)), '..')
  return existsSync(join(prefix, 'include', 'node', 'node_api.h')) ? prefix : undefined
}

/** Whether CMake made a build in this folder: where it failed at that, it leaves its cache and nothing to build with. */
export function isConfigured(folder) {
  const builds = ['build.ninja', 'Makefile', 'ALL_BUILD.vcxproj']
  return existsSync(join(folder, 'CMakeCache.txt')) && builds.some((build) => existsSync(join(folder, build)))
}

function configuredHere(cache) {
  const home = /^CMAKE_HOME_DIRECTORY:INTERNAL=(.*)$/m.exec(readFileSync(cache, 'utf8'))?.[1]
  return home !== undefined && existsSync(home) && realpathSync(home) === realpathSync(root)
}

/** When the newest product of a build was written; tells work from "nothing to do". Milliseconds. */
function builtAtMs() {
  const benches = join(buildFolder, 'bench-native')
  const products = [addon, join(buildFolder, 'millrace_core_tests'), benches].filter((path) =>
    existsSync(path),
  )
  return Math.max(0, ...products.map((path) => statSync(path).mtimeMs))
}

function requireCompiler() {
  // On Windows cmake-js and node-gyp look for Visual Studio themselves and explain its absence.
  if (process.platform === 'win32') return
  const compilers = [process.env['CXX'], 'c++', 'g++', 'clang++'].filter(Boolean)
  if (compilers.some((compiler) => answers(compiler.split(' ')[0]))) return
  throw new BuildFailure(`no C++20 compiler was found. ${howToInstall('compiler')}`)
}

function howToInstall(what) {
  const debian = { compiler: 'g++ make', cmake: 'cmake', python3: 'python3', make: 'make' }[what]
  const apple =
    { compiler: 'xcode-select --install', make: 'xcode-select --install' }[what] ?? `brew install ${debian}`
  if (process.platform === 'darwin') return `On macOS: ${apple}`
  return `On Debian and Ubuntu: apt-get install ${debian}; elsewhere, the packages of the same purpose.`
}

function answers(program) {
  return spawnSync(program, ['--version'], { stdio: 'ignore' }).status === 0
}

/** Runs `task` for a command line: a foreseen failure is one sentence and exit code 1, not a stack. */
export async function exitOnFailure(task) {
  try {
    await task()
  } catch (failure) {
    if (!(failure instanceof BuildFailure)) throw failure
    process.stderr.write(`millrace: ${failure.message}\n`)
    process.exitCode = 1
  }
}

/** Runs a tool in the checkout: silent when it works, everything it said when it does not. */
export function run(program, args, env = process.env) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] })
    const said = []
    child.stdout.on('data', (chunk) => said.push(chunk))
    child.stderr.on('data', (chunk) => said.push(chunk))
    child.on('error', (error) => reject(new BuildFailure(`${program} did not start: ${error.message}`)))
    child.on('close', (code, signal) => {
      if (code === 0) return resolve()
      process.stderr.write(Buffer.concat(said))
      reject(new BuildFailure(`${[program, ...args].join(' ')} failed: ${signal ?? `exit ${code}`}`))
    })
  })
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  await exitOnFailure(() => buildNative())
}
