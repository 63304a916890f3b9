import type { Clock } from '../../clock.ts'
import { whenAborted } from '../../streams/abort-reason.ts'

/** Ends one piece of work: when its caller wants no more of it, or when its time is over. `release` when it is done. */
export class Deadline {
  readonly #controller = new AbortController()
  readonly #cancelTimer: () => void
  readonly #stopListening: () => void
  #expired = false

  /** @param ms on the clock, from now on */
  constructor(clock: Clock, ms: number, signal: AbortSignal) {
    this.#cancelTimer = clock.after(ms, () => {
      this.#expired = true
      this.#controller.abort()
    })
    this.#stopListening = whenAborted(signal, (reason) => this.#controller.abort(reason))
  }

  /** Aborted at either. */
  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** Its time was over first. */
  get expired(): boolean {
    return this.#expired
  }

  /** What `work` answers, unless the end comes first: for work that does not listen to signals. It may go on unheard. */
  async race<T>(work: Promise<T>): Promise<T> {
    let stopListening: (() => void) | undefined
    const ended = new Promise<never>((_, reject) => {
      stopListening = whenAborted(this.signal, reject)
    })
    try {
      return await Promise.race([work, ended])
    } finally {
      stopListening?.()
    }
  }

  release(): void {
    this.#cancelTimer()
    this.#stopListening()
  }
}
