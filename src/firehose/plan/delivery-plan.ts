import { invalidArgument } from '../../errors.ts'
import { requireInteger, requireOneOf, requireOptions } from '../../options.ts'
import type { AccountKey } from '../../streams/account.ts'
import { requireStreamKey } from '../../streams/store-options.ts'
import { streamNotFound } from '../../streams/store-refusals.ts'
import type { StoreInside } from '../../streams/store-inside.ts'
import { streamArn } from '../../streams/stream-arn.ts'
import { Stream } from '../../streams/stream.ts'
import type { Tags } from '../../streams/tags.ts'
import type { DeliveryConfiguration, SourceConfiguration } from '../configuration.ts'
import type { FirehoseOptions } from '../firehose-options.ts'
import { isOwnStream, streamKeyOf } from '../source-stream.ts'
import { type BufferingOptions, bufferingOf } from './buffering-plan.ts'
import { type DestinationOptions, destinationOf } from './destination-plan.ts'
import { type ProcessingOptions, processingOf } from './processing-plan.ts'

/** A stream whose records are delivered. */
export interface SourceOptions {
  /** Its name in the account of the delivery stream, its ARN, or the stream itself. */
  readonly stream: string | Stream<never>
  /** `oldest`, `latest` (at the moment of the creation), or a moment: milliseconds since 1970. @defaultValue 'latest' */
  readonly from?: 'oldest' | 'latest' | number | undefined
}

/** What a delivery stream does with its records. */
export interface DeliveryOptions {
  /** What happens to records on their way. @defaultValue nothing */
  readonly processing?: ProcessingOptions | undefined
  readonly destination: DestinationOptions
  /** When what is buffered is delivered. @defaultValue at 5 MiB or after 5 minutes */
  readonly buffering?: BufferingOptions | undefined
}

/** Options of `createDeliveryStream`. */
export interface CreateDeliveryStreamOptions extends DeliveryOptions {
  /** Where records come from. @defaultValue they are put into the delivery stream */
  readonly source?: string | Stream<never> | SourceOptions | undefined
  /** By the rules of tags of streams. @defaultValue none */
  readonly tags?: Tags | undefined
}

/** Where plans are made. */
export interface PlanContext {
  readonly inside: StoreInside
  readonly options: FirehoseOptions
  readonly account: AccountKey
}

const deliveryKeys: readonly string[] = ['processing', 'destination', 'buffering']
const sourceKeys: readonly string[] = ['stream', 'from']

/** Keys of `CreateDeliveryStreamOptions`. */
const createDeliveryStreamKeys: readonly string[] = ['source', 'tags', ...deliveryKeys]

/**
 * What `createDeliveryStream` was asked for. Rejects with `ERR_MILLRACE_INVALID_ARGUMENT`, `ERR_MILLRACE_UNKNOWN_OPTION`,
 * `ERR_MILLRACE_UNSUPPORTED`, `ERR_MILLRACE_STREAM_NOT_FOUND`.
 */
export async function createdConfiguration(
  options: CreateDeliveryStreamOptions,
  context: PlanContext,
): Promise<DeliveryConfiguration> {
  requireOptions('createDeliveryStream options', options, createDeliveryStreamKeys)
  const { source, tags: _, ...delivery } = options
  return configurationOf(delivery, sourceOf(source, context), context)
}

/** What `update` was asked for; the source stays. Rejects as `createdConfiguration`. */
export async function updatedConfiguration(
  options: DeliveryOptions,
  source: SourceConfiguration,
  context: PlanContext,
): Promise<DeliveryConfiguration> {
  requireOptions('update options', options, deliveryKeys)
  return configurationOf(options, source, context)
}

async function configurationOf(
  { processing: given = {}, destination, buffering }: DeliveryOptions,
  source: SourceConfiguration,
  context: PlanContext,
): Promise<DeliveryConfiguration> {
  const processing = await processingOf(given, context.options)
  return {
    source,
    processing,
    destination: await destinationOf(destination, {
      options: context.options,
      processing,
      buffering: bufferingOf('buffering', buffering),
      streamArn: (field, stream) => ownStreamArn(field, stream, context),
    }),
  }
}

function sourceOf(
  source: CreateDeliveryStreamOptions['source'],
  { inside, account }: PlanContext,
): SourceConfiguration {
  if (source === undefined) return { kind: 'direct' }
  const given = typeof source === 'string' || source instanceof Stream ? { stream: source } : source
  requireOptions('source', given, sourceKeys)
  const { stream, from = 'latest' } = given as SourceOptions
  const nowMs = inside.time.nowMs()
  const word = typeof from === 'number' ? undefined : requireOneOf('source.from', from, ['oldest', 'latest'])
  return {
    kind: 'stream',
    streamArn: arnOf('source.stream', stream, account),
    fromMs:
      word === undefined ? requireInteger('source.from', from, 0, nowMs) : word === 'oldest' ? 0 : nowMs,
  }
}

function arnOf(field: string, stream: unknown, account: AccountKey): string {
  if (stream instanceof Stream) return stream.arn
  if (typeof stream !== 'string') throw invalidArgument(field, stream, 'a stream, its name or its ARN')
  return streamArn(stream.startsWith('arn:') ? streamKeyOf(stream) : requireStreamKey(account, stream))
}

function ownStreamArn(field: string, stream: unknown, { inside, account }: PlanContext): string {
  const arn = arnOf(field, stream, account)
  const key = streamKeyOf(arn)
  if (!isOwnStream(inside, key)) throw streamNotFound(key)
  return arn
}
