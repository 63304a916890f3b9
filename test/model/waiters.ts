import type { Clock } from '../../src/clock.ts'
import type { Offset } from '../../src/log/log.ts'

interface Waiter {
  readonly from: Offset
  settle(outcome: { readonly answer: boolean } | { readonly error: unknown }): void
}

/** Who waits at the tail of one log. A waiter leaves no timer and no listener behind. */
export class Waiters {
  readonly #clock: Clock
  readonly #waiting: Set<Waiter> = new Set()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  wait(from: Offset, ms: number, signal: AbortSignal | undefined): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const onAbort = (): void => waiter.settle({ error: signal?.reason })
      const waiter: Waiter = {
        from,
        settle: (outcome) => {
          this.#waiting.delete(waiter)
          cancelTimer()
          signal?.removeEventListener('abort', onAbort)
          if ('answer' in outcome) resolve(outcome.answer)
          else reject(outcome.error)
        },
      }
      const cancelTimer =
        ms === Number.POSITIVE_INFINITY
          ? () => {}
          : this.#clock.after(ms, () => waiter.settle({ answer: false }))
      this.#waiting.add(waiter)
      signal?.addEventListener('abort', onAbort)
    })
  }

  /** Ends the waits for records below `next`. */
  wake(next: Offset): void {
    for (const waiter of this.#waiting) if (waiter.from < next) waiter.settle({ answer: true })
  }

  fail(error: unknown): void {
    for (const waiter of this.#waiting) waiter.settle({ error })
  }
}
