/**
 * The contract of the metadata: the state of all streams, changed by commands.
 *
 * Reads are local and synchronous, of a state that is always a prefix of history. A command names the
 * revision it builds on; a command that names a stale one changes nothing. Distributed back ends add
 * sessions and barriers to this contract; an embedded store needs neither.
 */
import type { Command } from './commands.ts'
import type { MetaState } from './state.ts'

/** Whether a command took effect, or built on a state that is no longer so. */
export type Outcome = 'applied' | 'stale'

export interface MetaStore {
  readonly state: MetaState
  /** Whether `state`, asked now, has all that is readable: not while a command of this one is under way. */
  readonly upToDate: boolean
  /** Resolves once `state` has all that was readable at the call. */
  caughtUp(): Promise<void>
  /** Appends a command; resolves once it is durable and applied here. */
  propose(command: Command): Promise<Outcome>
  /** Calls `listener` after each applied command, in order. Answers a function that ends it. */
  onChange(listener: (command: Command) => void): () => void
  close(): Promise<void>
}
