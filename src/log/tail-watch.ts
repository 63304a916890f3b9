import { fromNative } from '../native/failure.ts'
import type { Offset } from './log.ts'
import type { Waiters } from './waiters.ts'

/** The tail of a log that somebody else may write: the addon tells when there is more than was looked at. */
export interface WatchedTail {
  /** False when there is more already; if not, the event loop is kept alive until there is, if `holdsLoop`. */
  watch(grown: () => void, holdsLoop: boolean): boolean
  unwatch(): void
}

/** Looks after those who wait at the tail of a log that others write, as long as anybody waits. */
export class TailWatch {
  readonly #tail: WatchedTail
  readonly #waiters: Waiters
  readonly #hasMore: (from: Offset) => boolean
  readonly #holdsLoop: boolean
  /** The addon will call `#onGrown`. */
  #watching = false
  #ended = false

  /** @param holdsLoop whether who waits keeps the event loop alive */
  constructor(tail: WatchedTail, waiters: Waiters, hasMore: (from: Offset) => boolean, holdsLoop: boolean) {
    this.#tail = tail
    this.#waiters = waiters
    this.#hasMore = hasMore
    this.#holdsLoop = holdsLoop
  }

  /** Somebody waits. */
  begin(): void {
    try {
      while (!this.#watching && this.#waiters.size > 0) {
        this.#watching = this.#tail.watch(this.#onGrown, this.#holdsLoop)
        if (!this.#watching) this.#look()
      }
    } catch (error) {
      this.#waiters.failed(() => fromNative(error))
    }
  }

  /** Somebody waits no more. */
  rest(): void {
    if (!this.#watching || this.#ended || this.#waiters.size > 0) return
    this.#watching = false
    this.#tail.unwatch()
  }

  /** The log is closed. */
  end(): void {
    this.#ended = true
  }

  /** Never throws: the addon calls it. */
  readonly #onGrown = (): void => {
    this.#watching = false
    if (this.#ended) return
    this.#look()
    this.begin()
  }

  #look(): void {
    try {
      this.#waiters.look(this.#hasMore)
    } catch (error) {
      this.#waiters.failed(() => error)
    }
  }
}
