import type { UnderlyingSink, WritableStreamDefaultController } from 'node:stream/web'
import { whenAborted } from './abort-reason.ts'
import type { PutEntry } from './put.ts'
import { type PutIntake, PutQueue } from './put-queue.ts'

/** The declarations of Node 20 leave the signal out. */
type Controller = WritableStreamDefaultController & { readonly signal: AbortSignal }

/**
 * Puts entries, as the sink of a Web stream whose high water mark is one entry: a write is over once its entry was
 * packed and there is room for another one, so that entries gather here, where bytes are counted, and go together.
 */
export class EntrySink<T> implements UnderlyingSink<PutEntry<T>> {
  readonly #queue: PutQueue<T>
  readonly #signal: AbortSignal | undefined
  #controller: WritableStreamDefaultController | undefined
  #release: () => void = () => {}

  constructor(intake: PutIntake<T>, bytesMax: number, signal: AbortSignal | undefined) {
    this.#queue = new PutQueue(intake, bytesMax, (error) => {
      this.#release()
      this.#controller?.error(error)
    })
    this.#signal = signal
  }

  start(controller: WritableStreamDefaultController): void {
    this.#controller = controller
    const { signal } = controller as Controller
    // Told at once; `abort` comes only after the write that is under way.
    signal.addEventListener('abort', () => void this.abort(signal.reason))
    this.#release = whenAborted(this.#signal, (reason) => {
      controller.error(reason)
      void this.abort(reason)
    })
  }

  write(entry: PutEntry<T>): Promise<void> | undefined {
    this.#queue.add(entry)
    return this.#queue.full ? this.#queue.room() : undefined
  }

  async close(): Promise<void> {
    await this.#queue.stored()
    this.#release()
  }

  async abort(reason: unknown): Promise<void> {
    this.#release()
    await this.#queue.discard(reason)
  }
}
