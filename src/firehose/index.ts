/** What `import 'millrace/firehose'` gives. */
import { invalidArgument } from '../errors.ts'
import { insideOf, Store } from '../streams/store.ts'
import { DeliveryStreams } from './delivery-streams.ts'
import { firehoseOf } from './firehose.ts'
import type { FirehoseOptions } from './firehose-options.ts'

export type {
  BufferingHints,
  Column,
  ColumnType,
  Compression,
  ConversionConfiguration,
  Deaggregation,
  DeliveryConfiguration,
  FunctionDestination,
  HttpDestination,
  ObjectsDestination,
  ObjectTarget,
  PrimitiveType,
  ProcessingConfiguration,
  RecordsDestination,
  SourceConfiguration,
  StorageClass,
  StreamDestination,
  TransformConfiguration,
} from './configuration.ts'
export type { DeliveryLogEvent } from './delivery-log.ts'
export type { DeliveryRecord, RecordOrigin } from './delivery-record.ts'
export type { DeliveryFault, DeliveryMetric, DeliveryStats } from './delivery-stats.ts'
export type { DeliveryStatus } from './delivery-status.ts'
export type { DeliveryStream, DeliveryStreamDescription } from './delivery-stream.ts'
export type { DeliveryStreams } from './delivery-streams.ts'
export type { DirectRecord, PutOutcome } from './direct-log.ts'
export type {
  EndpointOptions,
  FirehoseOptions,
  LambdaOptions,
  ReceiveFunction,
  S3Options,
  TransformAnswer,
  TransformEvent,
  TransformFunction,
  TransformRecord,
} from './firehose-options.ts'
export type { BufferingOptions } from './plan/buffering-plan.ts'
export type { ParquetOptions } from './plan/conversion-plan.ts'
export type { CreateDeliveryStreamOptions, DeliveryOptions, SourceOptions } from './plan/delivery-plan.ts'
export type {
  BackupOptions,
  DestinationOptions,
  FunctionOptions,
  HttpOptions,
  IntoStreamOptions,
  ObjectsOptions,
  ReceiverOptions,
} from './plan/destination-plan.ts'
export type { ProcessingOptions, TransformOptions } from './plan/processing-plan.ts'
export type { TargetOptions } from './plan/target-plan.ts'

/**
 * The delivery streams of a store, in its own account and region. Delivery begins with the first call, for all delivery
 * streams that there are, and ends when the store is closed. A server, and `awsRequestHandler`, begin it, too.
 *
 * ```ts
 * const deliveries = firehose(store, { buckets: './buckets' })
 * ```
 *
 * In a store that several threads have open, one of those that call this delivers, the first one, with its options; when it
 * ends, another one goes on. All can do everything else, but to flush and to see the statistics.
 *
 * @param options only at the first call for a store, by whomever; they hold for all of its delivery streams
 * @throws `ERR_MILLRACE_INVALID_ARGUMENT`, `ERR_MILLRACE_UNKNOWN_OPTION`, `ERR_MILLRACE_CLOSED`
 */
export function firehose(store: Store, options?: FirehoseOptions): DeliveryStreams {
  if (!(store instanceof Store)) throw invalidArgument('store', store, 'a store')
  const facade = firehoseOf(store, options)
  const { account, region } = insideOf(store)
  return new DeliveryStreams(store, facade, { account, region })
}
