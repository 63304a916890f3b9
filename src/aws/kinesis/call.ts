import type { Firehose } from '../../firehose/firehose.ts'
import type { Account } from '../../streams/account.ts'
import type { StoreInside } from '../../streams/store.ts'
import type { CallWatcher } from '../wire/call-watcher.ts'
import type { Waiting } from '../wire/waiting.ts'

/** What an operation knows beside its input. */
export interface Call {
  /** The streams of an account in a region. */
  within(account: string, region: string): Account
  readonly inside: StoreInside
  /** What carries channels; made for the first call that changes one. */
  firehose(): Firehose
  /** Of the caller: twelve digits. */
  readonly account: string
  /** Of the caller. */
  readonly region: string
  /** The store's time when the call began, milliseconds since 1970. */
  readonly nowMs: number
  /** Which streams of the account the caller may see; `undefined`: all. */
  readonly sees: ((streamName: string) => boolean) | undefined
  /** For the answer; ends a stream of events. */
  readonly waiting: Waiting | undefined
  /** Told what becomes of it. */
  readonly watcher: CallWatcher | undefined
}

/** One operation of the service. */
export interface Operation {
  /** As in the model. */
  readonly name: string
  /** Answers the operation's output, `undefined` for one without members; fails with a `Fault` or a `MillraceError`. */
  run(input: never, call: Call): unknown
}
