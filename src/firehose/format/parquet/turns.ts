/** Lets a few do something at once; the others wait, the first come first. */
export class Turns {
  #free: number
  readonly #waiting: Set<() => void> = new Set()

  /** @param atOnceMax how many */
  constructor(atOnceMax: number) {
    this.#free = atOnceMax
  }

  /** Resolves when it is one's turn, with the function that ends it. Rejects with the signal's reason. */
  async take(signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted()
    if (this.#free > 0) this.#free -= 1
    else await this.#turn(signal)
    return () => this.#pass()
  }

  #turn(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const called = (): void => {
        signal.removeEventListener('abort', aborted)
        resolve()
      }
      const aborted = (): void => {
        this.#waiting.delete(called)
        reject(signal.reason)
      }
      this.#waiting.add(called)
      signal.addEventListener('abort', aborted, { once: true })
    })
  }

  #pass(): void {
    const [next] = this.#waiting
    if (next === undefined) {
      this.#free += 1
      return
    }
    this.#waiting.delete(next)
    next()
  }
}
