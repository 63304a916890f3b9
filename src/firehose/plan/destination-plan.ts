import { invalidArgument } from '../../errors.ts'
import { requireBoolean, requireInteger, requireOneOf, requireOptions } from '../../options.ts'
import { requireStringOf } from '../../streams/text-rule.ts'
import { minuteMs } from '../../units.ts'
import type {
  BufferingHints,
  HttpDestination,
  ObjectsDestination,
  ProcessingConfiguration,
  RecordsDestination,
} from '../configuration.ts'
import { accessKeyBytesMax, accessKeyHeader } from '../access-key.ts'
import type { FirehoseOptions } from '../firehose-options.ts'
import type { NamingRules } from '../naming/checked-naming.ts'
import { type BufferingOptions, bufferingOf } from './buffering-plan.ts'
import { conversionOf, type ParquetOptions } from './conversion-plan.ts'
import { targetKeys, targetOf, type TargetOptions, unpartitioned } from './target-plan.ts'

/** A bucket beside the destination. */
export interface BackupOptions extends TargetOptions {
  /** @defaultValue that of the delivery stream */
  readonly buffering?: BufferingOptions | undefined
}

/** Objects in a bucket: a folder with a folder for each bucket, or S3, as the option `buckets` of `firehose` says. */
export interface ObjectsOptions extends TargetOptions {
  /** What `buckets` is: the word keeps objects from going where nobody means them to. */
  readonly kind: 'folder' | 's3'
  /** JSON becomes Parquet. @defaultValue no */
  readonly parquet?: ParquetOptions | undefined
  /** All records as they came, before any processing. @defaultValue no */
  readonly backup?: BackupOptions | undefined
}

/** What destinations that take records have in common. */
export interface ReceiverOptions {
  /** How long a delivery that failed is repeated, milliseconds: 0 to 7,200,000. @defaultValue 300,000 */
  readonly retryMs?: number | undefined
  /** Where records go that were refused for good. @defaultValue the bucket `failed` */
  readonly backup?: BackupOptions | undefined
  /** Which records the backup gets. @defaultValue 'failed' */
  readonly backupOf?: 'failed' | 'all' | undefined
}

/** An HTTP endpoint, called as AWS calls one. */
export interface HttpOptions extends ReceiverOptions {
  readonly kind: 'http'
  readonly url: string
  /** @defaultValue the host */
  readonly name?: string | undefined
  /** Sent with each request: up to 4,096 bytes without control characters. It is stored, and never shown. */
  readonly accessKey?: string | undefined
  /** Sent with each request, up to 50. */
  readonly attributes?: Readonly<Record<string, string>> | undefined
  /** Requests are compressed. @defaultValue false */
  readonly gzip?: boolean | undefined
}

/** Another stream of the store. */
export interface IntoStreamOptions extends ReceiverOptions {
  readonly kind: 'stream'
  /** Its name in the account of the delivery stream, or its ARN. */
  readonly stream: string
}

/** A function of this program. */
export interface FunctionOptions extends ReceiverOptions {
  readonly kind: 'function'
  /** One of `receivers` in the options of `firehose`. */
  readonly name: string
}

/** Where records go. */
export type DestinationOptions = ObjectsOptions | HttpOptions | IntoStreamOptions | FunctionOptions

/** What a destination is judged by. */
export interface DestinationContext {
  readonly options: FirehoseOptions
  readonly processing: ProcessingConfiguration
  readonly buffering: BufferingHints
  /** The ARN of a stream of the store, by name or ARN. Throws if there is none. */
  streamArn(field: string, stream: unknown): string
}

/** What holds unless the caller says otherwise. */
const receiverDefaults: { readonly retryMs: number; readonly backup: BackupOptions } = {
  retryMs: 5 * minuteMs,
  backup: { bucket: 'failed' },
}

const retryMsMax: number = 120 * minuteMs
const objectKeys: readonly string[] = ['kind', 'parquet', 'backup', ...targetKeys]
const backupKeys: readonly string[] = ['buffering', ...targetKeys]
const receiverKeys: readonly string[] = ['kind', 'retryMs', 'backup', 'backupOf']
const ownKeys = {
  http: ['url', 'name', 'accessKey', 'attributes', 'gzip'],
  stream: ['stream'],
  function: ['name'],
} as const satisfies Record<string, readonly string[]>

/** Rejects with `ERR_MILLRACE_INVALID_ARGUMENT`, `ERR_MILLRACE_UNKNOWN_OPTION`, `ERR_MILLRACE_STREAM_NOT_FOUND`. */
export async function destinationOf(
  options: DestinationOptions,
  context: DestinationContext,
): Promise<ObjectsDestination | RecordsDestination> {
  const { kind } = Object(options) as { readonly kind?: unknown }
  requireOneOf('destination.kind', kind, ['folder', 's3', 'http', 'stream', 'function'])
  return isObjects(options) ? objectsOf(options, context) : recordsOf(options, context)
}

function isObjects(options: DestinationOptions): options is ObjectsOptions {
  return options.kind === 'folder' || options.kind === 's3'
}

function recordsOf(
  options: Exclude<DestinationOptions, ObjectsOptions>,
  context: DestinationContext,
): RecordsDestination {
  requireOptions('destination', options, [...receiverKeys, ...ownKeys[options.kind]])
  const {
    retryMs = receiverDefaults.retryMs,
    backup = receiverDefaults.backup,
    backupOf = 'failed',
  } = options
  return {
    kind: 'records',
    to: receiverOf(options, context),
    buffering: context.buffering,
    retryMs: requireInteger('destination.retryMs', retryMs, 0, retryMsMax),
    backup: backupTarget(backup, context),
    backupOf: requireOneOf('destination.backupOf', backupOf, ['failed', 'all']),
  }
}

async function objectsOf(options: ObjectsOptions, context: DestinationContext): Promise<ObjectsDestination> {
  requireOptions('destination', options, objectKeys)
  const { kind, parquet, backup } = options
  checkBuckets(kind, context.options)
  const rules = rulesOf(options, context.processing)
  const target = targetOf('destination', options, context.buffering, rules)
  if (parquet !== undefined && target.compression !== 'UNCOMPRESSED') {
    throw invalidArgument(
      'destination.compression',
      target.compression,
      "'UNCOMPRESSED': Parquet has its own",
    )
  }
  return {
    kind: 'objects',
    target,
    partitioned: rules.partitionedByQuery || rules.partitionedByLambda,
    conversion:
      parquet === undefined ? undefined : await conversionOf('destination.parquet', parquet, context.options),
    backup: backup === undefined ? undefined : backupTarget(backup, context),
  }
}

/** Partitions come from the query, or from a transformation if the prefix says so. */
function rulesOf({ prefix }: TargetOptions, { query, transform }: ProcessingConfiguration): NamingRules {
  const byLambda = typeof prefix === 'string' && prefix.includes('!{partitionKeyFromLambda:')
  return {
    partitionedByQuery: query !== undefined,
    partitionedByLambda: byLambda && transform !== undefined,
  }
}

function backupTarget(backup: BackupOptions, { buffering }: DestinationContext): ReturnType<typeof targetOf> {
  const field = 'destination.backup'
  requireOptions(field, backup, backupKeys)
  const hints =
    backup.buffering === undefined ? buffering : bufferingOf(`${field}.buffering`, backup.buffering)
  return targetOf(field, backup, hints, unpartitioned)
}

function checkBuckets(kind: 'folder' | 's3', { buckets }: FirehoseOptions): void {
  const right = kind === 'folder' ? typeof buckets === 'string' : typeof buckets === 'object'
  if (!right) throw invalidArgument('destination.kind', kind, kindRule(buckets))
}

/** What the kind of objects has to be. */
function kindRule(buckets: FirehoseOptions['buckets']): string {
  const option = 'the option buckets of firehose()'
  if (buckets === undefined) return `what ${option} is, which a store in memory has to be told`
  return typeof buckets === 'string'
    ? `'folder', as ${option} is one`
    : `'s3', as ${option} says how it is reached`
}

function receiverOf(
  options: HttpOptions | IntoStreamOptions | FunctionOptions,
  context: DestinationContext,
): RecordsDestination['to'] {
  switch (options.kind) {
    case 'http':
      return httpOf(options)
    case 'stream':
      return { kind: 'stream', streamArn: context.streamArn('destination.stream', options.stream) }
    case 'function': {
      const { name } = options
      if (typeof name === 'string' && Object.hasOwn(context.options.receivers ?? {}, name)) {
        return { kind: 'function', name }
      }
      throw invalidArgument('destination.name', name, 'one of the receivers that firehose() was given')
    }
    default:
      return options satisfies never
  }
}

function httpOf({ url, name, accessKey, attributes = {}, gzip = false }: HttpOptions): HttpDestination {
  const right = typeof url === 'string' && url.length <= 1000 && /^https?:\/\//.test(url) && URL.canParse(url)
  if (!right)
    throw invalidArgument('destination.url', url, 'a URL of http or https of up to 1,000 characters')
  if (
    accessKey !== undefined &&
    (typeof accessKey !== 'string' || accessKeyHeader(accessKey) === undefined)
  ) {
    // It is a secret, and appears in no message.
    const rule = `at most ${accessKeyBytesMax} bytes, without control characters`
    throw invalidArgument('destination.accessKey', '...', rule)
  }
  requireOptions('destination.attributes', attributes, Object.keys(Object(attributes)))
  const listed = Object.entries(attributes)
  if (listed.length > 50) throw invalidArgument('destination.attributes', attributes, 'up to 50')
  return {
    kind: 'http',
    url,
    name: requireStringOf('destination.name', name ?? new URL(url).host, 1, 256),
    accessKey,
    commonAttributes: listed.map(([attribute, value]) => ({
      name: requireStringOf('destination.attributes', attribute, 1, 256),
      value: requireStringOf(`destination.attributes[${JSON.stringify(attribute)}]`, value, 0, 1024),
    })),
    contentEncoding: requireBoolean('destination.gzip', gzip) ? 'GZIP' : 'NONE',
  }
}
