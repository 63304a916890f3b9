// Runs every linter over every file of ours and reports each, whether or not an earlier one complained. The
// C++ tools come from the system: where they are missing, their part is left out with a word on how to get
// them, except in CI.
//   --quick    without clang-tidy
//   --analyze  clang-tidy also follows paths through the code (clang-analyzer-*), which takes three times as long
import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { dirname, join } from 'node:path'
import { run } from './build-native.mjs'
import { available, clangFormat, clangTidy, nativeSources, root } from './native-sources.mjs'

/** Lines of clang-tidy that count what it suppressed in system headers; they carry no finding. */
const tidyNoise = /^\d+ warnings? (and \d+ errors? )?generated\.\n/gm

const analyzes = process.argv.includes('--analyze')
const stamps = join('build', 'tidy')
const failed = []
await lint('oxlint', [[process.execPath, join(root, 'node_modules/oxlint/bin/oxlint'), '--deny-warnings']])
await lint('oxfmt', [[process.execPath, join(root, 'node_modules/oxfmt/bin/oxfmt'), '--check', '.']])
await lintNative(clangFormat, [[clangFormat, '--dry-run', '--Werror', ...nativeSources(['native', 'bench'])]])
if (!process.argv.includes('--quick')) {
  await writeCompileCommands()
  await lintNative(clangTidy, staleForTidy().map(tidyCommand), rememberTidy)
}
if (failed.length > 0) {
  process.stderr.write(`lint: ${failed.join(', ')} found something\n`)
  process.exitCode = 1
}

/**
 * The C++ files to look at: all that clang-tidy did not find clean since they, a header or its settings last
 * changed. It needs seconds for each, and CI starts with none.
 */
function staleForTidy() {
  const headers = nativeSources(['native'], /\.h$/)
  const sharedMs = Math.max(...['.clang-tidy', 'CMakeLists.txt', ...headers].map(changedAtMs))
  return nativeSources(['native/core', 'native/binding'], /\.cc$/).filter(
    (file) => changedAtMs(tidyStamp(file)) < Math.max(sharedMs, changedAtMs(file)),
  )
}

function tidyCommand(file) {
  // The compiler's own warnings are the build's business; here its flags for another compiler are no errors.
  // So are headers that another compiler has precompiled.
  const unknown = ['-Wno-unknown-warning-option', '-Wno-ignored-gch', '-Wno-error']
  const tolerant = unknown.map((argument) => `--extra-arg=${argument}`)
  const checks = analyzes ? [] : ['--checks=-clang-analyzer-*']
  return [clangTidy, '-p', stamps, '--quiet', ...checks, ...tolerant, file]
}

/** How each file is compiled by itself, once: what two targets share would be looked at twice. */
async function writeCompileCommands() {
  const cmakeJs = join(root, 'node_modules', 'cmake-js', 'bin', 'cmake-js')
  const place = ['--out', join(root, stamps), '--CDMILLRACE_BATCHES=OFF', '--CDMILLRACE_TESTS=ON']
  await run(process.execPath, [cmakeJs, 'configure', ...place])
  const file = join(root, stamps, 'compile_commands.json')
  const commands = new Map()
  for (const command of JSON.parse(readFileSync(file, 'utf8'))) {
    if (!commands.has(command.file)) commands.set(command.file, command)
  }
  writeFileSync(file, JSON.stringify([...commands.values()]))
}

function rememberTidy(command) {
  const stamp = join(root, tidyStamp(command.at(-1)))
  mkdirSync(dirname(stamp), { recursive: true })
  writeFileSync(stamp, '')
}

function tidyStamp(file) {
  return join(stamps, `${file}.${analyzes ? 'analyzed' : 'clean'}`)
}

function changedAtMs(file) {
  return statSync(join(root, file), { throwIfNoEntry: false })?.mtimeMs ?? 0
}

async function lintNative(name, commands, remember) {
  if (available(name)) await lint(name, commands, remember)
  else if (process.env['CI']) failed.push(name)
}

/** One linter, as one or more commands that run side by side on all cores; `remember` hears of each clean one. */
async function lint(name, commands, remember) {
  const startedAt = performance.now()
  const queue = [...commands]
  let clean = true
  const worker = async () => {
    for (let command = queue.shift(); command !== undefined; command = queue.shift()) {
      if (await quietly(command)) remember?.(command)
      else clean = false
    }
  }
  await Promise.all(Array.from({ length: availableParallelism() }, worker))
  if (!clean) failed.push(name)
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
  process.stderr.write(`lint: ${name} ${clean ? 'is content' : 'complains'}, ${seconds} s\n`)
}

/** Runs a command and shows its output only if it failed. */
function quietly([program, ...args]) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
    const said = []
    child.stdout.on('data', (chunk) => said.push(chunk))
    child.stderr.on('data', (chunk) => said.push(chunk))
    child.on('error', reject)
    child.on('close', (code) => {
      if (code !== 0) process.stderr.write(Buffer.concat(said).toString().replace(tidyNoise, ''))
      resolve(code === 0)
    })
  })
}
