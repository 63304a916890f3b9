import { type ErrorDetails, MillraceError } from '../errors.ts'
import type { DeliveryConfiguration } from './configuration.ts'
import type { FirehoseOptions, ReceiveFunction } from './firehose-options.ts'

/**
 * Whether the options of a store have all that a delivery needs of them: they may be others than when the delivery stream was
 * created. Without it nothing is delivered, and nothing is lost: records would fail one by one otherwise.
 *
 * @throws `ERR_MILLRACE_UNSUPPORTED`, which says what to set
 */
export function requireMeans(
  { processing: { transform }, destination }: DeliveryConfiguration,
  options: FirehoseOptions,
): void {
  // Whatever the destination is: what cannot be delivered goes to a bucket.
  requireBuckets(options)
  if (transform !== undefined) requireFunction(transform.function, options)
  if (destination.kind === 'records' && destination.to.kind === 'function') {
    receiverOf(destination.to.name, options)
  }
}

/** @throws `ERR_MILLRACE_UNSUPPORTED` for a store in memory that was told of none */
export function requireBuckets({
  buckets,
}: Pick<FirehoseOptions, 'buckets'>): NonNullable<FirehoseOptions['buckets']> {
  if (buckets !== undefined) return buckets
  throw missing('a store in memory has no folder for buckets: set the option buckets, to a folder or to S3', {
    option: 'buckets',
  })
}

/** The function that takes records. @throws `ERR_MILLRACE_UNSUPPORTED` if there is none of the name */
export function receiverOf(name: string, { receivers = {} }: FirehoseOptions): ReceiveFunction {
  const receive = Object.hasOwn(receivers, name) ? receivers[name] : undefined
  if (receive !== undefined) return receive
  throw missing(`there is no receiver ${name}: set the option receivers, to have it`, {
    option: 'receivers',
    name,
  })
}

function requireFunction(name: string, { functions = {}, lambda }: FirehoseOptions): void {
  if (Object.hasOwn(functions, name) || lambda !== undefined) return
  throw missing(
    `there is no function ${name}: set the option functions, to have it, or lambda, to who is called instead`,
    { option: 'functions', name },
  )
}

function missing(message: string, details: ErrorDetails): MillraceError {
  return new MillraceError('ERR_MILLRACE_UNSUPPORTED', message, { details })
}
