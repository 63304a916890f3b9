import { whenAborted } from '../../streams/abort-reason.ts'

/** Lets so many in at once, others wait in their order: what each of them holds in memory is bounded, and so is all. */
export class DeliverySlots {
  #free: number
  readonly #waiting: Set<() => void> = new Set()

  constructor(count: number) {
    this.#free = count
  }

  /** Resolves with what gives the place back, to be called once. Rejects with the signal's reason. */
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

  /** The place goes to who waits longest. */
  #leave(): void {
    for (const enter of this.#waiting) {
      this.#waiting.delete(enter)
      enter()
      return
    }
    this.#free += 1
  }
}
