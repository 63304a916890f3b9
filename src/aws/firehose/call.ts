import type { Firehose } from '../../firehose/firehose.ts'
import type { CallWatcher } from '../wire/call-watcher.ts'

/** What an operation knows beside its input. */
export interface Call {
  readonly firehose: Firehose
  /** Of the caller: twelve digits. */
  readonly account: string
  /** Of the caller. */
  readonly region: string
  /** The store's time when the call began, milliseconds since 1970. */
  readonly nowMs: number
  /** Which delivery streams the caller may see; `undefined`: all. */
  readonly sees: ((name: string) => boolean) | undefined
  /** Throws if the caller may not have a stream read; `undefined`: it may have any. */
  readonly requireRead: ((streamArn: string) => void) | undefined
  /** Told what becomes of it. */
  readonly watcher: CallWatcher | undefined
}

/** One operation of the service. */
export interface Operation {
  /** As in the model. */
  readonly name: string
  /** Answers the operation's output; fails with a `Fault` or a `MillraceError`. */
  run(input: never, call: Call): unknown
}
