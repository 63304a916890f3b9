/** The state of all streams: plain data, changed only by `apply` (apply.ts). */
import type { Slot } from '../log/log.ts'
import type { ShardSpec, StreamKey } from './commands.ts'
import type { AccountSettings, ConsumerState, StreamSettings } from './settings.ts'

/** A reshard that was begun and is not finished: the parents still take records until their logs are sealed. */
export interface Resharding {
  readonly atMs: number
  /** Numbers of the shards that end, ascending. */
  readonly closes: readonly number[]
  /** What takes their hash keys over. */
  readonly opens: readonly ShardSpec[]
}

export interface StreamState {
  readonly key: StreamKey
  /** Offset, in the metadata log, of the last command that changed this stream. */
  readonly revision: number
  readonly createdAtMs: number
  readonly retentionHours: number
  /** Records that arrived before this are hidden whatever the retention says; milliseconds. */
  readonly hiddenBeforeMs: number
  readonly maxRecordBytes: number
  /** By index, ascending: the open ones, and closed ones until they are dropped. */
  readonly shards: readonly ShardSpec[]
  readonly resharding?: Resharding
  /** The number of open shards that the stream is on its way to. */
  readonly targetShards?: number
  /** When changes of the number of shards began, ascending, milliseconds since 1970: those of a day at least. */
  readonly scaledAtMs?: readonly number[]
  /** The log of the stream's very first shard, once that was dropped: it tells streams of one name apart. */
  readonly firstSlot?: Slot
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

/** What a layer above keeps here: to the metadata it is plain data with a name. */
export interface DocumentState {
  readonly id: string
  /** Offset, in the metadata log, of the last command that changed it. */
  readonly revision: number
  readonly value: unknown
}

/** What one document may be. */
export const documentMax: {
  /** Of all text in it, names of fields too. */
  readonly characters: number
  /** Values, those within it counted too. */
  readonly values: number
  /** Lists and maps within each other. */
  readonly depth: number
} = { characters: 1024 * 1024, values: 100_000, depth: 32 }

export interface MetaState {
  /** Offset of the last command that was read, applied or stale. 0 before the first. */
  readonly revision: number
  /** By `streamId(key)`. */
  readonly streams: ReadonlyMap<string, StreamState>
  /** By `accountId`. */
  readonly accounts: ReadonlyMap<string, AccountState>
  /** By their names. */
  readonly documents: ReadonlyMap<string, DocumentState>
}

/** The key of `MetaState.streams`: no part can hold a slash. */
export function streamId(key: StreamKey): string {
  return `${key.account}/${key.region}/${key.name}`
}

/** The key of `MetaState.accounts`. */
export function accountId(account: string, region: string): string {
  return `${account}/${region}`
}

/** Within this time changes of the number of shards are counted. */
export const scalingWindowMs = 86_400_000

/** The log of the stream's very first shard, there or not: no two streams have one in common. */
export function firstSlotOf(stream: StreamState): Slot | undefined {
  return stream.firstSlot ?? stream.shards[0]?.slot
}

/** The number of the next shard. The last shard of a stream is always open, so no number comes twice. */
export function nextShardIndex(stream: Pick<StreamState, 'shards'>): number {
  return (stream.shards.at(-1)?.index ?? -1) + 1
}

/** Every log that belongs to the stream, also those of shards that are about to open. */
export function slotsOf({ shards, resharding }: StreamState): readonly Slot[] {
  return [...shards, ...(resharding?.opens ?? [])].map(({ slot }) => slot)
}
