import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** A file of the checkout, or one that a test made up. */
export interface SourceFile {
  /** From the checkout's root, with forward slashes. */
  readonly path: string
  readonly text: string
}

/** What a rule found wrong, as a sentence that begins with the place: `path:line: …`. */
export type Finding = string

export const root: string = fileURLToPath(new URL('../../', import.meta.url))

/** The text of one file of the checkout. */
export function textOf(path: string): string {
  return readFileSync(join(root, path), 'utf8')
}

/** Every text file below the named folders of the checkout; folders that do not exist yet are empty. */
export function filesBelow(...folders: readonly string[]): SourceFile[] {
  return folders
    .filter((folder) => existsSync(join(root, folder)))
    .flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile() && /\.(ts|mjs|js|css|cc|h|md)$/.test(entry.name))
        .map((entry) => join(entry.parentPath, entry.name).slice(root.length).replaceAll('\\', '/')),
    )
    .map((path) => ({ path, text: textOf(path) }))
}
