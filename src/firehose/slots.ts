import { whenAborted } from '../streams/abort-reason.ts'

/** Lets so many at once do something; the others wait in order. What each of them holds is bounded, and so is all. */
export class Slots {
  #free: number
  readonly #waiting: Set<() => void> = new Set()

  constructor(count: number) {
    this.#free = count
  }

  /** Rejects with the signal's reason once that is aborted. */
  async run<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const leave = await this.enter(signal)
    try {
      signal.throwIfAborted()
      return await work()
    } finally {
      leave()
    }
  }

  /** Resolves with what gives the slot back, to be called once. Rejects with the signal's reason. */
  async enter(signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted()
    if (this.#free > 0) this.#free -= 1
    else await this.#turn(signal)
    return () => this.#leave()
  }

  #turn(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const enter = (): void => {
        stopListening()
        resolve()
      }
      const stopListening = whenAborted(signal, (reason) => {
        // Whoever has been let in by then is not in the line any more.
        if (this.#waiting.delete(enter)) reject(reason)
      })
      this.#waiting.add(enter)
    })
  }

  /** The slot goes to who waits longest. */
  #leave(): void {
    for (const enter of this.#waiting) {
      this.#waiting.delete(enter)
      enter()
      return
    }
    this.#free += 1
  }
}
