/** A clock that moves when it is told to, for programs that run without TypeScript. */
export class StillClock {
  #nowMs
  #elapsedMs = 0
  #timers = []

  constructor(nowMs) {
    this.#nowMs = nowMs
  }

  nowMs() {
    return this.#nowMs
  }

  monotonicMs() {
    return this.#elapsedMs
  }

  after(ms, callback) {
    const timer = { dueMs: this.#elapsedMs + Math.max(0, ms), callback }
    this.#timers.push(timer)
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer)
    }
  }

  /** Moves on, then calls what became due, and lets it come to rest. */
  async advance(ms) {
    this.#nowMs += ms
    this.#elapsedMs += ms
    const due = this.#timers.filter((timer) => timer.dueMs <= this.#elapsedMs)
    this.#timers = this.#timers.filter((timer) => timer.dueMs > this.#elapsedMs)
    for (const timer of due) timer.callback()
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
  }
}
