import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Folders for the stores of one test file, removed together. */
export class ScratchFolder {
  readonly path: string = mkdtempSync(join(tmpdir(), 'millrace-test-'))
  #count = 0

  /** The path of a store that does not exist yet. */
  fresh(): string {
    this.#count += 1
    return join(this.path, `store-${this.#count}`)
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true })
  }
}
