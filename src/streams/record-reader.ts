import type { BatchReader, ReadGuard } from './batch-reader.ts'
import type { RecordBatch } from './record-batch.ts'
import type { StoredRecord } from './record.ts'
import { Turns } from './turns.ts'

/**
 * The records of one or more shards, one by one, as an async iterable. Order, waiting and ending are those of
 * `BatchReader`, which it reads from.
 */
export class RecordReader<T = Uint8Array> implements AsyncIterableIterator<StoredRecord<T>, undefined> {
  readonly #batches: BatchReader<T>
  readonly #guard: ReadGuard
  readonly #turns: Turns = new Turns()
  #batch: RecordBatch<T> | undefined
  #index = 0

  /** `stream.read` makes readers. */
  constructor(batches: BatchReader<T>, guard: ReadGuard) {
    this.#batches = batches
    this.#guard = guard
  }

  /**
   * The next record; waits for it unless the read ends at the tail.
   *
   * @throws what `BatchReader.next` throws
   */
  next(): Promise<IteratorResult<StoredRecord<T>, undefined>> {
    const record = this.nextInMemory()
    if (record !== undefined) return Promise.resolve({ done: false, value: record })
    return this.#turns.take(() => this.#nextInTurn())
  }

  /** The next record if its page was read already; otherwise `undefined`, and `next` knows more. */
  nextInMemory(): StoredRecord<T> | undefined {
    return this.#turns.idle ? this.#takeRecord() : undefined
  }

  /** Ends the read at once, also one that waits. */
  return(): Promise<IteratorReturnResult<undefined>> {
    this.#batch = undefined
    return this.#batches.return()
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return()
  }

  async #nextInTurn(): Promise<IteratorResult<StoredRecord<T>, undefined>> {
    const record = this.#takeRecord()
    if (record !== undefined) return { done: false, value: record }
    const next = await this.#batches.next()
    if (next.done === true) return next
    this.#batch = next.value
    this.#index = 1
    return { done: false, value: next.value.record(0) }
  }

  /** The next record of the batch at hand, unless the read was ended from outside: the batches say how. */
  #takeRecord(): StoredRecord<T> | undefined {
    const batch = this.#batch
    if (batch === undefined) return undefined
    if (this.#index === batch.length || this.#guard.halted) {
      this.#batch = undefined
      return undefined
    }
    return batch.record(this.#index++)
  }
}
