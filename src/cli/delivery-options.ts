import { type Command, InvalidArgumentError } from 'commander'
import { MillraceError } from '../errors.ts'
import type { FirehoseOptions } from '../firehose/index.ts'
import { usageError } from './failure.ts'
import { readOptionFile } from './option-file.ts'

/** What `serve` is told of delivery streams. */
export interface DeliverySettings {
  /** A folder, or the URL of S3 or something like it. */
  readonly buckets?: string
  readonly bucketRegion?: string
  readonly lambdaEndpoint?: string
  readonly kinesisEndpoint?: string
  readonly tables?: string
}

/** Adds the options. */
export function withDeliveryOptions(command: Command): Command {
  return command
    .option(
      '--buckets <folder or URL>',
      "buckets of delivery streams: a folder that has one for each, or S3's endpoint (the folder buckets in the store's)",
      bucketsPlace,
    )
    .option('--bucket-region <name>', 'region of the buckets, where they are at a URL')
    .option('--lambda-endpoint <URL>', "what answers Lambda's Invoke for transformations", url)
    .option('--kinesis-endpoint <URL>', 'Kinesis, for sources that are no streams of the store', url)
    .option(
      '--tables <file>',
      'tables for conversion to Parquet, instead of Glue: file of JSON, {"database.table": {"column": "type"}}',
    )
}

/**
 * The same for the server, with what is in the file. Credentials for buckets and for Kinesis are where the
 * SDK looks for them.
 */
export async function deliveryOptions(settings: DeliverySettings): Promise<FirehoseOptions> {
  const { buckets, bucketRegion, lambdaEndpoint, kinesisEndpoint, tables } = settings
  const elsewhere = buckets !== undefined && isUrl(buckets)
  if (bucketRegion !== undefined && !elsewhere)
    throw usageError('--bucket-region is for buckets at a URL: --buckets names none')
  return {
    buckets: elsewhere ? { endpoint: buckets, region: bucketRegion } : buckets,
    lambda: lambdaEndpoint === undefined ? undefined : { endpoint: lambdaEndpoint },
    kinesis: kinesisEndpoint === undefined ? undefined : { endpoint: kinesisEndpoint },
    tables: tables === undefined ? undefined : await tablesIn(tables),
  }
}

function bucketsPlace(text: string): string {
  if (isUrl(text)) return url(text)
  // `s3://bucket` is what other programs take.
  if (text === '' || /^[a-z][a-z0-9+.-]*:\/\//i.test(text))
    throw new InvalidArgumentError('It must be a folder, or the URL of an endpoint, http or https.')
  return text
}

function isUrl(text: string): boolean {
  return /^https?:/i.test(text)
}

function url(text: string): string {
  if (isUrl(text) && URL.canParse(text)) return text
  throw new InvalidArgumentError('It must be a URL of http or https.')
}

/** Tables, with types that can be read: nobody learns of a typing error when the server has run for long. */
async function tablesIn(file: string): Promise<FirehoseOptions['tables']> {
  const text = readOptionFile('--tables', file)
  let tables: unknown
  try {
    tables = JSON.parse(text)
  } catch (error) {
    throw usageError(`--tables: ${file} is no JSON: ${(error as Error).message}`)
  }
  if (!isObject(tables)) {
    throw usageError(`--tables: ${file} must hold an object, such as {"default.clicks": {"page": "string"}}`)
  }
  // What a server without tables need not load.
  const { parseColumnType } = await import('../firehose/format/type-text.ts')
  for (const [table, columns] of Object.entries(tables)) {
    if (!isObject(columns)) throw usageError(`--tables: ${file}: ${table} must be an object of columns`)
    for (const [column, type] of Object.entries(columns)) {
      try {
        parseColumnType(type as string)
      } catch (error) {
        if (!(error instanceof MillraceError)) throw error
        throw usageError(`--tables: ${file}: ${table}: ${column}: ${error.message}`, error)
      }
    }
  }
  return tables as FirehoseOptions['tables']
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
