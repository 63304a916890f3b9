// Makes a checkout ready: dependencies, addon, JavaScript. Every npm command of ours begins here, so that a
// fresh clone needs no other step. What is up to date costs little time and prints nothing.
//   --tests     also the C++ test binary
//   --examples  also build/examples
//   --copies    also the addon as for a runtime that forbids external buffers
//   --bench     also build/bench and the C++ loops it compares with
//   --crash     also the program that replays crashes
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildNative, exitOnFailure, run } from './build-native.mjs'
import { holdSetupLock } from './setup-lock.mjs'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const slowMs = 1500
const wanted = new Set(process.argv.slice(2))

const nativeTargets = {
  '--tests': 'millrace_core_tests',
  '--copies': 'millrace_copies',
  '--bench': 'millrace_bench',
  '--crash': 'millrace_crash',
}

await exitOnFailure(async () => {
  await holdSetupLock(join(root, '.setup-lock'), (line) => process.stderr.write(`setup: ${line}\n`))
  await step('dependencies', installDependencies)
  const alsoTargets = Object.keys(nativeTargets).flatMap((flag) =>
    wanted.has(flag) ? nativeTargets[flag] : [],
  )
  await step(['engine', ...alsoTargets].join(', '), () => buildNative({ alsoTargets }))
  await step('TypeScript', () => compile('.', 'dist'))
  if (wanted.has('--examples')) await step('examples', () => compile('examples', 'build/examples'))
  if (wanted.has('--bench')) await step('benches', () => compile('bench', 'build/bench'))
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

/** Compiles the TypeScript project in `project`, and drops output whose source is gone. */
async function compile(project, output) {
  const outputFolder = join(root, output)
  removeOrphans(join(root, project === '.' ? 'src' : project), outputFolder)
  const before = newestMs(outputFolder)
  await run(process.execPath, [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', project])
  return newestMs(outputFolder) !== before
}

function removeOrphans(sourceFolder, outputFolder) {
  for (const file of filesBelow(outputFolder)) {
    const source = file.replace(/(\.d\.ts|\.js)(\.map)?$/, '.ts')
    if (source !== file && !existsSync(join(sourceFolder, source))) rmSync(join(outputFolder, file))
  }
}

function newestMs(folder) {
  return Math.max(0, ...filesBelow(folder).map((file) => statSync(join(folder, file)).mtimeMs))
}

function filesBelow(folder) {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { recursive: true }).filter((name) => statSync(join(folder, name)).isFile())
}
