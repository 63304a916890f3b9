/** The state of all streams: plain data, changed only by `apply` (apply.ts). */
import type { ShardSpec, StreamKey } from './commands.ts'
import type { AccountSettings, ConsumerState, StreamSettings } from './settings.ts'

export interface StreamState {
  readonly key: StreamKey
  /** Offset, in the metadata log, of the last command that changed this stream. */
  readonly revision: number
  readonly createdAtMs: number
  readonly retentionHours: number
  /** Records that arrived before this are hidden whatever the retention says; milliseconds. */
  readonly hiddenBeforeMs: number
  readonly maxRecordBytes: number
  /** By index, ascending. */
  readonly shards: readonly ShardSpec[]
  readonly settings?: StreamSettings
  /** In the order in which they were registered. */
  readonly consumers?: readonly ConsumerState[]
}

/** An account in a region of which something was set. */
export interface AccountState {
  readonly account: string
  readonly region: string
  /** Offset, in the metadata log, of the last command that changed it. */
  readonly revision: number
  readonly settings: AccountSettings
}

export interface MetaState {
  /** Offset of the last command that was read, applied or stale. 0 before the first. */
  readonly revision: number
  /** By `streamId(key)`. */
  readonly streams: ReadonlyMap<string, StreamState>
  /** By `accountId`. */
  readonly accounts: ReadonlyMap<string, AccountState>
}

/** The key of `MetaState.streams`: no part can hold a slash. */
export function streamId(key: StreamKey): string {
  return `${key.account}/${key.region}/${key.name}`
}

/** The key of `MetaState.accounts`. */
export function accountId(account: string, region: string): string {
  return `${account}/${region}`
}
