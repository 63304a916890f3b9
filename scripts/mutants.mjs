// Shows that the suites can fail: plants the bugs of test/mutants/mutants.mjs, one at a time, in a copy of the checkout
// and runs the suites that must catch each. Exit code 1 if one survives, if its words are not found once, or if
// the suites complain without any.
//   --list     names the bugs and plants none
//   WORD...    only those whose names hold one of the words
import { execFileSync, spawn } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { mutants } from '../test/mutants/mutants.mjs'
import { root } from './native-sources.mjs'

/** A lost wake-up shows as a suite that never ends. */
const suiteTimeoutMs = 240_000
const tree = join(root, 'build', 'mutants')

const args = process.argv.slice(2)
const words = args.filter((arg) => !arg.startsWith('--'))
const chosen = mutants.filter(({ name }) => words.length === 0 || words.some((word) => name.includes(word)))

if (args.includes('--list')) {
  for (const { name, harm } of chosen) process.stdout.write(`${name}: ${harm}\n`)
} else {
  await main()
}

async function main() {
  copyCheckout()
  const suites = new Set(chosen.flatMap((mutant) => mutant.suites))
  await build()
  for (const suite of suites) {
    const complaint = await complaintOf(suite)
    if (complaint !== undefined) throw new Error(`${suite} complains without a planted bug: ${complaint}`)
  }
  let survivors = 0
  for (const mutant of chosen) {
    const startedAt = performance.now()
    const verdict = await plant(mutant)
    if (verdict === undefined) survivors += 1
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(0)
    process.stdout.write(`${verdict ?? 'SURVIVED'}  ${mutant.name}, ${seconds} s\n`)
  }
  process.stdout.write(`${chosen.length - survivors} of ${chosen.length} planted bugs caught\n`)
  process.exitCode = survivors === 0 ? 0 : 1
}

/**
 * Tracked files alone; what an earlier run built there is kept, so that little has to be built again. What is the same
 * keeps its time: the file that had the last bug is newer than what was built from it, and is built again.
 */
function copyCheckout() {
  mkdirSync(tree, { recursive: true })
  const names = execFileSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8' })
    .split('\0')
    .filter(Boolean)
  const tracked = new Set(names)
  for (const folder of ['native', 'src', 'test', 'scripts']) {
    const left = existsSync(join(tree, folder)) ? readdirSync(join(tree, folder), { recursive: true }) : []
    for (const name of left.map((path) => join(folder, path))) {
      if (!tracked.has(name) && statSync(join(tree, name)).isFile()) rmSync(join(tree, name))
    }
  }
  for (const name of names) {
    const [from, to] = [join(root, name), join(tree, name)]
    if (!existsSync(to) || !readFileSync(to).equals(readFileSync(from))) cpSync(from, to)
  }
  const modules = join(tree, 'node_modules')
  rmSync(modules, { force: true })
  symlinkSync(join(root, 'node_modules'), modules)
}

/** What caught the bug, or nothing. The file is as it was when this resolves. */
async function plant({ name, file, from, to, suites }) {
  const path = join(tree, file)
  const text = readFileSync(path, 'utf8')
  if (text.split(from).length !== 2) throw new Error(`${name}: its words are not found once in ${file}`)
  writeFileSync(
    path,
    text.replace(from, () => to),
  )
  try {
    await build()
    for (const suite of suites) {
      if ((await complaintOf(suite)) !== undefined) return `caught by "${suite}"`
    }
    return undefined
  } finally {
    writeFileSync(path, text)
  }
}

async function build() {
  const { code, output } = await run([process.execPath, 'scripts/setup.mjs', '--tests', '--crash'])
  if (code !== 0) throw new Error(`it does not build:\n${output}`)
}

/** The end of what a suite printed, if it failed. */
async function complaintOf(suite) {
  const [kind, ...rest] = suite.split(' ')
  const argument = rest.join(' ')
  const { code, output } = await run(commandOf(kind, argument), kind === 'native' ? 'build' : '.')
  return code === 0 ? undefined : output.slice(-2000)
}

function commandOf(kind, argument) {
  switch (kind) {
    case 'native':
      return ['./millrace_core_tests', argument] // in build/: they name their files from there
    case 'crash':
      return ['build/millrace_crash', '--states', argument]
    case 'vitest':
      return [process.execPath, 'node_modules/vitest/vitest.mjs', 'run', argument]
    case 'kills':
      return ['npm', 'run', 'test:kills', '--', '--kills', argument]
    case 'stores':
      return ['npm', 'run', 'test:stores', '--', '--states', argument]
    case 'sequences':
      return ['npm', 'run', 'test:sequences', '--', '--sequences', argument]
    case 'fuzz':
      return ['npm', 'run', 'fuzz', '--', argument, '--seconds', '20']
    default:
      throw new Error(`no suite is called ${kind}`)
  }
}

function run([program, ...parameters], folder = '.') {
  return new Promise((resolve, reject) => {
    // A group of its own: what hangs may have children.
    const child = spawn(program, parameters, {
      cwd: join(tree, folder),
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const said = []
    child.stdout.on('data', (chunk) => said.push(chunk))
    child.stderr.on('data', (chunk) => said.push(chunk))
    const timer = setTimeout(() => process.kill(-child.pid, 'SIGKILL'), suiteTimeoutMs)
    child.on('error', reject)
    child.on('close', (code, signal) => {
      clearTimeout(timer)
      const end = code === null ? `\nended by ${signal}` : ''
      resolve({ code: code ?? 1, output: Buffer.concat(said).toString() + end })
    })
  })
}
