/** The state of all streams: plain data, changed only by `apply` (apply.ts). */
import type { ShardSpec, StreamKey } from './commands.ts'

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
}

export interface MetaState {
  /** Offset of the last command that was read, applied or stale. 0 before the first. */
  readonly revision: number
  /** By `streamId(key)`. */
  readonly streams: ReadonlyMap<string, StreamState>
}

/** The key of `MetaState.streams`: no part can hold a slash. */
export function streamId(key: StreamKey): string {
  return `${key.account}/${key.region}/${key.name}`
}
