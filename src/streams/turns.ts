/** Lets calls wait for the one before them, so that a reader whose `next` is called ahead keeps its order. */
export class Turns {
  #last: Promise<void> | undefined
  #calls = 0

  /** No call is under way. */
  get idle(): boolean {
    return this.#last === undefined
  }

  /** Makes a call once those before it are over, however they ended. */
  take<T>(call: () => Promise<T>): Promise<T> {
    const answer = this.#last === undefined ? call() : after(this.#last, call)
    this.#calls += 1
    // The caller of this turn has the error, if there is one.
    this.#last = answer.then(this.#over, this.#over)
    return answer
  }

  readonly #over = (): void => {
    this.#calls -= 1
    if (this.#calls === 0) this.#last = undefined
  }
}

async function after<T>(last: Promise<void>, call: () => Promise<T>): Promise<T> {
  await last
  return call()
}
