import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A file system of a few megabytes, so that a real device can be filled. Takes the right to mount. */
export class SmallDisk {
  readonly #path: string
  #count = 0

  private constructor(path: string) {
    this.#path = path
  }

  /** Undefined where this process may not mount. */
  static mount(): SmallDisk | undefined {
    if (process.platform !== 'linux') return undefined
    const path = mkdtempSync(join(tmpdir(), 'millrace-disk-'))
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', path], { stdio: 'ignore' })
    if (mounted.status === 0) return new SmallDisk(path)
    rmdirSync(path)
    return undefined
  }

  /** The path of a store on the disk, which holds nothing else then. */
  fresh(): string {
    for (const name of readdirSync(this.#path)) rmSync(join(this.#path, name), { recursive: true })
    this.#count += 1
    return join(this.#path, `store-${this.#count}`)
  }

  unmount(): void {
    spawnSync('umount', ['--lazy', this.#path], { stdio: 'ignore' })
    rmdirSync(this.#path)
  }
}
