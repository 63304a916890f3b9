import { onAbort } from '../streams/abort-fan-out.ts'

/** Lets so many at once do something; the others wait in order. */
export class Slots {
  #free: number
  readonly #waiting: Set<() => void> = new Set()

  constructor(count: number) {
    this.#free = count
  }

  /** Rejects with the signal's reason once that is aborted. */
  async run<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    while (this.#free === 0) {
      signal.throwIfAborted()
      await this.#turn(signal)
    }
    signal.throwIfAborted()
    this.#free -= 1
    try {
      return await work()
    } finally {
      this.#free += 1
      const [next] = this.#waiting
      next?.()
    }
  }

  #turn(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        release()
        this.#waiting.delete(wake)
        resolve()
      }
      const release = onAbort(signal, wake)
      this.#waiting.add(wake)
    })
  }
}
