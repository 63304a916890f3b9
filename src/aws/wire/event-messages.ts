import { exceptionMessage, type FramedHeaders, frame, initialResponse } from './event-stream.ts'
import type { OutputWriter } from './output-writer.ts'
import type { ServiceEvent } from './service.ts'

/** How events of one type are written. */
export interface EventKind {
  readonly headers: FramedHeaders
  readonly writer: OutputWriter
}

/** How events are written, and what is said of an error. */
export interface EventMessagesPlan {
  readonly contentType: string
  kindOf(type: string): EventKind
  /** The exception that ends the messages; `undefined` if nobody needs a word of it. */
  lastWord(error: unknown): { readonly type: string; readonly text: string } | undefined
}

const over: IteratorReturnResult<undefined> = { done: true, value: undefined }

/**
 * The messages of a stream of events: the initial response, one for each event, and an exception where that is how it
 * ends. Not a generator, which would make an event cost twice as much: many streams may have one at the same moment.
 */
export class EventMessages implements AsyncIterableIterator<Uint8Array, undefined> {
  readonly #events: AsyncIterator<ServiceEvent, unknown>
  readonly #plan: EventMessagesPlan
  #begun = false
  #over = false

  constructor(events: AsyncIterable<ServiceEvent>, plan: EventMessagesPlan) {
    this.#events = events[Symbol.asyncIterator]()
    this.#plan = plan
  }

  /** The next message. Rejects with what `lastWord` fails with. */
  async next(): Promise<IteratorResult<Uint8Array, undefined>> {
    if (this.#over) return over
    if (!this.#begun) {
      this.#begun = true
      return { done: false, value: initialResponse(this.#plan.contentType) }
    }
    try {
      const next = await this.#events.next()
      if (next.done !== true) return { done: false, value: this.#message(next.value) }
      this.#over = true
      return over
    } catch (error) {
      return this.#endWith(error)
    }
  }

  /** Ends the events, too. */
  async return(): Promise<IteratorReturnResult<undefined>> {
    this.#over = true
    await this.#events.return?.()
    return over
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  #message({ type, event }: ServiceEvent): Uint8Array {
    const { headers, writer } = this.#plan.kindOf(type)
    return frame(headers, writer.json(event))
  }

  async #endWith(error: unknown): Promise<IteratorResult<Uint8Array, undefined>> {
    this.#over = true
    try {
      // If an event could not be written, there would be others.
      await this.#events.return?.()
    } catch {
      // The first error counts.
    }
    const word = this.#plan.lastWord(error)
    if (word === undefined) return over
    return { done: false, value: exceptionMessage(word.type, this.#plan.contentType, word.text) }
  }
}
