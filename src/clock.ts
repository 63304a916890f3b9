import { uptime } from 'node:os'

/**
 * Time as a parameter: nothing below the command line reads the system's clock or sets a timer itself, so
 * that a manual clock can move a whole day in a millisecond.
 */
export interface Clock {
  /** Milliseconds since 1970; may jump when somebody sets the system's clock. Integer. */
  nowMs(): number
  /** Milliseconds since some fixed moment; never goes back, counts while the machine sleeps. */
  monotonicMs(): number
  /**
   * Calls `callback` once after `ms`. The timer never keeps the process alive. Answers a cancel function. A delay of
   * more than 24 days may be cut to that: whoever waits so long looks at the time when it fires.
   */
  after(ms: number, callback: () => void): () => void
}

/** The longest delay that a timer of the platform takes. */
const longestTimerMs = 2_147_483_647

/** The system's clock. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => uptime() * 1000,
  after(ms, callback) {
    const timer = setTimeout(callback, Math.min(Math.max(0, ms), longestTimerMs))
    timer.unref()
    return () => {
      // Node keeps a list for each delay there is, and drops an empty one only for timers that hold the process.
      timer.ref()
      clearTimeout(timer)
    }
  },
}

/** Lets the event loop take one turn: timers, sockets and other people's work get their chance. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

/**
 * Calls `callback` once after `ms` of the system's time, at most 24 days. Unlike those of a `Clock`, this timer keeps the
 * process alive: for somebody who is told when a wait took too long. Answers a cancel function.
 */
export function afterHolding(ms: number, callback: () => void): () => void {
  const timer = setTimeout(callback, Math.min(Math.max(0, ms), longestTimerMs))
  return () => clearTimeout(timer)
}
