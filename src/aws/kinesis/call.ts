import type { Account } from '../../streams/account.ts'
import type { StoreInside } from '../../streams/store.ts'

/** What an operation knows beside its input. */
export interface Call {
  /** The streams of an account in a region. */
  within(account: string, region: string): Account
  readonly inside: StoreInside
  /** Of the caller: twelve digits. */
  readonly account: string
  /** Of the caller. */
  readonly region: string
  /** The store's time when the call began, milliseconds since 1970. */
  readonly nowMs: number
  /** Aborted when nobody waits for the answer any more. */
  readonly signal: AbortSignal | undefined
}

/** One operation of the service. */
export interface Operation {
  /** As in the model. */
  readonly name: string
  /** Answers the operation's output, `undefined` for one without members; fails with a `Fault` or a `MillraceError`. */
  run(input: never, call: Call): unknown
}
