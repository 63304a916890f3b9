import type { BufferingHints, DeliveryConfiguration, ObjectTarget } from '../../firehose/configuration.ts'
import { objectRetryMs } from '../../firehose/retry.ts'
import { MiB, secondMs } from '../../units.ts'
import { derivedConversion, derivedProcessing } from './derived-processing.ts'
import type { DestinationMembers, HintMembers, PartitioningMembers, S3Members } from './members.ts'

/** Nobody assumes it: requests of AWS's have a role, and descriptions have to. */
const noRole = 'arn:aws:iam::000000000000:role/none'

/**
 * What a description says of a destination that the library was told of, in AWS's words as far as they reach. `undefined`
 * for one that AWS has no words for: another stream, or a function.
 */
export function derivedDestination({
  processing,
  destination,
}: DeliveryConfiguration): DestinationMembers | undefined {
  const ProcessingConfiguration = derivedProcessing(processing)
  if (destination.kind === 'objects') {
    const { target, backup, partitioned, conversion, retryMs = objectRetryMs } = destination
    const backupMembers =
      backup === undefined
        ? {}
        : { S3BackupMode: 'Enabled' as const, S3BackupConfiguration: bucketMembers(backup) }
    return {
      kind: 's3',
      members: {
        ...bucketMembers(target),
        ...backupMembers,
        ...(target.fileExtension === '' ? {} : { FileExtension: target.fileExtension }),
        CustomTimeZone: target.timeZone,
        ProcessingConfiguration,
        ...(conversion === undefined
          ? {}
          : { DataFormatConversionConfiguration: derivedConversion(conversion) }),
        ...(partitioned ? { DynamicPartitioningConfiguration: partitioning(retryMs) } : {}),
      },
    }
  }
  const { to, buffering, retryMs } = destination
  if (to.kind !== 'http') return undefined
  return {
    kind: 'http',
    members: {
      EndpointConfiguration: { Url: to.url, ...(to.name === '' ? {} : { Name: to.name }) },
      BufferingHints: hintMembers(buffering),
      ProcessingConfiguration,
      RequestConfiguration: {
        ContentEncoding: to.contentEncoding,
        CommonAttributes: to.commonAttributes.map(({ name, value }) => ({
          AttributeName: name,
          AttributeValue: value,
        })),
      },
      RetryOptions: { DurationInSeconds: Math.ceil(retryMs / secondMs) },
      S3BackupMode: destination.backupOf === 'all' ? 'AllData' : 'FailedDataOnly',
      S3Configuration: bucketMembers(destination.backup),
    },
  }
}

function bucketMembers({ bucket, prefix, errorPrefix, buffering, compression }: ObjectTarget): S3Members {
  return {
    RoleARN: noRole,
    BucketARN: `arn:aws:s3:::${bucket}`,
    ...(prefix === '' ? {} : { Prefix: prefix }),
    ...(errorPrefix === '' ? {} : { ErrorOutputPrefix: errorPrefix }),
    BufferingHints: hintMembers(buffering),
    // Delivery streams have none of what only channels have.
    ...(compression === 'ZSTD' ? {} : { CompressionFormat: compression }),
  }
}

function partitioning(retryMs: number): PartitioningMembers {
  return { Enabled: true, RetryOptions: { DurationInSeconds: Math.ceil(retryMs / secondMs) } }
}

/** AWS counts in whole units; smaller ones are told as the smallest. */
function hintMembers({ bytes, ms }: BufferingHints): HintMembers {
  return { SizeInMBs: Math.max(1, Math.ceil(bytes / MiB)), IntervalInSeconds: Math.ceil(ms / secondMs) }
}
