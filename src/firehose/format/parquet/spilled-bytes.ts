import { randomUUID } from 'node:crypto'
import { open, unlink, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { KiB } from '../../../units.ts'

/** Of a file that is read back. */
const chunkBytes = 256 * KiB

/**
 * Bytes that are written once, one after the other, and read any number of times: in memory, and in a file once they are more
 * than that. Nobody else finds the file: its name is gone before it is written, so that it goes with the process.
 */
export class SpilledBytes {
  readonly #folder: string
  readonly #memoryMax: number
  #chunks: Uint8Array[] = []
  #file: FileHandle | undefined
  #bytes = 0
  #released = false

  /**
   * @param folder exists
   * @param memoryMax bytes that are kept in memory at most
   */
  constructor(folder: string, memoryMax: number) {
    this.#folder = folder
    this.#memoryMax = memoryMax
  }

  /** How many there are. */
  get bytes(): number {
    return this.#bytes
  }

  /** Takes over the memory. Calls come one after the other. */
  async append(chunk: Uint8Array): Promise<void> {
    if (this.#file === undefined && this.#bytes + chunk.length <= this.#memoryMax) {
      this.#chunks.push(chunk)
    } else {
      await this.#spill(chunk)
    }
    this.#bytes += chunk.length
  }

  /** All of them, from the beginning. Fails after the release. */
  async *read(): AsyncGenerator<Uint8Array> {
    if (this.#released) throw new Error('the converted records were released')
    const file = this.#file
    if (file === undefined) {
      yield* this.#chunks
      return
    }
    for (let at = 0; at < this.#bytes;) {
      const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(chunkBytes), 0, chunkBytes, at)
      if (bytesRead === 0)
        throw new Error(`a file of converted records ends at ${at} of ${this.#bytes} bytes`)
      at += bytesRead
      yield buffer.subarray(0, bytesRead)
    }
  }

  /** Gives everything back. May be called again. */
  async release(): Promise<void> {
    this.#released = true
    this.#chunks = []
    const file = this.#file
    this.#file = undefined
    await file?.close()
  }

  async #spill(chunk: Uint8Array): Promise<void> {
    if (this.#file === undefined) {
      const path = join(this.#folder, `${randomUUID()}.parquet`)
      this.#file = await open(path, 'wx+', 0o600)
      await unlink(path)
    }
    for (const each of [...this.#chunks.splice(0), chunk]) await this.#file.appendFile(each)
  }
}
