import { KiB, MiB } from '../units.ts'

/** Buffers are made in steps of this size, so that bodies of about one length share them. Bytes. */
const stepBytes: number = 64 * KiB
/** What is kept for bodies to come, bytes: eight requests of PutRecords with 500 records of 1 KiB. */
const keptBytesMax: number = 8 * MiB

/**
 * Buffers for large bodies, used again and again. As garbage they are collected late: the heap sees only their
 * small ends, and 64 MiB may gather outside of it.
 */
export class BodyBuffers {
  /** The one that was given back last comes last. */
  readonly #kept: Buffer[] = []
  #keptBytes = 0

  /** What is kept, bytes. */
  get keptBytes(): number {
    return this.#keptBytes
  }

  /** A buffer of at least so many bytes, with anything in it. */
  take(bytes: number): Buffer {
    const at = this.#kept.findLastIndex(({ length }) => length >= bytes && length <= 2 * bytes)
    const [found] = at < 0 ? [] : this.#kept.splice(at, 1)
    if (found === undefined) return Buffer.allocUnsafeSlow(Math.ceil(bytes / stepBytes) * stepBytes)
    this.#keptBytes -= found.length
    return found
  }

  /** Nobody looks at it any more. Of those that are too many, the ones that were not used for longest go. */
  give(buffer: Buffer): void {
    if (buffer.length > keptBytesMax) return
    this.#kept.push(buffer)
    this.#keptBytes += buffer.length
    while (this.#keptBytes > keptBytesMax) this.#keptBytes -= this.#kept.shift()?.length ?? 0
  }
}
