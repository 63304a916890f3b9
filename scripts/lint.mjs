// Runs every linter over every file of ours and reports each, whether or not an earlier one complained. The
// C++ tools come from the system: where they are missing, their part is left out with a word on how to get
// them, except in CI.
import { spawn } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { available, clangFormat, clangTidy, nativeSources, root } from './native-sources.mjs'

/** Lines of clang-tidy that count what it suppressed in system headers; they carry no finding. */
const tidyNoise = /^\d+ warnings? (and \d+ errors? )?generated\.\n/gm

const failed = []
await lint('oxlint', [[process.execPath, join(root, 'node_modules/oxlint/bin/oxlint'), '--deny-warnings']])
await lint('oxfmt', [[process.execPath, join(root, 'node_modules/oxfmt/bin/oxfmt'), '--check', '.']])
await lintNative(clangFormat, [[clangFormat, '--dry-run', '--Werror', ...nativeSources(['native', 'bench'])]])
await lintNative(
  clangTidy,
  // The compiler's own warnings are the build's business; here its flags for another compiler must not be
  // errors.
  nativeSources(['native/core', 'native/binding'], /\.cc$/).map((file) => [
    clangTidy,
    '-p',
    'build',
    '--quiet',
    '--extra-arg=-Wno-unknown-warning-option',
    '--extra-arg=-Wno-error',
    file,
  ]),
)
if (failed.length > 0) {
  process.stderr.write(`lint: ${failed.join(', ')} found something\n`)
  process.exitCode = 1
}

async function lintNative(name, commands) {
  if (available(name)) await lint(name, commands)
  else if (process.env['CI']) failed.push(name)
}

/** One linter, as one or more commands that run side by side on all cores. */
async function lint(name, commands) {
  const startedAt = performance.now()
  const queue = [...commands]
  let clean = true
  const worker = async () => {
    for (let command = queue.shift(); command !== undefined; command = queue.shift()) {
      if (!(await quietly(command))) clean = false
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
