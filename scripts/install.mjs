// npm's install hook: compiles the addon where the package carries no binary for this platform. Nothing
// depends on it having run. Where install scripts are blocked, the loader's error names the command that
// does the same.
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildNative, exitOnFailure } from './build-native.mjs'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')

function platformFolder() {
  const musl =
    process.platform === 'linux' && process.report.getReport().header.glibcVersionRuntime === undefined
  return `${process.platform}-${process.arch}${musl ? '-musl' : ''}`
}

if (!existsSync(join(root, 'prebuilds', platformFolder(), 'millrace.node'))) await exitOnFailure(buildNative)
