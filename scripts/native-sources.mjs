// Which C++ files and which versions of clang's tools the scripts work with. Layout differs between
// releases of clang-format, so the release is part of the name: the same files must be clean on every
// machine.
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = join(dirname(fileURLToPath(import.meta.url)), '..')
export const clangFormat = 'clang-format-19'
export const clangTidy = 'clang-tidy-19'

/** Whether a tool can be run; if not, says on standard error what would install it. */
export function available(tool) {
  if (spawnSync(tool, ['--version'], { stdio: 'ignore' }).status === 0) return true
  process.stderr.write(`${tool} is missing. On Debian and Ubuntu: apt-get install ${tool}\n`)
  return false
}

/** C++ files below the named folders of the checkout, as paths from its root. */
export function nativeSources(folders, pattern = /\.(cc|h)$/) {
  return folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true })
      .filter((name) => pattern.test(name))
      .map((name) => join(folder, name)),
  )
}
