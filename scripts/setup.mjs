// Makes a checkout ready: dependencies, addon, JavaScript. Every npm command of ours begins here, so that a
// fresh clone needs no other step. What is up to date costs little time and prints nothing.
//   --tests     also the C++ test binary
//   --examples  also build/examples
//   --crash     also the program and the addon of crash replay
//   --copies    also the addon as for a runtime that forbids external buffers
//   --bench     also build/bench and the C++ loops it compares with
import { createHash } from 'node:crypto'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildNative, exitOnFailure, run } from './build-native.mjs'
import { bundle } from './bundle.mjs'
import { declaration, declarations } from './declarations.mjs'
import { holdSetupLock } from './setup-lock.mjs'
import { filesBelow } from './stamp.mjs'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const slowMs = 1500
const wanted = new Set(process.argv.slice(2))

const nativeTargets = {
  '--tests': ['millrace_core_tests'],
  '--crash': ['millrace_crash', 'millrace_recording'],
  '--copies': ['millrace_copies'],
  '--bench': ['millrace_bench'],
}

await exitOnFailure(async () => {
  await holdSetupLock(join(root, '.setup-lock'), (line) => process.stderr.write(`setup: ${line}\n`))
  await step('dependencies', installDependencies)
  const alsoTargets = Object.keys(nativeTargets).flatMap((flag) =>
    wanted.has(flag) ? nativeTargets[flag] : [],
  )
  await step(['engine', ...alsoTargets].join(', '), () => buildNative({ alsoTargets }))
  await step('types', declare)
  await step('JavaScript', bundle)
  await step('console', () => copyPage('src/console', 'dist/console'))
  if (wanted.has('--examples'))
    await step('examples', () => compile('examples', 'examples', 'build/examples'))
  if (wanted.has('--bench')) await step('benches', () => compile('bench', 'bench', 'build/bench'))
})

/** Runs one step and leaves one line if it changed anything. On a terminal a slow step names itself meanwhile. */
async function step(name, work) {
  const startedAt = performance.now()
  const notice = setTimeout(() => process.stderr.isTTY && process.stderr.write(`setup: ${name} …`), slowMs)
  let changed
  try {
    changed = await work()
  } finally {
    clearTimeout(notice)
    if (process.stderr.isTTY && performance.now() - startedAt > slowMs) process.stderr.write('\r\x1b[K')
  }
  const tookMs = performance.now() - startedAt
  if (changed || tookMs > slowMs)
    process.stderr.write(`setup: ${name} ready, ${(tookMs / 1000).toFixed(1)} s\n`)
}

/** `npm ci` when the lockfile, the platform or Node's ABI is not the one node_modules was installed for. */
async function installDependencies() {
  const stamp = join(root, 'node_modules', '.millrace-setup')
  const hash = createHash('sha256')
  hash.update(readFileSync(join(root, 'package-lock.json')))
  hash.update([process.platform, process.arch, process.versions.modules].join())
  const wantedStamp = hash.digest('hex')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wantedStamp) return false

  // Our own install script would compile the addon, which is the next step; those of dependencies are not
  // needed.
  const ci = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']
  const npm = process.env['npm_execpath']
  await (npm === undefined ? run('npm', ci) : run(process.execPath, [npm, ...ci]))
  writeFileSync(stamp, wantedStamp)
  return true
}

/** Checks the types of src/ and writes its declarations; the JavaScript beside them comes from `bundle`. */
function declare() {
  return declarations(root, () => compile('.', 'src', 'dist', declaration))
}

/** Compiles the TypeScript project in `project`, and drops output whose source is gone. */
async function compile(project, sources, output, outputs = /(\.d\.ts|\.js)(\.map)?$/) {
  const outputFolder = join(root, output)
  removeOrphans(join(root, sources), outputFolder, outputs)
  const before = newestMs(outputFolder)
  await run(process.execPath, [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', project])
  return newestMs(outputFolder) !== before
}

/** The page of the console needs no compiler: its files are copied as they are. */
function copyPage(from, to) {
  mkdirSync(join(root, to), { recursive: true })
  const files = readdirSync(join(root, from)).filter((name) => !/\.(md|d\.ts)$/.test(name))
  for (const name of readdirSync(join(root, to))) if (!files.includes(name)) rmSync(join(root, to, name))
  const changed = files.filter((name) => !sameFile(join(root, from, name), join(root, to, name)))
  for (const name of changed) copyFileSync(join(root, from, name), join(root, to, name))
  return changed.length > 0
}

function sameFile(one, other) {
  return existsSync(other) && readFileSync(one).equals(readFileSync(other))
}

function removeOrphans(sourceFolder, outputFolder, outputs) {
  for (const file of filesBelow(outputFolder)) {
    const source = file.replace(outputs, '.ts')
    // What is no output but a copy has its source under its own name.
    if (source === file || existsSync(join(sourceFolder, file))) continue
    if (!existsSync(join(sourceFolder, source))) rmSync(join(outputFolder, file))
  }
}

function newestMs(folder) {
  return Math.max(0, ...filesBelow(folder).map((file) => statSync(join(folder, file)).mtimeMs))
}
