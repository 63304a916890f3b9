import type { RecordBatch } from '../../streams/record-batch.ts'

/**
 * Records as the service answers them. Their data are views of the page: write them before it is released. A record
 * that was put without a partition key has none, and only one that was put with encryption says so.
 */
export function recordsOf(batches: readonly RecordBatch[]): readonly Readonly<Record<string, unknown>>[] {
  const records: Record<string, unknown>[] = []
  for (const batch of batches) {
    for (let index = 0; index < batch.length; index++) {
      const partitionKey = batch.partitionKey(index)
      records.push({
        SequenceNumber: batch.sequenceNumber(index),
        ApproximateArrivalTimestamp: batch.arrivedAtMs(index),
        Data: batch.bytes(index),
        PartitionKey: partitionKey === '' ? undefined : partitionKey,
        EncryptionType: batch.encryptionType(index) === 'KMS' ? 'KMS' : undefined,
      })
    }
  }
  return records
}
