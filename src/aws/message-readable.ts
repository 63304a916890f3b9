import { Readable } from 'node:stream'

/**
 * Messages as a Node stream of bytes. Unlike `Readable.from` it is closed at once when somebody destroys it, also while
 * the next message is waited for.
 */
export class MessageReadable extends Readable {
  readonly #messages: AsyncIterator<Uint8Array>
  readonly #end: () => void

  /** @param end called once when the stream is over: ends the wait for the next message */
  constructor(messages: AsyncIterable<Uint8Array>, end: () => void) {
    super()
    this.#messages = messages[Symbol.asyncIterator]()
    this.#end = end
  }

  override _read(): void {
    void this.#pull()
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#end()
    void this.#release()
    callback(error)
  }

  async #pull(): Promise<void> {
    try {
      const { done, value } = await this.#messages.next()
      if (!this.destroyed) this.push(done === true ? null : value)
    } catch (error) {
      this.destroy(error as Error)
    }
  }

  async #release(): Promise<void> {
    try {
      await this.#messages.return?.()
    } catch {} // what was still under way has nobody to tell
  }
}
