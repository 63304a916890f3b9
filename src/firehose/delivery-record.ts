/** Where in a Kinesis stream a record lay. */
export interface RecordOrigin {
  readonly shardId: string
  readonly partitionKey: string
  readonly sequenceNumber: string
  /** Place in an aggregated record, from 0; 0 for others. */
  readonly subsequenceNumber: number
}

/** A record between its source and its destination. */
export interface DeliveryRecord {
  /** Lent by whoever hands it over until the call it was given to has settled; to keep it is to copy it. */
  readonly data: Uint8Array
  /** Milliseconds since 1970. */
  readonly arrivedAtMs: number
  /** Absent for records that were put directly. */
  readonly origin?: RecordOrigin | undefined
}

/** Values that name a partition: what a query and a transformation found in a record. */
export interface PartitionKeys {
  /** For `!{partitionKeyFromQuery:...}`. */
  readonly query: Readonly<Record<string, string>>
  /** For `!{partitionKeyFromLambda:...}`. */
  readonly lambda: Readonly<Record<string, string>>
}

/** A record that was processed, ready for a buffer. */
export interface ProcessedRecord extends DeliveryRecord {
  readonly keys?: PartitionKeys | undefined
}

/**
 * What `!{firehose:error-output-type}` becomes. Those with capitals and hyphens are AWS's (Firehose developer guide, "Custom
 * prefixes").
 */
export type ErrorOutputType =
  | 'processing-failed'
  | 'format-conversion-failed'
  | 'http-endpoint-failed'
  | 'stream-failed'
  | 'function-failed'
  | 's3-failed'
  | 'activePartitionExceeded'

/** A record that goes to the error output instead of its destination. */
export interface FailedRecord {
  /** As it came from the source. */
  readonly record: DeliveryRecord
  readonly type: ErrorOutputType
  /** Such as `Lambda.FunctionError`, `DynamicPartitioning.ActivePartitionExceeded`. */
  readonly code: string
  readonly message: string
  /** How often it was tried. At least 1. */
  readonly attempts: number
  /** The ARN of the transformation, if one failed. */
  readonly lambdaArn?: string | undefined
}
