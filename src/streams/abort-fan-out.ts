/** Everybody who waits for one signal, behind one listener. */
class FanOut {
  readonly #wakes: Set<() => void> = new Set()
  readonly #signal: AbortSignal
  readonly #aborted = (): void => {
    for (const wake of this.#wakes) wake()
  }

  constructor(signal: AbortSignal) {
    this.#signal = signal
    signal.addEventListener('abort', this.#aborted)
  }

  add(wake: () => void): void {
    this.#wakes.add(wake)
  }

  /** Without anybody left, the listener goes too. */
  remove(wake: () => void): void {
    if (!this.#wakes.delete(wake) || this.#wakes.size > 0) return
    this.#signal.removeEventListener('abort', this.#aborted)
    fanOuts.delete(this.#signal)
  }
}

const fanOuts = new WeakMap<AbortSignal, FanOut>()

/**
 * Calls `wake` when the signal is aborted; answers a function that takes it back. However many readers share a
 * signal, it has one listener of ours: the platform takes more than ten for a leak, and warns.
 */
export function onAbort(signal: AbortSignal, wake: () => void): () => void {
  // It will not say so again.
  if (signal.aborted) queueMicrotask(wake)
  const fanOut = fanOuts.get(signal) ?? new FanOut(signal)
  fanOuts.set(signal, fanOut)
  fanOut.add(wake)
  return () => fanOut.remove(wake)
}
