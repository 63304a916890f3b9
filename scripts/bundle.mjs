// Makes the JavaScript of the package: src/ in a few files of dist/, so that a process reads and links a handful of
// modules when it starts, not two hundred. The declarations beside them are tsc's, a file for each file of src/.
//
// Every entry comes out of one build and what they share is in dist/chunks: each class exists once, whichever of
// them a program imports. Names, layout and comments stay; source maps lead to src/, which ships.
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { BuildFailure } from './build-native.mjs'
import { filesBelow, hashOfFiles, isMade, noteMade } from './stamp.mjs'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const source = join(root, 'src')
const output = join(root, 'dist')
/** What the files in dist/ were made from, so that the next call can tell that they still are. */
const stamp = join(output, '.bundled')
/** The page of the console is copied as it is. */
const page = `console${sep}`

/** What `exports` and `bin` of package.json name, what helper threads run, and what programs of the tests read a folder with. */
const entries = [
  'index',
  'aws/index',
  'server/index',
  'testing/index',
  'firehose/index',
  'cli/main',
  'firehose/work',
  'firehose/processing/query-work',
  'firehose/format/parquet/conversion-work',
  'firehose/format/zstd-work',
  'inspect',
]

/**
 * What is always used together is one file, by the layers of src/README.md. Only what an entry needs from its beginning
 * is in them: what is imported when it is first used stays in files of its own, and so do the commands.
 */
const groups = [
  { name: 'store', test: below(/^((streams|log|meta|native)\/)?[^/]+$/) },
  { name: 'aws', test: below(/^aws\//) },
  {
    name: 'firehose',
    test: below(/^firehose\/(?!(?:processing|format)\/|work\b|thread)/),
    tags: ['$initial'],
  },
  { name: 'server', test: below(/^server\//), tags: ['$initial'] },
  { name: 'testing', test: below(/^testing\//) },
]

/** Bundles what is out of date; answers whether anything changed. */
export async function bundle() {
  const hash = hashOfInputs()
  if (isMade(stamp, output, hash)) return false
  const files = await bundled()
  for (const [file, text] of files) write(join(output, file), text)
  removeOthers(files)
  noteMade(stamp, hash, [...files.keys()])
  return true
}

/** Text by file, relative to dist/. */
async function bundled() {
  // Node loads it only when there is something to do: that takes longer than to see that there is not.
  const { rolldown } = await import('rolldown')
  const build = await rolldown({
    cwd: root,
    input: Object.fromEntries(entries.map((entry) => [entry, join(source, `${entry}.ts`)])),
    platform: 'node',
    // Dependencies stay packages of their own.
    external: /^[^./\0]/,
    tsconfig: false,
    transform: { target: 'node20.19' },
    preserveEntrySignatures: 'strict',
    onLog: (level, { message }) => {
      if (level === 'warn') throw new BuildFailure(`the bundler complains: ${message}`)
    },
  })
  try {
    const { output: made } = await build.generate({
      dir: output,
      format: 'esm',
      entryFileNames: '[name].js',
      chunkFileNames: 'chunks/[name].js',
      codeSplitting: { groups },
      // Classes and functions are named in stack traces and by whoever prints them.
      keepNames: true,
      minifyInternalExports: false,
      sourcemap: true,
      sourcemapExcludeSources: true,
    })
    return new Map(made.map((each) => [each.fileName, each.type === 'chunk' ? each.code : each.source]))
  } finally {
    await build.close()
  }
}

/** Tells files of src/ by their path below it: a checkout may itself be in a folder src. */
function below(path) {
  return (file) => file.startsWith(source) && path.test(file.slice(source.length + 1).replaceAll(sep, '/'))
}

/** Of all that decides what comes out. */
function hashOfInputs() {
  const rolldown = join(root, 'node_modules', 'rolldown', 'package.json')
  return hashOfFiles([fileURLToPath(import.meta.url), rolldown, ...sources()])
}

function sources() {
  return filesBelow(source)
    .filter((file) => !file.startsWith(page) && /\.(ts|json)$/.test(file))
    .toSorted()
    .map((file) => join(source, file))
}

/** Whole or not at all: a program may be about to import it. */
function write(file, text) {
  if (existsSync(file) && readFileSync(file, 'utf8') === text) return
  mkdirSync(dirname(file), { recursive: true })
  const whole = `${file}.${process.pid}`
  writeFileSync(whole, text)
  renameSync(whole, file)
}

/** Drops JavaScript that is no longer made. */
function removeOthers(files) {
  for (const file of filesBelow(output)) {
    if (!/\.js(\.map)?$/.test(file) || file.startsWith(page)) continue
    if (!files.has(file.replaceAll(sep, '/'))) rmSync(join(output, file))
  }
}
