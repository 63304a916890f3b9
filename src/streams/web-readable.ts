import type { ReadableStreamDefaultController, UnderlyingSource } from 'node:stream/web'
import { whenAborted } from './abort-reason.ts'
import type { RecordReader } from './record-reader.ts'
import type { StoredRecord } from './record.ts'

type Controller<T> = ReadableStreamDefaultController<StoredRecord<T>>

/**
 * The records of a read as the source of a Web stream, whose high water mark is 0: it asks for a record when
 * somebody reads, so a page is read only when the one before it was taken.
 */
export class RecordSource<T> implements UnderlyingSource<StoredRecord<T>> {
  readonly #reader: RecordReader<T>
  readonly #signal: AbortSignal | undefined
  #release: () => void = () => {}
  #over = false

  constructor(reader: RecordReader<T>, signal: AbortSignal | undefined) {
    this.#reader = reader
    this.#signal = signal
  }

  start(controller: Controller<T>): void {
    this.#release = whenAborted(this.#signal, (reason) => {
      controller.error(reason)
      void this.cancel()
    })
  }

  pull(controller: Controller<T>): Promise<void> | undefined {
    const record = this.#reader.nextInMemory()
    if (record === undefined) return this.#readPage(controller)
    controller.enqueue(record)
    return undefined
  }

  async cancel(): Promise<void> {
    this.#over = true
    this.#release()
    await this.#reader.return()
  }

  /** Rejects with what went wrong, which is then the stream's error. */
  async #readPage(controller: Controller<T>): Promise<void> {
    try {
      const next = await this.#reader.next()
      if (this.#over) return
      if (next.done !== true) {
        controller.enqueue(next.value)
        return
      }
      controller.close()
    } catch (error) {
      await this.cancel()
      throw error
    }
    await this.cancel()
  }
}
