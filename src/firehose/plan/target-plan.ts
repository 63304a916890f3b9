import { requireMatch, requireOneOf } from '../../options.ts'
import { requireStringOf } from '../../streams/text-rule.ts'
import { bucketNamePattern, bucketNameRule } from '../bucket-name.ts'
import type { BufferingHints, Compression, ObjectTarget } from '../configuration.ts'
import { checkedNaming, type NamingRules } from '../naming/checked-naming.ts'
import { within } from './nested-field.ts'

/** A bucket, and what objects in it are called and look like. */
export interface TargetOptions {
  /** 3 to 63 characters out of a-z, 0-9, full stop and hyphen, as S3 takes them. */
  readonly bucket: string
  /**
   * What keys begin with; expressions such as `!{timestamp:yyyy/MM/dd}` and `!{partitionKeyFromQuery:user}` are filled in.
   * @defaultValue none: keys begin with `yyyy/MM/dd/HH/` of the oldest record
   */
  readonly prefix?: string | undefined
  /**
   * The same for records that failed.
   * @defaultValue none, and `failed/!{firehose:error-output-type}/` where the prefix has expressions
   */
  readonly errorPrefix?: string | undefined
  /** @defaultValue 'UNCOMPRESSED' */
  readonly compression?: Exclude<Compression, 'ZSTD'> | undefined
  /** Replaces the extension of the format, with its full stop. @defaultValue that of the format */
  readonly fileExtension?: string | undefined
  /** Of the times in keys: an IANA zone, such as `Europe/Vienna`. @defaultValue 'UTC' */
  readonly timeZone?: string | undefined
}

/** Keys of `TargetOptions`. */
export const targetKeys: readonly string[] = [
  'bucket',
  'prefix',
  'errorPrefix',
  'compression',
  'fileExtension',
  'timeZone',
]

/** What holds unless the caller says otherwise. */
const targetDefaults: {
  readonly prefix: string
  readonly compression: Compression
  readonly fileExtension: string
  readonly timeZone: string
} = { prefix: '', compression: 'UNCOMPRESSED', fileExtension: '', timeZone: 'UTC' }

const errorPrefixOfExpressions = 'failed/!{firehose:error-output-type}/'
const textMax = 1024

/** Nothing sorts records into partitions. */
export const unpartitioned: NamingRules = { partitionedByQuery: false, partitionedByLambda: false }

/** @throws `ERR_MILLRACE_INVALID_ARGUMENT` */
export function targetOf(
  field: string,
  options: TargetOptions,
  buffering: BufferingHints,
  rules: NamingRules,
): ObjectTarget {
  const {
    bucket,
    prefix = targetDefaults.prefix,
    errorPrefix = typeof prefix === 'string' && prefix.includes('!{') ? errorPrefixOfExpressions : '',
    compression = targetDefaults.compression,
    fileExtension = targetDefaults.fileExtension,
    timeZone = targetDefaults.timeZone,
  } = options
  const text = (name: string, value: unknown): string =>
    requireStringOf(`${field}.${name}`, value, 0, textMax)
  const target: ObjectTarget = {
    bucket: requireMatch(`${field}.bucket`, bucket, bucketNamePattern, bucketNameRule),
    prefix: text('prefix', prefix),
    errorPrefix: text('errorPrefix', errorPrefix),
    buffering,
    compression: requireOneOf(`${field}.compression`, compression, [
      'UNCOMPRESSED',
      'GZIP',
      'ZIP',
      'Snappy',
      'HADOOP_SNAPPY',
    ]),
    fileExtension: text('fileExtension', fileExtension),
    timeZone: text('timeZone', timeZone),
  }
  within(field, () => checkedNaming(target, rules))
  return target
}
