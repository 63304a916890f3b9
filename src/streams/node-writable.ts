import { Writable } from 'node:stream'
import { asError, whenAborted } from './abort-reason.ts'
import type { PutEntry } from './put.ts'
import type { PutQueue } from './put-queue.ts'

type Done = (error?: Error | null) => void

/** What the base class is given for each entry, which is packed by then. */
const accepted: object = Object.freeze({})

/**
 * Puts entries, as a Node stream in object mode. An entry is packed when it is written; its callback is called, and
 * the stream finishes, once it is stored. `write` answers by bytes: the base class, which counts objects, never
 * objects.
 */
export class EntryWritable<T = Uint8Array> extends Writable {
  readonly #queue: PutQueue<T>
  #release: () => void = () => {}
  #needsDrain = false

  static {
    // The declarations of Node call it a property, which an accessor cannot override.
    Object.defineProperty(this.prototype, 'writableNeedDrain', {
      configurable: true,
      get(this: EntryWritable<unknown>): boolean {
        return this.#needsDrain && !this.destroyed && !this.writableEnded
      },
    })
  }

  /** `stream.writable` makes these. */
  constructor(queue: PutQueue<T>, signal: AbortSignal | undefined) {
    super({ objectMode: true, highWaterMark: Number.MAX_SAFE_INTEGER })
    this.#queue = queue
    this.#release = whenAborted(signal, (reason) => this.destroy(asError(reason)))
  }

  /** Keys and payloads of entries that were accepted and are not stored yet, bytes. */
  get pendingBytes(): number {
    return this.#queue.bytes
  }

  /** Accepts an entry; `false` asks the caller to wait for `'drain'`. The data is copied before this returns. */
  override write(entry: PutEntry<T>, done?: Done): boolean
  override write(entry: PutEntry<T>, encoding: BufferEncoding, done?: Done): boolean
  /** For the declarations of `pipeline`, which know bytes and strings only. */
  override write(entry: never, done?: Done): boolean
  override write(entry: never, encoding: BufferEncoding, done?: Done): boolean
  override write(entry: PutEntry<T>, encodingOrDone?: BufferEncoding | Done, done?: Done): boolean {
    if (!this.writableEnded && !this.destroyed) this.#queue.add(entry)
    const open = super.write(accepted, typeof encodingOrDone === 'function' ? encodingOrDone : done)
    if (!this.#queue.full) return open
    if (!this.#needsDrain) void this.#drain()
    return false
  }

  override end(done?: () => void): this
  override end(entry: PutEntry<T>, done?: () => void): this
  override end(entry: PutEntry<T>, encoding: BufferEncoding, done?: () => void): this
  /** As with `write`. */
  override end(entry: never, done?: () => void): this
  override end(entry: never, encoding: BufferEncoding, done?: () => void): this
  override end(
    entryOrDone?: PutEntry<T> | (() => void),
    encodingOrDone?: BufferEncoding | (() => void),
    done?: () => void,
  ): this {
    if (typeof entryOrDone === 'function') return super.end(entryOrDone)
    if (entryOrDone !== undefined && entryOrDone !== null) this.write(entryOrDone)
    return super.end(typeof encodingOrDone === 'function' ? encodingOrDone : done)
  }

  override _write(_accepted: unknown, _encoding: BufferEncoding, done: Done): void {
    void this.#store(done)
  }

  override _writev(_accepted: readonly unknown[], done: Done): void {
    void this.#store(done)
  }

  override _destroy(error: Error | null, done: Done): void {
    this.#release()
    void this.#end(error, done)
  }

  /** Goes on in a tick, so that what a callback throws is not taken for a fault of ours. */
  async #store(done: Done): Promise<void> {
    try {
      await this.#queue.stored()
      process.nextTick(done)
    } catch (error) {
      process.nextTick(done, asError(error))
    }
  }

  async #drain(): Promise<void> {
    this.#needsDrain = true
    try {
      await this.#queue.room()
    } catch {
      return // The writes that were not stored say why.
    }
    process.nextTick(() => {
      const emits = this.writableNeedDrain
      this.#needsDrain = false
      if (emits) this.emit('drain')
    })
  }

  async #end(error: Error | null, done: Done): Promise<void> {
    await this.#queue.discard(error ?? new DOMException('The stream was destroyed', 'AbortError'))
    process.nextTick(done, error)
  }
}
