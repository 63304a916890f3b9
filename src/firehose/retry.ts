import { type Clock, nextTurn } from '../clock.ts'
import { onAbort } from '../streams/abort-fan-out.ts'
import { hourMs, minuteMs, secondMs } from '../units.ts'
import { DeliveryError } from './destination.ts'
import { failureText } from './failure-text.ts'

/** Back-off after so many failures: 1 s, 2 s, 4 s and so on (Firehose developer guide, "HTTP endpoint delivery"). */
const firstBackOffMs = secondMs
const backOffMaxMs: number = 120 * secondMs
/** The guide's "jitter of 15 %": up to so much less. */
const jitter = 0.15

/** How long objects are tried (Firehose developer guide, "Data delivery failure handling"). */
export const objectRetryMs: number = 24 * hourMs
/** An attempt that takes longer is given up and counts as failed. Destinations have shorter limits of their own. */
const attemptMaxMs: number = 15 * minuteMs
/** And when the delivery is stopping. */
const lastAttemptMaxMs: number = 30 * secondMs

/**
 * How long to wait before the next attempt, milliseconds.
 *
 * @param failures how many attempts failed, from 1
 * @param random from 0 up to 1
 */
export function backOffMs(failures: number, random: number): number {
  const wholeMs = Math.min(firstBackOffMs * 2 ** (failures - 1), backOffMaxMs)
  return Math.round(wholeMs * (1 - jitter * random))
}

/** The delivery was stopped; what was under way is not delivered. It never leaves `src/firehose`. */
export class Stopped extends Error {
  override readonly name = 'Stopped'

  constructor() {
    super('the delivery was stopped')
  }
}

/** How a delivery comes to its end: first everybody may try once more, then nobody may do anything. */
export class Ending {
  readonly #last: AbortController = new AbortController()
  readonly #over: AbortController = new AbortController()

  /** Whoever waits to try again tries now, for the last time. */
  get last(): AbortSignal {
    return this.#last.signal
  }

  get over(): AbortSignal {
    return this.#over.signal
  }

  lastAttempts(): void {
    this.#last.abort(new Stopped())
  }

  end(): void {
    this.#last.abort(new Stopped())
    this.#over.abort(new Stopped())
  }
}

/** What came of all attempts. */
export type Outcome<T> =
  | { readonly ok: true; readonly value: T }
  | {
      readonly ok: false
      readonly error: DeliveryError
      readonly attempts: number
      readonly endedAtMs: number
    }

/**
 * Since when a destination takes nothing. Whoever comes to it meanwhile has waited, too: if each buffer took its whole time
 * for retries only once the one before it was given up, records would come faster than they are given up, and expire.
 */
export class Outage {
  /** Monotonic. */
  #sinceMs: number | undefined

  /** It failed; answers since when. */
  failed(nowMs: number): number {
    this.#sinceMs ??= nowMs
    return this.#sinceMs
  }

  succeeded(): void {
    this.#sinceMs = undefined
  }
}

/** What is tried, and how often. */
export interface Trial<T> {
  /** Milliseconds since the first failure in which others may begin; `Infinity` for ever, whatever the error says. */
  readonly retryMs: number
  /** Of a destination, and the arrival of the oldest record for it: the time is counted from the later one of both. */
  readonly outage?: { readonly of: Outage; readonly oldestMs: number } | undefined
  /**
   * Before each attempt, whose time does not run yet. What it rejects with is no failure of an attempt: all is given up
   * with it.
   */
  ready?(): Promise<void>
  /** @param attempt from 1 */
  attempt(attempt: number, signal: AbortSignal): Promise<T>
  onFailed(error: DeliveryError): void
}

/** What attempts need. */
export interface RetryHost {
  readonly clock: Clock
  readonly ending: Ending
  /** From 0 up to 1. */
  random(): number
}

/** Tries until something was delivered, is refused for good, or the time for it is over. Rejects with `Stopped`. */
export async function tried<T>(trial: Trial<T>, host: RetryHost): Promise<Outcome<T>> {
  const { clock, ending } = host
  let giveUpAtMs: number | undefined
  for (let attempt = 1; ; attempt++) {
    if (ending.over.aborted) throw new Stopped()
    const isLast = ending.last.aborted
    await trial.ready?.()
    const made = await attempted(trial, attempt, host)
    if (made.ok) {
      trial.outage?.of.succeeded()
      return made
    }
    const { error } = made
    trial.onFailed(error)
    if (ending.over.aborted) throw new Stopped()
    const nowMs = clock.monotonicMs()
    giveUpAtMs ??= waitingSince(trial, error, nowMs, clock) + trial.retryMs
    const waitMs = backOffMs(attempt, host.random())
    const forever = trial.retryMs === Number.POSITIVE_INFINITY
    if (!forever && (!error.again || nowMs + waitMs > giveUpAtMs)) {
      return { ok: false, error, attempts: attempt, endedAtMs: clock.nowMs() }
    }
    if (isLast) throw new Stopped()
    await waited(waitMs, clock, ending.last)
  }
}

/** Monotonic. */
function waitingSince(
  { outage }: Trial<unknown>,
  { again }: DeliveryError,
  nowMs: number,
  clock: Clock,
): number {
  if (outage === undefined || !again) return nowMs
  const ageMs = Math.max(0, clock.nowMs() - outage.oldestMs)
  return Math.max(outage.of.failed(nowMs), nowMs - ageMs)
}

/**
 * Makes something that has its own retries, and makes it again if it fails all the same: a file that a buffer lies in cannot
 * be read, say. Rejects with `Stopped`.
 */
export async function insisted(
  work: () => Promise<void>,
  onFailed: (error: DeliveryError) => void,
  { clock, ending, random }: RetryHost,
): Promise<void> {
  for (let failures = 1; ; failures++) {
    try {
      return await work()
    } catch (error) {
      if (error instanceof Stopped || ending.over.aborted) throw error
      onFailed(asDeliveryError(error))
      if (ending.last.aborted) throw new Stopped()
    }
    await waited(backOffMs(failures, random()), clock, ending.last)
  }
}

type Attempted<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: DeliveryError }

/** One attempt, which ends with the delivery or its time, whatever the destination does. */
async function attempted<T>(trial: Trial<T>, attempt: number, host: RetryHost): Promise<Attempted<T>> {
  const limit = new AttemptLimit(host)
  const outcome = trial.attempt(attempt, limit.signal).then(
    (value): Attempted<T> => ({ ok: true, value }),
    (error: unknown): Attempted<T> => ({ ok: false, error: asDeliveryError(error) }),
  )
  try {
    return await Promise.race([outcome, limit.passed])
  } finally {
    limit.release()
  }
}

/** Ends an attempt with the delivery, or when its time is over. */
class AttemptLimit {
  readonly #controller: AbortController = new AbortController()
  readonly #host: RetryHost
  readonly #releases: (() => void)[]
  #cancelTimer: () => void
  /** Resolves a turn after the signal was aborted: most attempts have ended by then. */
  readonly passed: Promise<Attempted<never>>

  constructor(host: RetryHost) {
    this.#host = host
    const { clock, ending } = host
    const { signal } = this.#controller
    this.passed = new Promise((resolve) => {
      signal.addEventListener('abort', () => {
        const error = asDeliveryError(signal.reason)
        void nextTurn().then(() => resolve({ ok: false, error }))
      })
    })
    this.#cancelTimer = clock.after(ending.last.aborted ? lastAttemptMaxMs : attemptMaxMs, () =>
      this.#expire(),
    )
    this.#releases = [
      onAbort(ending.over, () => this.#controller.abort(new Stopped())),
      onAbort(ending.last, () => this.#shorten()),
    ]
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  release(): void {
    this.#cancelTimer()
    for (const release of this.#releases) release()
  }

  #shorten(): void {
    this.#cancelTimer()
    this.#cancelTimer = this.#host.clock.after(lastAttemptMaxMs, () => this.#expire())
  }

  #expire(): void {
    const message = 'the destination did not answer in time'
    this.#controller.abort(new DeliveryError('Delivery.TimedOut', message, { again: true }))
  }
}

/** Until then, or until the signal is aborted. */
export function waited(ms: number, clock: Clock, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => {
    const end = (): void => {
      cancel()
      release()
      resolve()
    }
    const cancel = clock.after(ms, end)
    const release = onAbort(signal, end)
  })
}

/** What went wrong, in the words of the delivery log; what nobody foresaw is tried again. */
function asDeliveryError(error: unknown): DeliveryError {
  if (DeliveryError.is(error)) return error
  return new DeliveryError('Delivery.InternalError', failureText(error), { again: true, cause: error })
}
