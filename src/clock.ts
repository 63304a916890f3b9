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

/** What time a system tells, each in milliseconds. */
export interface SystemTimes {
  /** Since 1970; may jump. */
  wallMs(): number
  /** Of the process; never goes back, but may stand still while the machine sleeps. */
  runMs(): number
  /** Since the machine was started, its sleep included. Dear: Linux is asked by a file that is opened and read, 14 µs. */
  uptimeMs(): number
}

/** Less than this is the wall clock's drift or the grain of `uptimeMs`, which is a second on some systems. */
const sleepMinMs = 2000

/**
 * Elapsed time that counts while the machine sleeps, and is cheap: it is the time of the process, put forward by sleep.
 * That there was some shows where the wall clock gains on the process; only then is the system asked for how much.
 */
export class ElapsedTime {
  readonly #times: SystemTimes
  /** What was slept. */
  #sleptMs = 0
  /** Uptime less the time of the process, when nothing was slept yet. */
  readonly #uptimeLeadMs: number
  /** Wall clock less the time of the process, when the uptime was looked at last. */
  #wallLeadMs: number

  constructor(times: SystemTimes) {
    this.#times = times
    this.#uptimeLeadMs = times.uptimeMs() - times.runMs()
    this.#wallLeadMs = times.wallMs() - times.runMs()
  }

  /** Milliseconds since some fixed moment. */
  ms(): number {
    const runMs = this.#times.runMs()
    const wallLeadMs = this.#times.wallMs() - runMs
    if (Math.abs(wallLeadMs - this.#wallLeadMs) >= sleepMinMs) {
      this.#wallLeadMs = wallLeadMs
      const sleptMs = this.#times.uptimeMs() - runMs - this.#uptimeLeadMs
      if (sleptMs >= this.#sleptMs + sleepMinMs) this.#sleptMs = sleptMs
    }
    return this.#uptimeLeadMs + this.#sleptMs + runMs
  }
}

const elapsed = new ElapsedTime({
  wallMs: () => Date.now(),
  runMs: () => performance.now(),
  uptimeMs: () => uptime() * 1000,
})

/** The system's clock. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => elapsed.ms(),
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
