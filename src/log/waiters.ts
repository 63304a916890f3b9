import type { Clock } from '../clock.ts'
import { MillraceError } from '../errors.ts'
import type { Offset } from './log.ts'

/** A timer of the platform takes 24 days at most, so longer waits are made of days. */
const dayMs = 86_400_000

interface Waiter {
  readonly from: Offset
  readonly resolve: (readable: boolean) => void
  readonly reject: (reason: unknown) => void
  /** Takes the timer and the listener away. */
  release: () => void
}

/**
 * Who waits at the tail of one log. The log says when it grew, ended or was closed; nothing polls, and nobody
 * who waits leaves a timer or a listener behind.
 */
export class Waiters {
  readonly #clock: Clock
  readonly #waiting: Set<Waiter> = new Set()

  /** @param clock fires the timeouts */
  constructor(clock: Clock) {
    this.#clock = clock
  }

  /**
   * True once a record at or after `from` is readable or the log has ended, false after `ms` (`Infinity`: never).
   * Rejects with the reason of `signal`, or with `ERR_MILLRACE_CLOSED`. Whether to wait at all the caller knows.
   */
  wait(from: Offset, ms: number, signal: AbortSignal | undefined): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const waiter: Waiter = { from, resolve, reject, release: () => {} }
      const onAbort = (): void => {
        if (this.#leave(waiter)) reject(signal?.reason)
      }
      signal?.addEventListener('abort', onAbort)
      const cancelTimer = this.#after(ms, () => {
        if (this.#leave(waiter)) resolve(false)
      })
      waiter.release = () => {
        cancelTimer()
        signal?.removeEventListener('abort', onAbort)
      }
      this.#waiting.add(waiter)
    })
  }

  /** Records up to `last` are readable. Called after every append, so nothing happens when nobody waits. */
  grown(last: Offset): void {
    if (this.#waiting.size === 0) return
    for (const waiter of this.#waiting) {
      if (waiter.from <= last && this.#leave(waiter)) waiter.resolve(true)
    }
  }

  /** How many wait. */
  get size(): number {
    return this.#waiting.size
  }

  /** The log may have grown: those wait no more for whom there is something to read now. */
  look(hasMore: (from: Offset) => boolean): void {
    for (const waiter of this.#waiting) {
      if (hasMore(waiter.from) && this.#leave(waiter)) waiter.resolve(true)
    }
  }

  /** Nobody can be told any more when the log grows: whoever waits gets an error, made for each. */
  failed(reason: () => unknown): void {
    for (const waiter of this.#waiting) if (this.#leave(waiter)) waiter.reject(reason())
  }

  /** No record will follow: whoever waits may look. */
  ended(): void {
    this.grown(Number.POSITIVE_INFINITY)
  }

  closed(): void {
    this.failed(() => new MillraceError('ERR_MILLRACE_CLOSED', 'the log was closed'))
  }

  /** False when it has left before. */
  #leave(waiter: Waiter): boolean {
    if (!this.#waiting.delete(waiter)) return false
    waiter.release()
    return true
  }

  #after(ms: number, callback: () => void): () => void {
    if (ms === Number.POSITIVE_INFINITY) return () => {}
    let remainingMs = ms
    let cancel: () => void
    const next = (): void => {
      const partMs = Math.min(remainingMs, dayMs)
      remainingMs -= partMs
      cancel = this.#clock.after(partMs, remainingMs > 0 ? next : callback)
    }
    next()
    return () => cancel()
  }
}
