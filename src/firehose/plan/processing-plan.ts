import { invalidArgument, MillraceError } from '../../errors.ts'
import { requireBoolean, requireInteger, requireOneOf, requireOptions } from '../../options.ts'
import { requireStringOf } from '../../streams/text-rule.ts'
import { KiB, MiB, minuteMs, secondMs } from '../../units.ts'
import type { Deaggregation, ProcessingConfiguration, TransformConfiguration } from '../configuration.ts'
import type { FirehoseOptions } from '../firehose-options.ts'

/** A transformation. */
export interface TransformOptions {
  /** One of `functions` in the options of `firehose`, or the ARN of a function that their `lambda` answers for. */
  readonly function: string
  /** How often a call that failed is repeated: 0 to 300. @defaultValue 3 */
  readonly retries?: number | undefined
  /** Records for one call, at most: 200 KiB to 3 MiB, in bytes. @defaultValue 1 MiB */
  readonly bufferBytes?: number | undefined
  /**
   * How long records are gathered for a call, in memory and before they count as read; 0 makes a call of whatever one read
   * brings. Milliseconds, 0 to 900,000. @defaultValue 60,000
   */
  readonly bufferMs?: number | undefined
}

/** What happens to records on their way, in this order. Each step that is left out does not happen. */
export interface ProcessingOptions {
  /** Payloads are unpacked. */
  readonly decompress?: 'GZIP' | undefined
  /** Of payloads that CloudWatch Logs wrote, only the messages are kept, a line each. @defaultValue false */
  readonly cloudWatchMessages?: boolean | undefined
  /** Records that were combined are taken apart: values of JSON, or what lies between delimiters. */
  readonly deaggregate?: 'json' | { readonly delimiter: string | Uint8Array } | undefined
  /** A name is the same as its `function` with everything else by default. */
  readonly transform?: string | TransformOptions | undefined
  /** A program of jq 1.6 whose result names the partition: `!{partitionKeyFromQuery:...}` in the prefix. */
  readonly partitionBy?: string | undefined
  /** Appended to each record, such as a line feed. */
  readonly delimiter?: string | undefined
}

/** What holds of a transformation unless the caller says otherwise (Firehose developer guide, "Data transformation"). */
const transformDefaults: {
  readonly retries: number
  readonly bufferBytes: number
  readonly bufferMs: number
} = { retries: 3, bufferBytes: MiB, bufferMs: minuteMs }

const keys: readonly string[] = [
  'decompress',
  'cloudWatchMessages',
  'deaggregate',
  'transform',
  'partitionBy',
  'delimiter',
]
const transformKeys: readonly string[] = ['function', 'retries', 'bufferBytes', 'bufferMs']
const delimiterMax = 1024

/**
 * Rejects with `ERR_MILLRACE_INVALID_ARGUMENT`, `ERR_MILLRACE_UNKNOWN_OPTION`.
 *
 * @param known what the store's delivery streams can call
 */
export async function processingOf(
  options: ProcessingOptions,
  known: Pick<FirehoseOptions, 'functions' | 'lambda'>,
): Promise<ProcessingConfiguration> {
  requireOptions('processing', options, keys)
  const { decompress, cloudWatchMessages, deaggregate, transform, partitionBy, delimiter } = options
  return {
    decompression:
      decompress === undefined ? undefined : requireOneOf('processing.decompress', decompress, ['GZIP']),
    cloudWatchMessages:
      cloudWatchMessages === undefined
        ? undefined
        : requireBoolean('processing.cloudWatchMessages', cloudWatchMessages),
    deaggregation: deaggregate === undefined ? undefined : deaggregationOf(deaggregate),
    transform: transform === undefined ? undefined : transformOf(transform, known),
    query: partitionBy === undefined ? undefined : await queryOf(partitionBy),
    delimiter:
      delimiter === undefined
        ? undefined
        : requireStringOf('processing.delimiter', delimiter, 1, delimiterMax),
  }
}

async function queryOf(program: string): Promise<string> {
  // jq is loaded when somebody has a program for it.
  const { checkedQuery } = await import('../processing/checked-query.ts')
  try {
    return await checkedQuery(program)
  } catch (error) {
    const rule = error instanceof MillraceError ? error.details['rule'] : undefined
    throw typeof rule === 'string' ? invalidArgument('processing.partitionBy', program, rule) : error
  }
}

function deaggregationOf(given: NonNullable<ProcessingOptions['deaggregate']>): Deaggregation {
  if (given === 'json') return { kind: 'json' }
  if (typeof given !== 'object' || given === null) {
    throw invalidArgument('processing.deaggregate', given, "'json', or an object with a delimiter")
  }
  requireOptions('processing.deaggregate', given, ['delimiter'])
  const { delimiter } = given
  const bytes = typeof delimiter === 'string' ? Buffer.from(delimiter) : delimiter
  if (bytes instanceof Uint8Array && bytes.length > 0 && bytes.length <= delimiterMax) {
    return { kind: 'delimited', delimiter: Buffer.from(bytes).toString('base64') }
  }
  throw invalidArgument('processing.deaggregate.delimiter', delimiter, `text or bytes, 1 to ${delimiterMax}`)
}

function transformOf(
  given: string | TransformOptions,
  { functions = {}, lambda }: Pick<FirehoseOptions, 'functions' | 'lambda'>,
): TransformConfiguration {
  const options = typeof given === 'string' ? { function: given } : given
  requireOptions('processing.transform', options, transformKeys)
  const { retries, bufferBytes, bufferMs } = { ...transformDefaults, ...present(options) }
  const name = requireStringOf('processing.transform.function', options.function, 1, 512)
  if (!Object.hasOwn(functions, name) && lambda === undefined) {
    throw invalidArgument(
      'processing.transform.function',
      name,
      'one of the functions that firehose() was given',
    )
  }
  const within = 'processing.transform'
  return {
    function: name,
    retries: requireInteger(`${within}.retries`, retries, 0, 300),
    bufferBytes: requireInteger(`${within}.bufferBytes`, bufferBytes, 200 * KiB, 3 * MiB),
    bufferMs: requireInteger(`${within}.bufferMs`, bufferMs, 0, 900 * secondMs),
  }
}

function present(options: TransformOptions): Partial<typeof transformDefaults> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
}
