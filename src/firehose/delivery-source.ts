import type { DeliveryRecord } from './delivery-record.ts'

/** Where to go on in a stream: the sequence number of the last record that is done, by shard. Plain data. */
export type SourcePosition = Readonly<Record<string, string>>

/** Records that expired before they were read. */
export interface SourceGap {
  readonly shardId: string
  /** At most this many; `Infinity` where nobody can tell. */
  readonly recordsMax: number
}

/** Some records in the order of their shards. */
export interface SourceBatch {
  /** Lent until the next batch is asked for. */
  readonly records: readonly DeliveryRecord[]
  /** Behind them. */
  readonly position: SourcePosition
  /** How far behind the stream's end this is; 0 at the end. */
  readonly behindMs: number
  /** What is missing before the records of this batch. */
  readonly gaps?: readonly SourceGap[] | undefined
}

/** A stream to deliver from. */
export interface DeliverySource {
  /** Waits at the end for more. Ends with the signal's reason. */
  batches(from: SourcePosition | undefined, signal: AbortSignal): AsyncIterable<SourceBatch>
  /**
   * Resolves once everything that was stored before the call was handed out by `batches`, and the batch behind it asked
   * for. Left out where nobody can tell. Rejects with the signal's reason.
   */
  caughtUp?(signal: AbortSignal): Promise<void>
  close(): Promise<void>
}
