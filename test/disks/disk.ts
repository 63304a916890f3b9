import { spawnSync } from 'node:child_process'
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  statfsSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'

export type DiskKind = 'ext4' | 'xfs' | 'tmpfs'

/** Every claim on every kind of disk. Otherwise each claim has another kind for each mode. */
const all = process.env['MILLRACE_DISKS'] === 'all'

const mebibyte = 1024 * 1024

/** The smallest that xfs is made in. Images are sparse, so the size costs nothing. */
const diskBytes = 300 * mebibyte

/** More than a store takes before it waits for the disk: what is used up first is the device, not the file system. */
const thinDiskBytes = 1024 * mebibyte

/** Pairs of a kind and a mode that a claim is tried with. */
export function disksFor<Mode>(kinds: readonly DiskKind[], modes: readonly Mode[]): [DiskKind, Mode][] {
  const pairs = kinds.flatMap((kind) => modes.map((mode): [DiskKind, Mode] => [kind, mode]))
  if (all) return pairs
  return modes.map((mode, index) => [kinds[index % kinds.length] as DiskKind, mode])
}

/** Ends a test as skipped. */
export type Skip = (reason: string) => never

/** Makes a disk; where that cannot be, the test is skipped and says why. */
export function makeOrSkip(kind: DiskKind, skip: Skip, options: DiskOptions = {}): Disk {
  try {
    return Disk.make(kind, options)
  } catch (error) {
    return skip(`no ${kind} here: ${error instanceof Error ? error.message : String(error)}`)
  }
}

/** Where a disk comes from, beside its kind. */
export interface DiskOptions {
  /** The image lies on a device of its own, which can be limited. @defaultValue false */
  readonly thin?: boolean
}

/**
 * A real file system of its own, made for one test: in an image behind a loop device, or tmpfs. Takes root, the right
 * to mount, and the tools of the file system.
 */
export class Disk {
  readonly kind: DiskKind
  /** Where it is mounted. */
  readonly path: string
  readonly #root: string
  readonly #image: string
  readonly #thin: boolean
  /** What a thin image is attached to. */
  #loop: string | undefined
  #ballast = 0

  private constructor(kind: DiskKind, root: string, thin: boolean) {
    this.kind = kind
    this.path = join(root, 'disk')
    this.#root = root
    this.#thin = thin
    this.#image = thin ? join(root, 'device', 'image') : join(root, 'image')
  }

  /** Makes and mounts one. */
  static make(kind: DiskKind, { thin = false }: DiskOptions = {}): Disk {
    const root = mkdtempSync(join(tmpdir(), 'millrace-disk-'))
    const disk = new Disk(kind, root, thin)
    mkdirSync(disk.path)
    try {
      if (kind === 'tmpfs') {
        run('mount', '-t', 'tmpfs', '-o', `size=${diskBytes}`, 'tmpfs', disk.path)
        return disk
      }
      if (thin) {
        mkdirSync(disk.#device)
        run('mount', '-t', 'tmpfs', 'tmpfs', disk.#device)
      }
      run('truncate', '-s', String(thin ? thinDiskBytes : diskBytes), disk.#image)
      if (thin) disk.#attach()
      run(`mkfs.${kind}`, '-q', disk.#loop ?? disk.#image)
      disk.mount()
      return disk
    } catch (error) {
      disk.remove()
      throw error
    }
  }

  /** Of an image: also after `unmount`. */
  mount(): void {
    if (!this.#thin) {
      run('mount', '-o', 'loop', this.#image, this.path)
      return
    }
    this.#attach()
    run('mount', this.#loop as string, this.path)
  }

  /** Nothing on it may be open. What was not written by then is lost if the disk was shut down. */
  unmount(): void {
    run('umount', this.path)
    this.#detach()
  }

  /** Bytes that are free for anybody. */
  get freeBytes(): number {
    const { bavail, bsize } = statfsSync(this.path)
    return bavail * bsize
  }

  /** Takes all room but about so many bytes. */
  leave(bytes: number): void {
    const taken = this.freeBytes - bytes
    if (taken > 0) run('fallocate', '-l', String(taken), this.#nextBallast())
  }

  /** Takes the last block. */
  fill(): void {
    for (const pieceBytes of [mebibyte, 4096, 1]) {
      if (!writeUntilFull(this.#nextBallast(), pieceBytes)) return
    }
  }

  /** Gives back what was taken. */
  release(): void {
    for (; this.#ballast > 0; this.#ballast--) rmSync(this.#ballastAt(this.#ballast), { force: true })
    // xfs frees the blocks of a removed file later, unless it is told to finish.
    run('sync', '-f', this.path)
  }

  /**
   * A thin device has so much room left, and not what the file system believes: writes fail once it is used up.
   * Bytes.
   */
  limitDevice(leftBytes: number): void {
    const { blocks, bfree, bsize } = statfsSync(this.#device)
    run('mount', '-o', `remount,size=${(blocks - bfree) * bsize + leftBytes}`, this.#device)
  }

  /** The device is gone from one moment to the next: nothing is written any more, every call fails. */
  shutDown(): void {
    run('xfs_io', '-x', '-c', 'shutdown', this.path)
  }

  /** Whether the system made it read-only; it refuses while files are open for writing. */
  remountReadOnly(): boolean {
    return spawnSync('mount', ['-o', 'remount,ro', this.path], { stdio: 'ignore' }).status === 0
  }

  remove(): void {
    spawnSync('umount', ['--lazy', this.path], { stdio: 'ignore' })
    this.#detach()
    if (this.#thin) spawnSync('umount', ['--lazy', this.#device], { stdio: 'ignore' })
    rmSync(this.#root, { recursive: true, force: true })
  }

  /**
   * A request of more than one page that its image has room for only a part of is acknowledged by the loop driver as if
   * all of it was written (seen with Linux 6.18), and a sync behind it succeeds: that is no device that fails, but one that
   * lies. So each request is of one whole page, which is written or refused.
   */
  #attach(): void {
    if (this.#loop !== undefined) return
    this.#loop = run('losetup', '--sector-size', '4096', '--find', '--show', this.#image)
    writeFileSync(`/sys/block/${basename(this.#loop)}/queue/max_sectors_kb`, '4')
  }

  #detach(): void {
    if (this.#loop !== undefined) spawnSync('losetup', ['--detach', this.#loop], { stdio: 'ignore' })
    this.#loop = undefined
  }

  get #device(): string {
    return join(this.#root, 'device')
  }

  #nextBallast(): string {
    this.#ballast += 1
    return this.#ballastAt(this.#ballast)
  }

  #ballastAt(number: number): string {
    return join(this.path, `ballast-${number}`)
  }
}

/** False when there is not even room for the file itself. */
function writeUntilFull(path: string, pieceBytes: number): boolean {
  const file = unlessFull(() => openSync(path, 'a'))
  if (file === undefined) return false
  const piece = Buffer.alloc(pieceBytes, 'b')
  unlessFull(() => {
    while (writeSync(file, piece) === pieceBytes);
  })
  closeSync(file)
  return true
}

function unlessFull<T>(call: () => T): T | undefined {
  try {
    return call()
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOSPC') return undefined
    throw error
  }
}

/** What it printed. */
function run(command: string, ...args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8' })
  if (error !== undefined) throw new Error(`${command}: ${error.message}`)
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr.trim().split('\n')[0]}`)
  return stdout.trim()
}
