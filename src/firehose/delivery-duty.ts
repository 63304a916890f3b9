import type { Clock } from '../clock.ts'
import { MillraceError } from '../errors.ts'
import type { Duty } from '../streams/store-inside.ts'
import { secondMs } from '../units.ts'

/** Who is not the one who delivers asks so often whether that one has ended. */
const askEveryMs = secondMs

/** What a duty to deliver needs. */
export interface DeliveryDutyHost {
  readonly clock: Clock
  readonly duty: Duty
  /** It is this thread's from now on, and was somebody else's. */
  onTaken(): void
}

/** Which of the threads that have a store open delivers: the first one that begins to, and when it ends the next one. */
export class DeliveryDuty {
  readonly #host: DeliveryDutyHost
  #own = false
  #closed = false
  #cancelTimer: (() => void) | undefined

  constructor(host: DeliveryDutyHost) {
    this.#host = host
  }

  get own(): boolean {
    return this.#own
  }

  /** Takes it, if nobody has it; else that is tried again now and then. */
  take(): boolean {
    if (this.#own || this.#closed) return this.#own
    this.#own = this.#host.duty.take()
    if (!this.#own) this.#cancelTimer ??= this.#host.clock.after(askEveryMs, () => this.#ask())
    return this.#own
  }

  /** Gives it back. */
  close(): void {
    this.#closed = true
    this.#cancelTimer?.()
    if (this.#own) this.#host.duty.give()
    this.#own = false
  }

  #ask(): void {
    this.#cancelTimer = undefined
    if (this.take()) this.#host.onTaken()
  }
}

/** Why nothing is delivered here. */
export function deliversElsewhere(): MillraceError {
  return new MillraceError(
    'ERR_MILLRACE_UNSUPPORTED',
    'another thread of this process delivers: it alone can be asked to, and knows how far it is',
  )
}
