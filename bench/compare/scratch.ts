import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'

/** A folder below `parent` for the time of the work. */
export async function inScratch<T>(parent: string, work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(parent, 'round-'))
  try {
    return await work(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
