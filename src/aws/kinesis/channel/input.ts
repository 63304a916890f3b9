import type { DeliveryConfiguration, ObjectTarget } from '../../../firehose/configuration.ts'
import { checkedKeyTemplate, defaultKeyTemplate } from '../../../firehose/naming/key-template.ts'
import { MiB, secondMs } from '../../../units.ts'
import { bucketOf } from '../../bucket-arn.ts'
import { invalidArgumentFault } from '../../wire/fault.ts'
import type { ChannelDocument } from './document.ts'
import type {
  LoggingConfiguration,
  RecordConfiguration,
  S3Configuration,
  StreamConfiguration,
} from './members.ts'

/** What `CreateChannel` is told. */
export interface ChannelInput {
  readonly ChannelName: string
  readonly ServiceExecutionRoleARN: string
  readonly StreamConfigurationList: readonly StreamConfiguration[]
  readonly S3DestinationConfiguration?: S3Configuration
  readonly S3TablesDestinationConfiguration?: unknown
  readonly EncryptionConfiguration?: unknown
  readonly Tags?: ReadonlyMap<string, string>
  readonly LoggingConfiguration?: LoggingConfiguration
}

/** Seconds (Kinesis developer guide, "Data delivery concepts"). */
const freshnessMin = 300
const freshnessMax = 900

/** An object is written at once when it has so much, before compression. AWS does not tell its own size. */
const objectBytes = 64 * MiB

/** The one stream of a channel. @throws `InvalidArgumentException` for several */
export function streamOf({ StreamConfigurationList: streams }: ChannelInput): StreamConfiguration {
  const [only, ...others] = streams
  if (only !== undefined && others.length === 0) return only
  throw invalidArgumentFault('StreamConfigurationList must have exactly one stream.')
}

/** Where a channel delivers to. @throws `InvalidArgumentException` for what millrace does not deliver to */
export function destinationOf(input: ChannelInput): S3Configuration {
  const { S3DestinationConfiguration: s3, S3TablesDestinationConfiguration: tables } = input
  if ((s3 === undefined) === (tables === undefined)) {
    throw invalidArgumentFault(
      'Exactly one of S3DestinationConfiguration and S3TablesDestinationConfiguration must be provided.',
    )
  }
  if (s3 === undefined)
    throw unsupported('S3TablesDestinationConfiguration', 'millrace does not deliver to tables')
  if (input.EncryptionConfiguration !== undefined) {
    throw unsupported('EncryptionConfiguration', 'millrace encrypts no objects')
  }
  return s3
}

/** The whole configuration of a new channel, which delivers what arrives from `fromMs` on. */
export function configurationOf(
  input: ChannelInput,
  fromMs: number,
): { readonly configuration: DeliveryConfiguration; readonly document: Omit<ChannelDocument, 'stream'> } {
  const s3 = destinationOf(input)
  const stream = streamOf(input)
  requireFormat(stream.RecordConfiguration)
  const { StorageConfiguration: storage, DeadLetterQueueS3Configuration: deadLetters } = s3
  const { OutputKeyTemplate: keyTemplate = defaultKeyTemplate, StorageClass: storageClass = 'STANDARD' } =
    storage
  checkedKeyTemplate('OutputKeyTemplate', keyTemplate, input.ChannelName.length)
  const freshnessSeconds = requireFreshness(s3.DataFreshnessInSeconds ?? freshnessMin)
  const target: ObjectTarget = {
    bucket: bucketOf(storage.BucketARN),
    prefix: '',
    errorPrefix: deadLetters?.ErrorOutputPrefix ?? '',
    errorBucket: deadLetters && bucketOf(deadLetters.BucketARN),
    buffering: { bytes: objectBytes, ms: freshnessSeconds * secondMs },
    compression: storage.CompressionType === 'NONE' ? 'UNCOMPRESSED' : storage.CompressionType,
    fileExtension: '',
    timeZone: 'UTC',
    keyTemplate,
    storageClass,
  }
  return {
    configuration: {
      source: { kind: 'stream', streamArn: stream.StreamARN, fromMs },
      processing: processingOf(stream.RecordConfiguration),
      destination: { kind: 'objects', target, partitioned: false },
    },
    document: {
      roleArn: input.ServiceExecutionRoleARN,
      storage: { ...storage, OutputKeyTemplate: keyTemplate, StorageClass: storageClass },
      freshnessSeconds,
      deadLetters,
      logging: input.LoggingConfiguration ?? { CloudWatchLogs: { Enabled: false } },
      updatingUntilMs: 0,
    },
  }
}

/** The same configuration, with another freshness. */
export function withFreshness(configuration: DeliveryConfiguration, seconds: number): DeliveryConfiguration {
  const { destination } = configuration
  if (destination.kind !== 'objects') return configuration
  const { target } = destination
  const buffering = { ...target.buffering, ms: seconds * secondMs }
  return { ...configuration, destination: { ...destination, target: { ...target, buffering } } }
}

/** @throws `InvalidArgumentException` for what AWS does not take */
export function requireFreshness(seconds: number): number {
  if (seconds >= freshnessMin && seconds <= freshnessMax) return seconds
  throw invalidArgumentFault(
    `DataFreshnessInSeconds must be from ${freshnessMin} to ${freshnessMax}, got ${seconds}.`,
  )
}

/** Texts are lines, bytes are joined as they are: AWS does not say how it joins records. */
function processingOf({
  RecordFormatType: format,
}: RecordConfiguration): DeliveryConfiguration['processing'] {
  if (format === 'BYTE_ARRAY') return {}
  return { format: format === 'JSON' ? 'json' : 'text', delimiter: '\n' }
}

function requireFormat({ RecordFormatType: format, GSRSchemaARN: schema }: RecordConfiguration): void {
  if (format === 'GSR_JSON') throw unsupported('RecordFormatType GSR_JSON', 'it is for channels to tables')
  if (schema !== undefined) throw unsupported('GSRSchemaARN', 'it is for channels to tables')
}

function unsupported(what: string, why: string): Error {
  return invalidArgumentFault(`${what} is not supported: ${why}.`)
}
