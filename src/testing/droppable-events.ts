/** The events of a subscription that can be cut from outside: then they end, as those of a lost connection do. */
export class DroppableEvents<Event> implements AsyncIterableIterator<Event, undefined> {
  readonly #events: AsyncIterator<Event>
  readonly #beforeEvent: () => boolean
  readonly #ended: () => void
  /** Ends the calls of `next` that wait: a promise that all of them raced would keep every event. */
  readonly #waiting: Set<() => void> = new Set()
  #over = false

  /**
   * @param beforeEvent asked before each event is handed on: whether the connection is lost instead
   * @param ended told once that no event will follow
   */
  constructor(events: AsyncIterable<Event>, beforeEvent: () => boolean, ended: () => void) {
    this.#events = events[Symbol.asyncIterator]()
    this.#beforeEvent = beforeEvent
    this.#ended = ended
  }

  /** Cuts them, also while somebody waits for one. */
  drop(): void {
    for (const end of this.#waiting) end()
    void this.return()
  }

  async next(): Promise<IteratorResult<Event, undefined>> {
    if (this.#over) return { done: true, value: undefined }
    try {
      const next = await this.#next()
      if (next.done === true) this.#end()
      else if (!this.#over && this.#beforeEvent()) this.drop()
      else if (!this.#over) return next
    } catch (error) {
      this.#end()
      throw error
    }
    return { done: true, value: undefined }
  }

  async return(): Promise<IteratorReturnResult<undefined>> {
    this.#end()
    await this.#events.return?.()
    return { done: true, value: undefined }
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  /** The next event, or the end when they are cut before it comes. */
  #next(): Promise<IteratorResult<Event, undefined>> {
    return new Promise((resolve, reject) => {
      const end = (): void => resolve({ done: true, value: undefined })
      this.#waiting.add(end)
      this.#events
        .next()
        .then(resolve, reject)
        .finally(() => this.#waiting.delete(end))
    })
  }

  #end(): void {
    if (this.#over) return
    this.#over = true
    this.#ended()
  }
}
