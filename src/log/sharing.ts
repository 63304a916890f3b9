/** Whether other environments of this process, workers or the main thread, have the same engine open. */
export class Sharing {
  readonly #listeners: Set<() => void> = new Set()
  #shared = false

  /** Once so, it stays so. */
  get shared(): boolean {
    return this.#shared
  }

  /** Somebody else has joined. */
  readonly joined = (): void => {
    this.#shared = true
    for (const listener of this.#listeners) listener()
    this.#listeners.clear()
  }

  /** Calls `listener` when somebody joins. Answers a function that forgets it. */
  onJoined(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => {
      this.#listeners.delete(listener)
    }
  }
}
