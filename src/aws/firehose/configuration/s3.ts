import type {
  ConversionConfiguration,
  DeliveryConfiguration,
  ObjectsDestination,
  ProcessingConfiguration,
} from '../../../firehose/configuration.ts'
import { secondMs } from '../../../units.ts'
import { invalidArgumentFault } from '../../wire/fault.ts'
import type { ExtendedS3Members, PartitioningMembers } from '../members.ts'
import { type Catalog, conversionOf, isConverted } from './conversion.ts'
import type { PartitionRules } from './names.ts'
import { processingOf } from './processing.ts'
import { queryKeysOf } from './query-keys.ts'
import { targetOf } from './target.ts'

/** Whether records are partitioned: also if nothing says that they are not, as with conversion. */
export function isPartitioned(members: PartitioningMembers | undefined): boolean {
  return members !== undefined && members.Enabled !== false
}

/** How long a delivery that failed is repeated, where nothing says so (AWS API model). Seconds. */
export const retrySecondsUsual = 300

/** Objects in a bucket, judged as a whole. */
export function s3DeliveryOf(
  members: ExtendedS3Members,
  catalog: Catalog,
): Omit<DeliveryConfiguration, 'source'> {
  const converted = isConverted(members.DataFormatConversionConfiguration)
  const partitioned = isPartitioned(members.DynamicPartitioningConfiguration)
  if (converted && (members.CompressionFormat ?? 'UNCOMPRESSED') !== 'UNCOMPRESSED') {
    throw invalidArgumentFault(
      "The S3 destination's compression format must be set to UNCOMPRESSED when data format conversion is enabled. To " +
        'enable compression within the converted output format, set the appropriate serialization option in the output ' +
        'format configuration.',
    )
  }
  const processing = processingOf(members.ProcessingConfiguration, partitioned)
  const target = targetOf('ExtendedS3DestinationConfiguration', members, {
    hints: { converted, partitioned },
    partitions: partitionRules(processing, partitioned),
    fileExtension: members.FileExtension,
    timeZone: members.CustomTimeZone,
  })
  const conversion: ConversionConfiguration | undefined = converted
    ? conversionOf(members.DataFormatConversionConfiguration ?? {}, catalog)
    : undefined
  const retrySeconds = members.DynamicPartitioningConfiguration?.RetryOptions?.DurationInSeconds
  const destination: ObjectsDestination = {
    kind: 'objects',
    target,
    partitioned,
    ...(conversion === undefined ? {} : { conversion }),
    ...backupOf(members),
    ...(partitioned ? { retryMs: (retrySeconds ?? retrySecondsUsual) * secondMs } : {}),
  }
  return { processing, destination }
}

function partitionRules({ query, transform }: ProcessingConfiguration, enabled: boolean): PartitionRules {
  return {
    enabled,
    byQuery: query !== undefined,
    byLambda: transform !== undefined,
    queryKeys: query === undefined ? undefined : queryKeysOf(query),
  }
}

/** A backup is judged also if it is disabled; then it is kept and nothing more. */
function backupOf(members: ExtendedS3Members): Pick<ObjectsDestination, 'backup'> {
  const { S3BackupMode: mode = 'Disabled', S3BackupConfiguration: configuration } = members
  if (configuration === undefined) {
    if (mode === 'Disabled') return {}
    throw invalidArgumentFault('S3 backup destination configuration is required when enabling S3 backup.')
  }
  const backup = targetOf('S3BackupConfiguration', configuration)
  return mode === 'Enabled' ? { backup } : {}
}
