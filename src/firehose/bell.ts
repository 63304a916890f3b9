import { onAbort } from '../streams/abort-fan-out.ts'

/** Tells everybody who waits for a change that there was one. */
export class Bell {
  #rings = 0
  readonly #waiting: Set<() => void> = new Set()

  /** How often it has rung: whoever looked at something before, and finds more now, looks again. */
  get rings(): number {
    return this.#rings
  }

  ring(): void {
    this.#rings += 1
    if (this.#waiting.size === 0) return
    for (const wake of Array.from(this.#waiting)) wake()
  }

  /** Resolves when it rings next, or when the signal is aborted. */
  heard(signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        release?.()
        this.#waiting.delete(wake)
        resolve()
      }
      const release = signal && onAbort(signal, wake)
      this.#waiting.add(wake)
    })
  }
}
