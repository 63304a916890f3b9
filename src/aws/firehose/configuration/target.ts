import type { ObjectTarget } from '../../../firehose/configuration.ts'
import { bucketOf } from '../../bucket-arn.ts'
import { invalidArgumentFault } from '../../wire/fault.ts'
import type { EncryptionMembers, S3Members } from '../members.ts'
import { type HintRules, hintsOf, plainHints } from './hints.ts'
import { requireLogging } from './logging.ts'
import { type PartitionRules, requireNames, unpartitioned } from './names.ts'
import { unsupported } from './unsupported.ts'

/** What only some buckets are told. */
export interface TargetRules {
  readonly hints: HintRules
  readonly partitions: PartitionRules
  readonly fileExtension?: string | undefined
  readonly timeZone?: string | undefined
}

/** Of buckets that neither convert nor partition: backups. */
const plainTarget: TargetRules = { hints: plainHints, partitions: unpartitioned }

/**
 * A bucket, how its objects are named and what they look like.
 *
 * @param where the member that says so, for messages
 */
export function targetOf(where: string, s3: S3Members, rules: TargetRules = plainTarget): ObjectTarget {
  requireUnencrypted(where, s3.EncryptionConfiguration)
  requireLogging(s3.CloudWatchLoggingOptions)
  const target: ObjectTarget = {
    bucket: bucketOf(s3.BucketARN),
    prefix: s3.Prefix ?? '',
    errorPrefix: s3.ErrorOutputPrefix ?? '',
    buffering: hintsOf(s3.BufferingHints, rules.hints),
    compression: s3.CompressionFormat ?? 'UNCOMPRESSED',
    fileExtension: rules.fileExtension ?? '',
    timeZone: rules.timeZone || 'UTC',
  }
  requireNames(target, rules.partitions)
  return target
}

function requireUnencrypted(where: string, encryption: EncryptionMembers | undefined): void {
  if (encryption === undefined) return
  const { NoEncryptionConfig: none, KMSEncryptionConfig: kms } = encryption
  if ((none === undefined) === (kms === undefined)) {
    throw invalidArgumentFault('Exactly one of NoEncryptionConfig or KMSEncryptionConfig must be specified')
  }
  if (kms !== undefined) throw unsupported(`${where}.EncryptionConfiguration.KMSEncryptionConfig`)
}
