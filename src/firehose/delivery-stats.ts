import type { DeliveryConfiguration } from './configuration.ts'

/** Names of CloudWatch (Firehose developer guide, "Monitoring with CloudWatch metrics"). */
const names = [
  'IncomingBytes',
  'IncomingRecords',
  'DataReadFromKinesisStream.Bytes',
  'DataReadFromKinesisStream.Records',
  'ExecuteProcessing.Duration',
  'ExecuteProcessing.Success',
  'SucceedProcessing.Bytes',
  'SucceedProcessing.Records',
  'SucceedConversion.Bytes',
  'SucceedConversion.Records',
  'FailedConversion.Bytes',
  'FailedConversion.Records',
  'DeliveryToS3.Bytes',
  'DeliveryToS3.Records',
  'DeliveryToS3.Success',
  'DeliveryToHttpEndpoint.Bytes',
  'DeliveryToHttpEndpoint.Records',
  'DeliveryToHttpEndpoint.Success',
  'DeliveryToStream.Bytes',
  'DeliveryToStream.Records',
  'DeliveryToStream.Success',
  'DeliveryToFunction.Bytes',
  'DeliveryToFunction.Records',
  'DeliveryToFunction.Success',
  'BackupToS3.Bytes',
  'BackupToS3.Records',
  'BackupToS3.Success',
  'PartitionCountExceeded',
] as const

/**
 * What is counted since the delivery started. `Success` counts deliveries that succeeded, where CloudWatch has their share;
 * `Duration` is the sum, milliseconds. Streams and functions as destinations are ours.
 */
export type DeliveryMetric = (typeof names)[number]

/** Where something is delivered to, as metrics call it. */
export type DeliveryGroup =
  | 'DeliveryToS3'
  | 'DeliveryToHttpEndpoint'
  | 'DeliveryToStream'
  | 'DeliveryToFunction'
  | 'BackupToS3'

/** The last thing that went wrong. */
export interface DeliveryFault {
  readonly errorCode: string
  readonly message: string
  /** Milliseconds since 1970. */
  readonly timestampMs: number
}

/** What one running delivery does, at a moment. */
export interface DeliveryStats {
  readonly metrics: Readonly<Record<DeliveryMetric, number>>
  /** Behind the newest record of the source, as of the last batch; milliseconds. CloudWatch: KinesisMillisBehindLatest. */
  readonly millisBehindLatest: number
  /** Partitions with records that are not delivered. CloudWatch: PartitionCount. */
  readonly partitionCount: number
  /** Age of the oldest record that was read and is not delivered, milliseconds; 0 without one. CloudWatch: DataFreshness. */
  readonly dataFreshnessMs: number
  /** Records in buffers, those of the backup and the error output included. */
  readonly bufferedRecords: number
  /** Their data. */
  readonly bufferedBytes: number
  /** What of it lies in files, with the borders of records. */
  readonly spilledBytes: number
  /** Records that a transformation dropped. */
  readonly droppedRecords: number
  /** Records that went to the error output. */
  readonly failedRecords: number
  /** Attempts to deliver, and those that failed. */
  readonly attempts: number
  readonly failedAttempts: number
  readonly lastError: DeliveryFault | undefined
}

/** What a delivery counts while it runs. */
export class DeliveryCounters {
  readonly metrics: Record<DeliveryMetric, number>
  millisBehindLatest = 0
  droppedRecords = 0
  failedRecords = 0
  attempts = 0
  failedAttempts = 0
  lastError: DeliveryFault | undefined

  constructor() {
    this.metrics = Object.fromEntries(names.map((name) => [name, 0])) as Record<DeliveryMetric, number>
  }

  delivered(group: DeliveryGroup, records: number, bytes: number): void {
    this.metrics[`${group}.Success`] += 1
    this.metrics[`${group}.Records`] += records
    this.metrics[`${group}.Bytes`] += bytes
  }
}

/** What went to the destination, whichever it is. */
export function deliveredOf({ metrics }: DeliveryStats, what: 'Records' | 'Bytes' | 'Success'): number {
  return (
    metrics[`DeliveryToS3.${what}`] +
    metrics[`DeliveryToHttpEndpoint.${what}`] +
    metrics[`DeliveryToStream.${what}`] +
    metrics[`DeliveryToFunction.${what}`]
  )
}

/** What the destination of a configuration is called. */
export function groupOf({ destination }: DeliveryConfiguration): DeliveryGroup {
  if (destination.kind === 'objects') return 'DeliveryToS3'
  switch (destination.to.kind) {
    case 'http':
      return 'DeliveryToHttpEndpoint'
    case 'stream':
      return 'DeliveryToStream'
    case 'function':
      return 'DeliveryToFunction'
    default:
      return destination.to satisfies never
  }
}
