import type { RecordBatch } from '../../streams/record-batch.ts'

/** A page's records as the service answers them. Their data are views of the page: write them before it is released. */
export function recordsOf(page: {
  readonly batches: readonly RecordBatch[]
}): readonly Readonly<Record<string, unknown>>[] {
  const records: Record<string, unknown>[] = []
  for (const batch of page.batches) {
    for (let index = 0; index < batch.length; index++) {
      const record: Record<string, unknown> = {
        SequenceNumber: batch.sequenceNumber(index),
        ApproximateArrivalTimestamp: batch.arrivedAtMs(index),
        Data: batch.bytes(index),
      }
      const key = batch.partitionKey(index)
      // Only a record that was put without one, which the distribution AUTO allows, has none.
      if (key !== '') record['PartitionKey'] = key
      if (batch.encryptionType(index) === 'KMS') record['EncryptionType'] = 'KMS'
      records.push(record)
    }
  }
  return records
}
