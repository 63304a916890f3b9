import type { Clock } from '../../clock.ts'
import type { Store } from '../../streams/store.ts'
import type { RecordsDestination } from '../configuration.ts'
import { receiverOf, requireBuckets } from '../delivery-means.ts'
import type { ObjectDestination, RecordDestination } from '../destination.ts'
import type { FirehoseOptions } from '../firehose-options.ts'
import { FolderBuckets } from './folder.ts'
import { FunctionReceiver } from './function.ts'
import { HttpReceiver } from './http.ts'
import { S3Buckets } from './s3.ts'
import { StreamReceiver } from './stream.ts'

/** Where destinations are opened. Nothing is connected or loaded before the first delivery. */
export interface DestinationHost {
  /** They were checked. */
  readonly options: FirehoseOptions
  readonly clock: Clock
  readonly store: Store
  /** `arn:aws:firehose:<region>:<account>:deliverystream/<name>` */
  readonly deliveryStreamArn: string
}

/**
 * Where all buckets are: for objects, backups and error output. One for all delivery streams of a store bounds what they
 * hold together.
 *
 * @throws `ERR_MILLRACE_UNSUPPORTED` for a store in memory without `buckets`
 */
export function openBuckets({
  options,
  clock,
}: Pick<DestinationHost, 'options' | 'clock'>): ObjectDestination {
  const buckets = requireBuckets(options)
  return typeof buckets === 'string'
    ? new FolderBuckets({ folder: buckets, clock })
    : new S3Buckets({ options: buckets, clock })
}

/**
 * Whoever takes records.
 *
 * @throws `ERR_MILLRACE_UNSUPPORTED` for a function that `receivers` does not have
 */
export function openReceiver(to: RecordsDestination['to'], host: DestinationHost): RecordDestination {
  const { clock, store, deliveryStreamArn, options } = host
  switch (to.kind) {
    case 'http':
      return new HttpReceiver({ to, deliveryStreamArn, clock })
    case 'stream':
      return new StreamReceiver({ store, streamArn: to.streamArn })
    case 'function': {
      const { name } = to
      const receive = receiverOf(name, options)
      return new FunctionReceiver({ name, receive, clock, timeoutMs: options.receiveTimeoutMs })
    }
    default:
      return to satisfies never
  }
}
