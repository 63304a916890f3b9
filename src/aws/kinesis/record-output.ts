import type { StreamState } from '../../meta/state.ts'
import type { RecordBatch } from '../../streams/record-batch.ts'
import { encryptionOf } from './encryption.ts'

/** A page's records as the service answers them. Their data are views of the page: write them before it is released. */
export function recordsOf(
  page: { readonly batches: readonly RecordBatch[] },
  state: StreamState,
): readonly Readonly<Record<string, unknown>>[] {
  const encryption = encryptionOf(state)
  const records: Record<string, unknown>[] = []
  for (const batch of page.batches) {
    for (let index = 0; index < batch.length; index++) {
      const record: Record<string, unknown> = {
        SequenceNumber: batch.sequenceNumber(index),
        ApproximateArrivalTimestamp: batch.arrivedAtMs(index),
        Data: batch.bytes(index),
        PartitionKey: batch.partitionKey(index),
      }
      if (encryption !== undefined) record['EncryptionType'] = encryption
      records.push(record)
    }
  }
  return records
}
