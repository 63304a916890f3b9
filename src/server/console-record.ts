import type { RecordBatch } from '../streams/record-batch.ts'

/** A record as the console's page gets it. */
export interface ConsoleRecord {
  readonly shardId: string
  readonly sequenceNumber: string
  /** Milliseconds since 1970. */
  readonly arrivedAtMs: number
  readonly partitionKey: string
  readonly explicitHashKey: string | undefined
  readonly encryptionType: 'NONE' | 'KMS'
  /** Length of the payload, bytes. */
  readonly bytes: number
  /** Its first bytes, in base64. */
  readonly preview: string
}

/** Bytes of a payload that a list shows. */
export const previewBytes = 512

/** A record of a batch, with the beginning of its payload. */
export function consoleRecord(batch: RecordBatch, index: number): ConsoleRecord {
  const payload = batch.bytes(index)
  return {
    shardId: batch.shardId,
    sequenceNumber: batch.sequenceNumber(index),
    arrivedAtMs: batch.arrivedAtMs(index),
    partitionKey: batch.partitionKey(index),
    explicitHashKey: batch.explicitHashKey(index),
    encryptionType: batch.encryptionType(index),
    bytes: payload.length,
    preview: bufferOf(payload).subarray(0, previewBytes).toString('base64'),
  }
}

/** The bytes as a buffer, not copied. */
export function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
