import type { DeliveryRecord, RecordOrigin } from '../../../src/firehose/delivery-record.ts'

/** A record that arrived at `arrivedAtMs`, put directly unless it has an origin. */
export function record(data: string | Uint8Array, arrivedAtMs = 1000, origin?: RecordOrigin): DeliveryRecord {
  return { data: typeof data === 'string' ? Buffer.from(data) : data, arrivedAtMs, origin }
}

/** The data of records, as texts. */
export function textsOf(records: readonly DeliveryRecord[]): readonly string[] {
  return records.map(({ data }) => Buffer.from(data).toString())
}

/** A signal that nobody aborts. */
export const never: AbortSignal = new AbortController().signal
