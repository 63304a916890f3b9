import type { DeliveryRecord, FailedRecord, ProcessedRecord } from '../delivery-record.ts'

/** A record between two steps. */
export interface PassingRecord extends ProcessedRecord {
  /**
   * What a failure shows instead of the record: as it was before a transformation. Records that were unpacked or taken
   * apart fail as what they became.
   */
  readonly before?: DeliveryRecord | undefined
}

/** What a step made of some records. */
export interface StepResult {
  readonly records: readonly PassingRecord[]
  readonly failed: readonly FailedRecord[]
  readonly dropped: number
  /** The last of the records, if they are left to another call. Only a step that is the first leaves any. */
  readonly rest?: readonly PassingRecord[] | undefined
}

/** One thing that is done to records, in order. As `Processor`: records never make it reject. */
export interface Step {
  apply(records: readonly PassingRecord[], signal: AbortSignal): StepResult | Promise<StepResult>
  close?(): Promise<void>
}

/** Why a record fails a step. */
export interface Fault {
  /** In AWS's words where it has some. */
  readonly code: string
  readonly message: string
}

/** A record for the error output. */
export function failedRecord(
  record: PassingRecord,
  { code, message }: Fault,
  tries: { readonly attempts: number; readonly lambdaArn?: string } = { attempts: 1 },
): FailedRecord {
  return { record: record.before ?? record, type: 'processing-failed', code, message, ...tries }
}
