/**
 * What can be set of a stream, its consumers and an account: plain data as commands and snapshots hold it. A field that
 * is absent is as AWS has it unless somebody sets it, so a stream with nothing set takes no room.
 */

export interface Tag {
  readonly key: string
  readonly value: string
}

/** Times are milliseconds since 1970. */
export interface StreamSettings {
  /** Absent: provisioned. */
  readonly mode?: 'ON_DEMAND'
  /** Records are spread over the shards whatever their keys. Absent: the key decides. */
  readonly distribution?: 'AUTO'
  readonly warmThroughputMiBps?: number
  /** In byte order of the keys. */
  readonly tags?: readonly Tag[]
  /** JSON as it was given. */
  readonly policy?: string
  /** The key that records are said to be enciphered with; absent: they are not. */
  readonly kmsKeyId?: string
  /** Names of the metrics that are kept for each shard, in AWS's order. */
  readonly monitoring?: readonly string[]
  /** The stream is CREATING before this. */
  readonly creatingUntilMs?: number
  /** The stream is UPDATING before this. */
  readonly updatingUntilMs?: number
  /** The stream is DELETING, and goes at this moment. */
  readonly deletingUntilMs?: number
  /** When its mode was switched, its encryption started and stopped: those of the last day at least, ascending. */
  readonly modeSwitchesAtMs?: readonly number[]
  readonly encryptionStartsAtMs?: readonly number[]
  readonly encryptionStopsAtMs?: readonly number[]
  /** The latest creation, seconds since 1970, among consumers that are gone: no later one may have the same ARN. */
  readonly consumersEndedAtSeconds?: number
}

/** A registered consumer of a stream. */
export interface ConsumerState {
  readonly name: string
  /** Seconds since 1970: the end of its ARN. */
  readonly createdAtSeconds: number
  /** It is CREATING before this, milliseconds since 1970. */
  readonly creatingUntilMs?: number
  /** It is DELETING, and counts no more from this moment on, milliseconds since 1970. */
  readonly deletingUntilMs?: number
  /** In byte order of the keys. */
  readonly tags?: readonly Tag[]
  /** JSON as it was given. */
  readonly policy?: string
}

/** What is set of an account in a region. Times are milliseconds since 1970. */
export interface AccountSettings {
  /** The commitment to a minimum throughput, once it was made. */
  readonly commitment?: {
    readonly startedAtMs: number
    /** It lasts until then at least. */
    readonly earliestEndAtMs: number
    /** It ends, or ended, then. Absent: nobody asked for an end. */
    readonly endsAtMs?: number
  }
  /** Open shards of all streams. Absent: as AWS has it. */
  readonly shardLimit?: number
  /** Streams on demand. Absent: as AWS has it. */
  readonly onDemandStreamLimit?: number
}
