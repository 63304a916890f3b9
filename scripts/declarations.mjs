// The declarations of the package, and the check of its types: the compiler runs only when something has changed. To
// see that nothing has takes it a second or two, at each start of each npm command.
import { join } from 'node:path'
import { filesBelow, hashOfFiles, isMade, noteMade } from './stamp.mjs'

/** Files in dist/ that the compiler makes. */
export const declaration = /\.d\.ts(\.map)?$/

/**
 * Calls `compile` unless the last call of it succeeded with the same sources, settings and packages, and what it made
 * is there. Answers what `compile` answers, or false.
 */
export async function declarations(root, compile) {
  const output = join(root, 'dist')
  const stamp = join(output, '.declared')
  // Of what lies there now: what is changed meanwhile is for the next call.
  const hash = hashOfFiles(inputs(root))
  if (isMade(stamp, output, hash)) return false
  const changed = await compile()
  noteMade(
    stamp,
    hash,
    filesBelow(output).filter((file) => declaration.test(file)),
  )
  return changed
}

function inputs(root) {
  const settings = ['tsconfig.json', 'tsconfig.base.json', 'package.json', 'package-lock.json']
  // What npm installed, and the compiler itself.
  const packages = ['node_modules/.package-lock.json', 'node_modules/typescript/package.json']
  const sources = filesBelow(join(root, 'src'))
    .filter((file) => /\.(ts|json)$/.test(file))
    .toSorted()
    .map((file) => join('src', file))
  return [...settings, ...packages, ...sources].map((file) => join(root, file))
}
