/**
 * Commands: what can happen to the metadata. They are stored as records of the metadata log, so their
 * shapes are part of the on-disk format: fields may be added as optional, never renamed or removed.
 */
import type { Slot } from '../log/log.ts'
import type { AccountSettings, ConsumerState, StreamSettings } from './settings.ts'

/** A shard as a command creates it. */
export interface ShardSpec {
  /** Number in the stream, from 0 on, never reused. Its id is `shardId-` and twelve digits of this. */
  readonly index: number
  /** First hash key of its range, inclusive, decimal. */
  readonly startingHashKey: string
  /** Last hash key of its range, inclusive, decimal. */
  readonly endingHashKey: string
  /** Creation, whole seconds since 1970: the leading field of its sequence numbers. */
  readonly createdAtSeconds: number
  readonly slot: Slot
  /**
   * Numbers of the shards that it was split from (one) or merged from (two: the one with the lower hash keys first).
   * A shard that the stream was created with has none.
   */
  readonly parents?: readonly number[]
  /** When it took over from its parents, milliseconds since 1970: the first one after they were closed. */
  readonly openedAtMs?: number
  /** When it was closed, milliseconds since 1970: none of its records arrived later. An open shard has none. */
  readonly closedAtMs?: number
}

/** Identity of a stream: one per account and region. */
export interface StreamKey {
  /** Twelve digits. */
  readonly account: string
  readonly region: string
  readonly name: string
}

/** Everything of a stream that can be set but its retention, replaced as a whole. */
export interface SetSettings {
  readonly kind: 'setSettings'
  readonly key: StreamKey
  readonly revision: number
  readonly settings: StreamSettings
  /** Key and data of one record together, bytes. Absent: as it is. */
  readonly maxRecordBytes?: number
}

/** The consumers of a stream, replaced as a whole: how earlier versions wrote `ChangeConsumers`. */
export interface SetConsumers {
  readonly kind: 'setConsumers'
  readonly key: StreamKey
  readonly revision: number
  readonly consumers: readonly ConsumerState[]
  /** Replaces `StreamSettings.consumersEndedAtSeconds`. Absent: it stays. */
  readonly endedAtSeconds?: number
}

/** Some consumers of a stream; the others stay as they are, and are not written again. */
export interface ChangeConsumers {
  readonly kind: 'changeConsumers'
  readonly key: StreamKey
  readonly revision: number
  /** Names of those that go; passed over if they are not there. */
  readonly removes: readonly string[]
  /** What takes the place of those of these names that are left, or follows the last one. */
  readonly sets: readonly ConsumerState[]
  /** Replaces `StreamSettings.consumersEndedAtSeconds`. Absent: it stays. */
  readonly endedAtSeconds?: number
}

/** What is set of an account in a region, replaced as a whole. */
export interface SetAccount {
  readonly kind: 'setAccount'
  /** Twelve digits. */
  readonly account: string
  readonly region: string
  /** The account's revision that the command builds on; 0 when nothing was ever set of it. */
  readonly revision: number
  readonly settings: AccountSettings
}

/** A document of a layer above, made or replaced as a whole. */
export interface SetDocument {
  readonly kind: 'setDocument'
  /** 1 to 256 characters without control characters, such as `firehose/000000000000/us-east-1/clicks`. */
  readonly id: string
  /** The document's revision that the command builds on; 0 where there is none. */
  readonly revision: number
  /** Plain data: lists and maps of text, numbers, true, false and null, within `documentMax`. */
  readonly value: unknown
}

/** A document of a layer above goes. */
export interface DeleteDocument {
  readonly kind: 'deleteDocument'
  readonly id: string
  readonly revision: number
}

/** A command about one stream. */
export type StreamCommand = Exclude<Command, SetAccount | SetDocument | DeleteDocument>

/** Whether it is about one stream. */
export function isStreamCommand(command: Command): command is StreamCommand {
  return 'key' in command
}

export type Command =
  | SetSettings
  | SetConsumers
  | ChangeConsumers
  | SetAccount
  | SetDocument
  | DeleteDocument
  | {
      readonly kind: 'createStream'
      readonly key: StreamKey
      readonly createdAtMs: number
      readonly retentionHours: number
      /** Key and data of one record together, bytes. */
      readonly maxRecordBytes: number
      readonly shards: readonly ShardSpec[]
      /** What is not as usual. */
      readonly settings?: StreamSettings
    }
  | {
      readonly kind: 'deleteStream'
      readonly key: StreamKey
      /** The stream's revision that the command builds on. */
      readonly revision: number
    }
  | {
      readonly kind: 'setRetention'
      readonly key: StreamKey
      readonly revision: number
      readonly retentionHours: number
      /** Records that arrived before this stay hidden for good: the horizon when the command was made. */
      readonly hiddenBeforeMs: number
    }
  | {
      /** Shards are going to be replaced. It is finished by whoever sees it, also after a crash. */
      readonly kind: 'beginReshard'
      readonly key: StreamKey
      readonly revision: number
      readonly atMs: number
      /** Numbers of open shards, ascending. Nothing is appended to their logs from the seal on. */
      readonly closes: readonly number[]
      /** What takes their hash keys over, by ascending index, with parents. Not shards of the stream yet. */
      readonly opens: readonly ShardSpec[]
      /** A step towards so many open shards: the next one follows by itself. */
      readonly targetShards?: number
      /** It is the first step of a change of the number of shards: `atMs` counts against how often that may be. */
      readonly startsScaling?: true
    }
  | {
      /** The logs of the shards that `beginReshard` named have ended: they are closed, their children open. */
      readonly kind: 'finishReshard'
      readonly key: StreamKey
      readonly revision: number
      /** Not before any of their records arrived. */
      readonly closedAtMs: number
      /** Replaces `StreamSettings.updatingUntilMs`. Absent: it stays. */
      readonly updatingUntilMs?: number
    }
  | {
      /** Closed shards whose retention has passed: the stream has them no longer. */
      readonly kind: 'dropShards'
      readonly key: StreamKey
      readonly revision: number
      readonly shards: readonly number[]
    }
