// A clock for trials: it goes as the machine's does, and jumps when it is told to, taking its timers with it.

export const hourMs = 3_600_000

/** Wall clock and elapsed time move together, so a store follows a jump of any size. */
export class MovingClock {
  #startMs
  #jumpedMs = 0
  #timers = new Set()

  /** @param {number} startMs what it shows now */
  constructor(startMs) {
    this.#startMs = startMs - performance.now()
  }

  nowMs() {
    return Math.floor(this.#startMs + this.monotonicMs())
  }

  monotonicMs() {
    return performance.now() + this.#jumpedMs
  }

  after(ms, callback) {
    const timer = { dueMs: this.monotonicMs() + ms, callback, handle: undefined }
    timer.handle = setTimeout(() => this.#fire(timer), Math.min(Math.max(ms, 0), 2 ** 31 - 1))
    timer.handle.unref()
    this.#timers.add(timer)
    return () => this.#forget(timer)
  }

  /** Moves ahead; what becomes due is called before this returns. */
  jump(ms) {
    this.#jumpedMs += ms
    const due = [...this.#timers].filter(({ dueMs }) => dueMs <= this.monotonicMs())
    due.sort((a, b) => a.dueMs - b.dueMs)
    for (const timer of due) this.#fire(timer)
  }

  #fire(timer) {
    if (this.#forget(timer)) timer.callback()
  }

  #forget(timer) {
    timer.handle.ref() // without, Node keeps its empty list until it would have been due
    clearTimeout(timer.handle)
    return this.#timers.delete(timer)
  }
}

/** A clock that shows one time for ever: to a reader that has it, nothing expires but by what the writer did. */
export function standingClock(nowMs) {
  return {
    nowMs: () => nowMs,
    monotonicMs: () => performance.now(),
    after(ms, callback) {
      const timer = setTimeout(callback, Math.min(Math.max(ms, 0), 2 ** 31 - 1))
      timer.unref()
      return () => clearTimeout(timer)
    },
  }
}
