import type {
  Compression,
  ConversionConfiguration,
  ObjectTarget,
  RecordsDestination,
} from './configuration.ts'
import type { DeliveryRecord, FailedRecord, PartitionKeys } from './delivery-record.ts'
import type { DeliveryStreamState } from './delivery-stream-state.ts'
import type { ObjectDestination, RecordDestination } from './destination.ts'
import type { Processor } from './processor.ts'

/** What objects are called. */
export interface Naming {
  /** Which partition a record belongs to: same text, same object. Throws for keys that name none. */
  partitionOf(keys: PartitionKeys | undefined): string
  /** The whole key of an object; another one at each call. `oldestMs` is the arrival of its oldest record. */
  key(keys: PartitionKeys | undefined, oldestMs: number, extension: string): string
  /** The whole key of an object of failed records. `type` is what `!{firehose:error-output-type}` becomes. */
  errorKey(type: string, oldestMs: number): string
}

/** Makes the body of an object out of the records that it holds. */
export interface Encoder {
  /** With its full stop, or ''. */
  readonly extension: string
  readonly contentType: string
  readonly contentEncoding?: string | undefined
  /** Encodes chunks as they come; abandoning the iterator releases everything. */
  encode(chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): AsyncIterable<Uint8Array>
  /** Of one that holds something: lets go of it, when the delivery has ended. */
  close?(): Promise<void>
}

/** Records that became one object of columns. */
export interface ConvertedObject {
  readonly rows: number
  readonly bytes: number
  /** From the beginning at each call. */
  body(): AsyncIterable<Uint8Array>
  readonly failed: readonly FailedRecord[]
  release(): Promise<void>
}

/** Makes columns out of JSON. */
export interface RecordConverter {
  convert(records: AsyncIterable<readonly DeliveryRecord[]>, signal: AbortSignal): Promise<ConvertedObject>
  close(): Promise<void>
}

/** An answer now or later. */
export type Eventually<T> = T | Promise<T>

/** What a delivery is made of beside itself. Called once for each, when the delivery starts. */
export interface DeliveryParts {
  processor(state: DeliveryStreamState): Eventually<Processor>
  naming(target: ObjectTarget, state: DeliveryStreamState): Eventually<Naming>
  /** One for all targets of a delivery stream: each parcel names its bucket. */
  objects(state: DeliveryStreamState): Eventually<ObjectDestination>
  receiver(to: RecordsDestination['to'], state: DeliveryStreamState): Eventually<RecordDestination>
  encoder(compression: Compression): Eventually<Encoder>
  converter(conversion: ConversionConfiguration): Eventually<RecordConverter>
  /** A UUID, for parcels. */
  uuid(): string
  /** From 0 up to 1, for back-off. */
  random(): number
}
