import type { Writable } from 'node:stream'

/**
 * Standard output with back-pressure. When its reader goes away, as in `millrace tail clicks | head`, the
 * command is done: `closed` aborts and every later write is dropped. Any other failure to write is thrown.
 */
export class Output {
  readonly #stream: Writable
  readonly #closing = new AbortController()
  #failure: Error | undefined

  constructor(stream: Writable) {
    this.#stream = stream
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') this.#failure ??= error
      this.#closing.abort()
    })
  }

  /** Aborted once nothing more can be written. */
  get closed(): AbortSignal {
    return this.#closing.signal
  }

  /** Writes text or bytes; resolves when the stream wants more. */
  async write(chunk: string | Uint8Array): Promise<void> {
    this.#throwFailure()
    if (this.closed.aborted || this.#stream.write(chunk)) return
    await this.#settled((done) => {
      this.#stream.on('drain', done)
      return () => this.#stream.off('drain', done)
    })
  }

  /** Writes lines. */
  async lines(lines: readonly string[]): Promise<void> {
    if (lines.length > 0) await this.write(`${lines.join('\n')}\n`)
  }

  /** Writes one value as indented JSON. */
  async json(value: unknown): Promise<void> {
    await this.write(`${JSON.stringify(value, null, 2)}\n`)
  }

  /** Resolves when everything written has left the process. */
  async flush(): Promise<void> {
    this.#throwFailure()
    if (this.closed.aborted) return
    await this.#settled((done) => {
      this.#stream.write('', () => done())
      return () => undefined
    })
  }

  /** Waits until `subscribe` calls back or the stream is closed, whichever comes first. */
  async #settled(subscribe: (done: () => void) => () => void): Promise<void> {
    await new Promise<void>((resolve) => {
      const done = (): void => {
        this.closed.removeEventListener('abort', done)
        unsubscribe()
        resolve()
      }
      this.closed.addEventListener('abort', done)
      const unsubscribe = subscribe(done)
    })
    this.#throwFailure()
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure
  }
}
