import { spawnSync } from 'node:child_process'
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statfsSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const mebibyte = 1024 * 1024

/**
 * An ext4 that believes it has room, on a device that has none: a loop device over a file with holes, on a small
 * tmpfs. Once that is full, blocks that were written before can be written again, and all others fail when the system
 * writes them back: a sync reports it once, the pages are clean, and the next sync succeeds. Takes the right to mount.
 */
export class LyingDisk {
  readonly #root: string
  readonly #device: string

  private constructor(root: string, device: string) {
    this.#root = root
    this.#device = device
  }

  /** Why there is no such disk here; undefined where there is. */
  static whyNot(): string | undefined {
    if (process.platform !== 'linux') return 'loop devices are those of Linux'
    try {
      LyingDisk.mount({ journal: true }).unmount()
      return undefined
    } catch (error) {
      return (error as Error).message
    }
  }

  static mount(options: { readonly journal: boolean }): LyingDisk {
    const root = mkdtempSync(join(tmpdir(), 'millrace-lying-'))
    const below = join(root, 'below')
    const above = join(root, 'above')
    const file = join(below, 'disk')
    mkdirSync(below)
    mkdirSync(above)
    let device = ''
    try {
      run('mount', ['-t', 'tmpfs', '-o', 'size=40m', 'tmpfs', below])
      writeFileSync(file, '')
      truncateSync(file, 128 * mebibyte)
      // What the file system needs for itself is written now, so that only files can fail.
      const journal = options.journal ? ['-J', 'size=4'] : ['-O', '^has_journal']
      run('mkfs.ext4', ['-q', ...journal, '-E', 'lazy_itable_init=0,lazy_journal_init=0,nodiscard', file])
      device = run('losetup', ['--find', '--show', file]).trim()
      run('mount', [device, above])
      return new LyingDisk(root, device)
    } catch (error) {
      new LyingDisk(root, device).unmount()
      throw error
    }
  }

  /** The path of a store. */
  get store(): string {
    return join(this.#root, 'above', 'store')
  }

  /** From here on, the device takes no block that it has not taken before. */
  fill(): void {
    const below = join(this.#root, 'below')
    // Twice, because a write back may take a page in between.
    for (const name of ['ballast', 'ballast-2']) {
      for (let size = statfsSync(below).bavail; size > 0; size = Math.floor(size / 2)) {
        const written = spawnSync('dd', [
          'if=/dev/zero',
          `of=${join(below, name)}`,
          'bs=4096',
          `count=${size}`,
        ])
        if (written.status === 0) break
      }
    }
  }

  /** There is room again. */
  free(): void {
    for (const name of ['ballast', 'ballast-2']) rmSync(join(this.#root, 'below', name), { force: true })
  }

  /** Whether the file system has given up writing. */
  hasStopped(): boolean {
    try {
      const probe = join(this.#root, 'above', 'probe')
      writeFileSync(probe, '')
      rmSync(probe)
      return false
    } catch {
      return true
    }
  }

  /** Whether the device holds these bytes, past the file system and its page cache. */
  holds(bytes: string): boolean {
    return readFileSync(join(this.#root, 'below', 'disk')).includes(bytes)
  }

  unmount(): void {
    // Lazily: a test that failed may have left files open.
    spawnSync('umount', ['--lazy', join(this.#root, 'above')], { stdio: 'ignore' })
    spawnSync('losetup', ['-d', this.#device], { stdio: 'ignore' })
    spawnSync('umount', ['--lazy', join(this.#root, 'below')], { stdio: 'ignore' })
    rmSync(this.#root, { recursive: true })
  }
}

function run(command: string, values: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(command, values, { encoding: 'utf8' })
  if (status === 0) return stdout
  throw new Error(`${command}: ${error?.message ?? stderr.trim()}`)
}
