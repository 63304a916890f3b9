import { constants } from 'node:fs'
import { type FileHandle, mkdir, open, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import { KiB } from '../../units.ts'
import { unfilled } from './memory-budget.ts'

/** What is read at once, bytes. */
const chunkBytes = 256 * KiB

/** Bytes of a file that belong together. */
export interface Extent {
  readonly position: number
  readonly bytes: number
}

/**
 * A file of bytes that did not fit in memory. It is opened for each use: hundreds of them may exist, and a process has
 * only so many descriptors.
 */
export class SpillFile {
  readonly path: string
  #exists = false
  #bytes = 0

  constructor(path: string) {
    this.path = path
  }

  /**
   * Writes chunks on end, behind what was written before; over whatever a write that failed left there. Answers where they
   * begin. One at a time.
   */
  async write(chunks: readonly Uint8Array[]): Promise<number> {
    if (!this.#exists) await mkdir(dirname(this.path), { recursive: true })
    const position = this.#bytes
    const file = await open(this.path, constants.O_WRONLY | constants.O_CREAT, 0o600)
    this.#exists = true
    try {
      await writeAll(file, chunks, position)
    } finally {
      await file.close()
    }
    for (const { byteLength } of chunks) this.#bytes += byteLength
    return position
  }

  /** In chunks of their own. */
  async *read(extents: readonly Extent[]): AsyncGenerator<Uint8Array, void, undefined> {
    if (extents.length === 0) return
    const file = await open(this.path, 'r')
    try {
      for (const { position, bytes } of extents) {
        for (let at = position; at < position + bytes;) {
          const chunk = unfilled(Math.min(chunkBytes, position + bytes - at))
          const count = await fill(file, chunk, at)
          if (count < chunk.byteLength) throw new Error(`${this.path} is shorter than what was written to it`)
          yield chunk
          at += count
        }
      }
    } finally {
      await file.close()
    }
  }

  /** Rejects if it cannot be. */
  async remove(): Promise<void> {
    if (!this.#exists) return
    this.#exists = false
    await unlink(this.path)
  }
}

async function writeAll(file: FileHandle, chunks: readonly Uint8Array[], position: number): Promise<void> {
  let at = position
  for (let left = chunks.filter(({ byteLength }) => byteLength > 0); left.length > 0;) {
    const { bytesWritten } = await file.writev(left, at)
    at += bytesWritten
    left = behind(left, bytesWritten)
  }
}

/** What is left of chunks after the first so many bytes. */
function behind(chunks: readonly Uint8Array[], bytes: number): Uint8Array[] {
  const left: Uint8Array[] = []
  let before = bytes
  for (const chunk of chunks) {
    if (before >= chunk.byteLength) before -= chunk.byteLength
    else {
      left.push(before === 0 ? chunk : chunk.subarray(before))
      before = 0
    }
  }
  return left
}

async function fill(file: FileHandle, chunk: Uint8Array, position: number): Promise<number> {
  let filled = 0
  while (filled < chunk.byteLength) {
    const { bytesRead } = await file.read(chunk, filled, chunk.byteLength - filled, position + filled)
    if (bytesRead === 0) break
    filled += bytesRead
  }
  return filled
}
