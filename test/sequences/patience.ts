/** A step takes milliseconds, and a second on a machine that is busy. */
const usualMs = 60_000

/**
 * Waits for what a trial does, but not for ever: a step that stands still is a finding, and is to be told by its
 * name. Once it ran out, whatever the trial holds may never be free again.
 */
export class Patience {
  readonly #longestMs: number
  #ranOut = false

  /** @param longestMs of real time, for each thing that is waited for */
  constructor(longestMs: number = usualMs) {
    this.#longestMs = longestMs
  }

  /** Something did not come to an end. */
  get ranOut(): boolean {
    return this.#ranOut
  }

  /** What the work comes to; an error if that is not known in time. */
  async with<T>(work: Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined
    const standstill = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        this.#ranOut = true
        reject(new Error(`has not come to an end for ${this.#longestMs / 1000} s`))
      }, this.#longestMs)
    })
    try {
      return await Promise.race([work, standstill])
    } finally {
      clearTimeout(timer)
    }
  }
}
