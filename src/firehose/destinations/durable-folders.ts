import { dirname, join } from 'node:path'
import { DeliveryError } from '../destination.ts'
import { hasCode, type ObjectFiles } from './object-files.ts'

/** Folders that are known to last; more are forgotten, and synced once more when they are needed. */
const knownMax = 10_000

/**
 * Makes folders that are there after a loss of power: a folder lasts once the one that names it was synced. Folders that
 * were there before are not taken on trust, somebody may have made them a moment ago.
 */
export class DurableFolders {
  readonly #files: ObjectFiles
  readonly #known: Set<string> = new Set()

  constructor(files: ObjectFiles) {
    this.#files = files
  }

  /**
   * Makes what is missing of `root/names[0]/names[1]...` and answers that path. Refuses links, which lead anywhere, and
   * files where a folder must be.
   *
   * @throws `DeliveryError`, and what the system says
   */
  async make(root: string, names: readonly string[]): Promise<string> {
    let path = root
    for (const name of names) {
      path = join(path, name)
      if (!(await this.#isThere(path))) {
        await this.#makeOne(path)
      }
      if (this.#known.has(path)) continue
      await this.sync(dirname(path))
      if (this.#known.size >= knownMax) this.#known.clear()
      this.#known.add(path)
    }
    return path
  }

  /** What the folder names lasts from then on. */
  async sync(path: string): Promise<void> {
    // Windows opens no folders; what it names is in its journal.
    if (process.platform === 'win32') return
    const folder = await this.#files.open(path, 'r')
    try {
      await folder.sync()
    } finally {
      await folder.close()
    }
  }

  async #makeOne(path: string): Promise<void> {
    this.#known.delete(path)
    try {
      await this.#files.mkdir(path)
    } catch (error) {
      // Another delivery was faster. What it made is looked at.
      if (!hasCode(error, 'EEXIST') || !(await this.#isThere(path))) throw error
    }
  }

  async #isThere(path: string): Promise<boolean> {
    try {
      const found = await this.#files.lstat(path)
      if (found.isDirectory()) return true
      if (found.isSymbolicLink()) {
        throw new DeliveryError('S3.AccessDenied', `${path} is a link, and may lead out of the bucket`, {
          again: true,
        })
      }
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return false
      throw error
    }
    throw new DeliveryError(
      'S3.KeyConflict',
      `${path} is an object already, and cannot be a folder for others`,
      {
        again: false,
      },
    )
  }
}
