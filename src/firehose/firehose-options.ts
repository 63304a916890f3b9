import type { Column } from './configuration.ts'
import type { DeliveryRecord } from './delivery-record.ts'
import type { DeliveryLogEvent } from './delivery-log.ts'

/** An endpoint of AWS, or of something like it. */
export interface EndpointOptions {
  /** Left out: AWS's own. */
  readonly endpoint?: string | undefined
  readonly region?: string | undefined
  /** Left out: wherever the SDK finds them. */
  readonly credentials?:
    | { readonly accessKeyId: string; readonly secretAccessKey: string; readonly sessionToken?: string }
    | undefined
}

/** S3, or something like it. */
export interface S3Options extends EndpointOptions {
  /** Buckets are part of the path rather than of the host's name. @defaultValue true with an `endpoint` */
  readonly forcePathStyle?: boolean | undefined
}

/** Whatever answers the operation `Invoke` of AWS Lambda. Calls are not signed: emulators do not look. */
export interface LambdaOptions {
  /** Such as `http://127.0.0.1:3001`. */
  readonly endpoint: string
}

/** One record for a transformation, as AWS Lambda gets it (Firehose developer guide, "Data transformation"). */
export interface TransformRecord {
  readonly recordId: string
  /** Milliseconds since 1970. */
  readonly approximateArrivalTimestamp: number
  /** Base64. */
  readonly data: string
  readonly kinesisRecordMetadata?:
    | {
        readonly shardId: string
        readonly partitionKey: string
        readonly approximateArrivalTimestamp: number
        readonly sequenceNumber: string
        readonly subsequenceNumber: number
      }
    | undefined
}

export interface TransformEvent {
  readonly invocationId: string
  readonly deliveryStreamArn: string
  readonly region: string
  readonly sourceKinesisStreamArn?: string | undefined
  readonly records: readonly TransformRecord[]
}

export interface TransformAnswer {
  readonly records: readonly {
    readonly recordId: string
    readonly result: 'Ok' | 'Dropped' | 'ProcessingFailed'
    /** Base64. */
    readonly data?: string | undefined
    readonly metadata?: { readonly partitionKeys?: Readonly<Record<string, string>> | undefined } | undefined
  }[]
}

/** A transformation in this program. What it answers is not trusted. */
export type TransformFunction = (event: TransformEvent) => TransformAnswer | Promise<TransformAnswer>

/**
 * A destination in this program: records are delivered once it resolves, and come again if it rejects. It may answer the
 * indices of records that it wants again. The records are its own, to keep or to change. Its signal is aborted when its time
 * is over (`receiveTimeoutMs`), and when the delivery stream ends: the records come again then, under the same id.
 */
export type ReceiveFunction = (
  records: readonly DeliveryRecord[],
  delivery: { readonly id: string; readonly attempt: number; readonly signal: AbortSignal },
) => void | readonly number[] | Promise<void | readonly number[]>

/** What delivery needs that no configuration of a delivery stream can say. */
export interface FirehoseOptions {
  /**
   * Where buckets are: a folder that has a folder for each, or S3. A store in memory has none unless this says so.
   * @defaultValue the folder `buckets` in the store's own
   */
  readonly buckets?: string | S3Options | undefined
  /** Transformations, by the ARN or the name that configurations use. */
  readonly functions?: Readonly<Record<string, TransformFunction>> | undefined
  /** Who is called for functions that are not in `functions`. @defaultValue nobody */
  readonly lambda?: LambdaOptions | undefined
  /** Destinations of kind `function`, by name. */
  readonly receivers?: Readonly<Record<string, ReceiveFunction>> | undefined
  /**
   * How long a call of a receiver may take; then its records come again. Longer for receivers that do much at once.
   * Milliseconds on the store's clock. @defaultValue 60,000
   */
  readonly receiveTimeoutMs?: number | undefined
  /** Kinesis, for sources that are no streams of the store. */
  readonly kinesis?: EndpointOptions | undefined
  /** Tables for conversion, by `database.table`: they stand for AWS Glue. */
  readonly tables?: Readonly<Record<string, readonly Column[] | Readonly<Record<string, string>>>> | undefined
  /** What all buffers of the store hold in memory at most; more is kept in files. Bytes. @defaultValue 72 MiB */
  readonly memoryBytes?: number | undefined
  /** Told what delivery logs. */
  readonly onLog?: ((event: DeliveryLogEvent) => void) | undefined
}
