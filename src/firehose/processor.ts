import type { DeliveryRecord, FailedRecord, ProcessedRecord } from './delivery-record.ts'

/** What became of some records. Every one of them is in exactly one of these lists, or was dropped. */
export interface Processed {
  /** In order. One record may have become several. Memory is the receiver's until the next call. */
  readonly records: readonly ProcessedRecord[]
  readonly failed: readonly FailedRecord[]
  /** What a transformation asked to drop. */
  readonly dropped: number
  /** The last of the records, if all at once would take too much memory: they are for the next call. Never all of them. */
  readonly rest?: readonly DeliveryRecord[] | undefined
}

/** All steps of a `ProcessingConfiguration`. Calls come one after the other. */
export interface Processor {
  /**
   * Never rejects because of a record, or of what a function answered: such records are `failed`. Rejects with the
   * signal's reason once that is aborted; nothing is lost then, the same records come again.
   */
  process(records: readonly DeliveryRecord[], signal: AbortSignal): Promise<Processed>
  close(): Promise<void>
}
