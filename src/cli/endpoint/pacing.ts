import { setTimeout as sleep } from 'node:timers/promises'

/** How long what an endpoint refuses for now is tried again. */
export interface Patience {
  /** The first pause, milliseconds; each further one is twice as long. */
  readonly firstPauseMs: number
  /** No pause is longer, milliseconds. */
  readonly longestPauseMs: number
  /** Pauses in a row without anything being taken, at most. */
  readonly pausesMax: number
}

/** Half a minute. A shard of AWS takes five calls a second, and recovers within five from a read of 10 MB. */
export const usualPatience: Patience = { firstPauseMs: 200, longestPauseMs: 5_000, pausesMax: 10 }

/**
 * Waits after the so many-th refusal in a row, the first being 1; not for long once the signal is aborted.
 */
export async function pauseAfter(refusals: number, patience: Patience, signal?: AbortSignal): Promise<void> {
  const { firstPauseMs, longestPauseMs } = patience
  const ms = Math.min(firstPauseMs * 2 ** (refusals - 1), longestPauseMs)
  try {
    await sleep(ms, undefined, signal === undefined ? {} : { signal })
  } catch {} // aborted: whoever waits looks at the signal
}

/** Counts what is refused in a row. */
export class Refusals {
  readonly #patience: Patience
  readonly #signal: AbortSignal | undefined
  #count = 0

  constructor(patience: Patience, signal?: AbortSignal) {
    this.#patience = patience
    this.#signal = signal
  }

  /** In a row, until now. */
  get count(): number {
    return this.#count
  }

  /** Something was taken. */
  end(): void {
    this.#count = 0
  }

  /** One more; whether it is worth trying again. */
  add(): boolean {
    this.#count += 1
    return this.#count <= this.#patience.pausesMax && this.#signal?.aborted !== true
  }

  pause(): Promise<void> {
    return pauseAfter(this.#count, this.#patience, this.#signal)
  }
}
