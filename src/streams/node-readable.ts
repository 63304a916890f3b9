import { Readable } from 'node:stream'
import { asError, whenAborted } from './abort-reason.ts'
import type { RecordReader } from './record-reader.ts'
import type { StoredRecord } from './record.ts'

/**
 * The records of a read as a Node stream in object mode. One page is read ahead, and the next one only when the
 * last record of it was taken; so the stream's own buffer, which counts objects, is kept at one record.
 */
export class RecordReadable<T = Uint8Array> extends Readable {
  readonly #reader: RecordReader<T>
  #release: () => void = () => {}

  /** `stream.readable` makes these. */
  constructor(reader: RecordReader<T>, signal: AbortSignal | undefined) {
    super({ objectMode: true, highWaterMark: 1 })
    this.#reader = reader
    this.#release = whenAborted(signal, (reason) => this.destroy(asError(reason)))
  }

  override [Symbol.asyncIterator](): NodeJS.AsyncIterator<StoredRecord<T>>
  /** For the declarations of `pipeline`, which know bytes and strings only. */
  override [Symbol.asyncIterator](): NodeJS.AsyncIterator<never>
  /** Again: a call takes the first of these, inference the last one. */
  override [Symbol.asyncIterator](): NodeJS.AsyncIterator<StoredRecord<T>>
  override [Symbol.asyncIterator](): NodeJS.AsyncIterator<StoredRecord<T>> {
    return super[Symbol.asyncIterator]() as NodeJS.AsyncIterator<StoredRecord<T>>
  }

  override _read(): void {
    const record = this.#reader.nextInMemory()
    if (record !== undefined) this.push(record)
    else void this.#readPage()
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#release()
    void this.#end(error, done)
  }

  /** Goes on in a tick, so that what a listener throws is not taken for a fault of the read. */
  async #readPage(): Promise<void> {
    try {
      const next = await this.#reader.next()
      process.nextTick(() => {
        if (!this.destroyed) this.push(next.done === true ? null : next.value)
      })
    } catch (error) {
      process.nextTick(() => this.destroy(asError(error)))
    }
  }

  async #end(error: Error | null, done: (error?: Error | null) => void): Promise<void> {
    await this.#reader.return()
    process.nextTick(done, error)
  }
}
