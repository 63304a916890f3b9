/** Ends something that a layer above made of the store. */
export type ClosingHook = () => Promise<void>

/** What layers above want to have ended before their store closes. */
export class ClosingHooks {
  readonly #hooks: Set<ClosingHook> = new Set()

  /** Nobody wants anything. */
  get empty(): boolean {
    return this.#hooks.size === 0
  }

  /** Answers a function that forgets the hook. */
  add(hook: ClosingHook): () => void {
    // The same function twice is two hooks.
    const own: ClosingHook = () => hook()
    this.#hooks.add(own)
    return () => {
      this.#hooks.delete(own)
    }
  }

  /** Calls all of them, those too that come meanwhile, and waits for them. What went wrong. */
  async run(): Promise<readonly unknown[]> {
    const failures: unknown[] = []
    while (!this.empty) {
      const hooks = Array.from(this.#hooks)
      this.#hooks.clear()
      const outcomes = await Promise.allSettled(hooks.map(async (hook) => hook()))
      for (const outcome of outcomes) if (outcome.status === 'rejected') failures.push(outcome.reason)
    }
    return failures
  }
}
