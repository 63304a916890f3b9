import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root: string = fileURLToPath(new URL('../../', import.meta.url))

/** A Markdown file of the checkout. */
export interface Page {
  /** From the checkout's root, with forward slashes. */
  readonly path: string
  readonly text: string
}

export function pageAt(path: string): Page {
  return { path, text: readFileSync(join(root, path), 'utf8') }
}

/** Every Markdown file below these folders, and these files. */
export function pagesIn(...places: readonly string[]): Page[] {
  return places
    .flatMap((place) => (place.endsWith('.md') ? [place] : markdownBelow(place)))
    .map((path) => pageAt(path))
}

function markdownBelow(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.md'))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).replaceAll('\\', '/'))
    .toSorted()
}
